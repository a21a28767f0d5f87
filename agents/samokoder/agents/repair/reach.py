"""Which files of a large workspace matter for a failure: those it names, and what they import.

Only these are read and parsed; a workspace of thousands of modules costs what its failure reaches.
"""

import re
from collections import deque
from collections.abc import Iterable
from pathlib import PurePosixPath

from samokoder.agents.repair.case import Case

_MOST = 150
"""Files that are read at most."""
_SMALL = 60
"""Python files of a workspace that is simply read as a whole."""
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<source>\.*[\w.]*)[ \t]+import[ \t]+\(?(?P<names>[^#\n]*)|"
    r"import[ \t]+(?P<plain>[\w., \t]+))",
    re.MULTILINE,
)


async def texts(case: Case) -> dict[str, str]:
    """Python files that the failure reaches, nearest first; all of a small workspace."""
    python = [p for p in case.snapshot.files if p.endswith((".py", ".pyi"))]
    if len(python) <= _SMALL:
        return {p: await _text(case, p) for p in python}
    index = _index(python)
    found: dict[str, str] = {}
    queue = deque(dict.fromkeys(p for p in _named(case) if p in case.snapshot.files))
    while queue and len(found) < _MOST:
        path = queue.popleft()
        if path in found or not path.endswith((".py", ".pyi")):
            continue
        found[path] = await _text(case, path)
        queue.extend(p for p in imported(path, found[path], index) if p not in found)
    return found


def _named(case: Case) -> Iterable[str]:
    for problem in (*case.focus, *case.evidence.problems):
        yield problem.path
        yield from (f.path for f in problem.related)
    for result in case.evidence.results:
        for test in result.failed:
            yield test.partition("::")[0]


async def _text(case: Case, path: str) -> str:
    return (await case.snapshot.read(path)).decode("utf-8", "surrogateescape")


def _index(paths: Iterable[str]) -> dict[str, list[str]]:
    """Last part of a module's name → its files."""
    found: dict[str, list[str]] = {}
    for path in paths:
        pure = PurePosixPath(path)
        name = pure.parent.name if pure.stem == "__init__" else pure.stem
        found.setdefault(name, []).append(path)
    return found


def imported(path: str, text: str, index: dict[str, list[str]]) -> list[str]:
    """Files of the workspace that this one's imports may mean, in their order."""
    names: list[str] = []
    for match in _IMPORT.finditer(text):
        if match["plain"]:
            names += [n.split(" as ")[0].strip() for n in match["plain"].split(",")]
            continue
        source = match["source"]
        if source.startswith("."):
            up = len(source) - len(source.lstrip("."))
            parts = path.split("/")[:-up]
            source = ".".join([*parts, *filter(None, [source.lstrip(".")])])
        names.append(source)
        words = re.findall(r"\w+", match["names"] or "")
        names += [f"{source}.{word}" for word in words if word != "as"]
    found: list[str] = []
    for name in names:
        ending = name.replace(".", "/")
        for other in index.get(name.rpartition(".")[2], ()):
            stem = other.removesuffix(".py").removesuffix(".pyi").removesuffix("/__init__")
            if stem == ending or stem.endswith(f"/{ending}"):
                found.append(other)
    return [p for p in dict.fromkeys(found) if p != path]
