"""Variables in compose files: ``$NAME``, ``${NAME}``, ``${NAME:-default}``, ``${NAME-default}``.

The user's own environment is never looked into: it may hold secrets.
"""

import re

_VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<bare>[A-Za-z_]\w*)"
    r"|\{(?P<name>[A-Za-z_]\w*)(?:(?P<how>:?[-?+])(?P<other>[^}]*))?\})"
)


def fill(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with defaults in the place of variables, and the names that have none."""
    missing: list[str] = []

    def one(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        name, how = match["bare"] or match["name"], (match["how"] or "").lstrip(":")
        if how == "-":
            return str(match["other"])
        if how != "+":
            missing.append(name)
        return ""

    return _VARIABLE.sub(one, text), tuple(dict.fromkeys(missing))
