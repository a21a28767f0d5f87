"""Where a project answers which path: read from the places that name it, never executed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_ROUTE = re.compile(
    r"(?:\.(?:route|get|post|put|patch|delete|all|use|head|websocket|add_url_rule|HandleFunc|Handle)"
    r"|\b(?:path|re_path|url|Route)"
    r"|\b(?:path|pathname|url|PATH_INFO[\"']\]?)\s*={2,3})"
    r"\s*\(?\s*[rf]?[\"'`](?:(?:GET|POST|PUT|DELETE) )?(?P<path>[^\"'`]*)[\"'`]"
)
_PARAMETER = re.compile(r"<[^>]+>|\{[^}]+\}|:[A-Za-z_]\w*|\*")
_FILES = (".py", ".js", ".mjs", ".cjs", ".ts", ".go", ".rs", ".jsx", ".tsx")


@dataclass(frozen=True, slots=True)
class Route:
    """One path as it is written, with its place; lines count from 1."""

    pattern: str
    path: str
    line: int

    def answers(self, asked: str) -> bool:
        """Whether a request for this path ends here; parameters stand for one part each."""
        parts = _PARAMETER.split(self.pattern.strip("/"))
        shape = "[^/]+".join(re.escape(part) for part in parts)
        return re.fullmatch(shape, asked.strip("/")) is not None


def routes_in(texts: Mapping[str, str]) -> tuple[Route, ...]:
    """Every route that the files name, in order of their paths."""
    return tuple(
        Route(match["path"], path, number)
        for path in sorted(texts)
        if path.endswith(_FILES)
        for number, line in enumerate(texts[path].splitlines(), 1)
        for match in _ROUTE.finditer(line)
    )


def find(routes: Iterable[Route], asked: str) -> Route | None:
    """The route that answers a path: a literal one before one with parameters."""
    matching = [route for route in routes if route.answers(asked)]
    return min(matching, key=lambda r: len(_PARAMETER.findall(r.pattern)), default=None)
