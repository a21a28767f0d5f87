"""Whether files that nobody runs can be read: JSON, TOML, YAML, HTML, CSS, and source code."""

import tomllib
from html.parser import HTMLParser

from anyio import to_thread

from samokoder.agents.edits import syntax
from samokoder.agents.workspace.changeset import ChangeSet

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"}
    | {"track", "wbr", "p", "li", "dt", "dd", "td", "th", "tr", "option", "tbody", "thead"}
)
"""Elements that need no end tag."""


async def faults(change_set: ChangeSet) -> tuple[str, ...]:
    """A sentence for every file that cannot be read any more."""
    return await to_thread.run_sync(_faults, change_set)


def _faults(change_set: ChangeSet) -> tuple[str, ...]:
    found = []
    for change in change_set.changes:
        path = change.new_path or change.path
        if change.after is None:
            continue
        why = fault(path, change.after)
        if why:
            found.append(f"{path}: {why}")
    return tuple(found)


def fault(path: str, data: bytes) -> str:
    """Why the file cannot be read; empty when it can, or when nobody here knows how."""
    suffix = path.rpartition(".")[2].lower()
    try:
        text = data.decode()
        if suffix == "toml":
            tomllib.loads(text)
        elif suffix in ("yaml", "yml"):
            return _yaml(text)
        elif suffix in ("html", "htm"):
            return _html(text)
        elif suffix in ("py", "pyi", "json", "css"):
            return syntax.worse(path, "{}" if suffix == "json" else "", text)
    except UnicodeDecodeError as error:
        return f"byte {error.start} is not UTF-8"
    except tomllib.TOMLDecodeError as error:
        return str(error)
    return ""


def _yaml(text: str) -> str:
    import yaml

    try:
        for _ in yaml.parse(text, Loader=yaml.SafeLoader):
            continue
    except yaml.YAMLError as error:
        return " ".join(str(error).split())
    return ""


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, int]] = []
        self.wrong = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self.open.append((tag, self.getpos()[0]))

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID or self.wrong:
            return
        if not self.open or self.open[-1][0] != tag:
            was = f" inside <{self.open[-1][0]}>" if self.open else ""
            self.wrong = f"line {self.getpos()[0]}: </{tag}>{was} ends nothing"
        else:
            self.open.pop()


def _html(text: str) -> str:
    tags = _Tags()
    tags.feed(text)
    tags.close()
    if tags.wrong or not tags.open:
        return tags.wrong
    tag, line = tags.open[-1]
    return f"line {line}: <{tag}> is not closed"
