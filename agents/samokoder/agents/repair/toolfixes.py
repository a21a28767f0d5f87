"""What compilers and linters of other languages propose themselves: eslint --fix, gcc's fix-its."""

import re
from collections.abc import AsyncIterator
from pathlib import PurePosixPath
from typing import Any

import msgspec

from samokoder.agents.checks.check import Check, Problem
from samokoder.agents.repair.case import Case
from samokoder.agents.repair.workshop import Workshop

Proposal = tuple[dict[str, bytes], str]

_FIXIT = re.compile(
    r'^fix-it:"(?P<path>(?:[^"\\]|\\.)*)":\{(?P<r1>\d+):(?P<c1>\d+)-(?P<r2>\d+):(?P<c2>\d+)\}:'
    r'"(?P<new>(?:[^"\\]|\\.)*)"$',
    re.MULTILINE,
)
_COMPILERS = re.compile(r"(?:^|/)(?:g\+\+|gcc|c\+\+|cc|clang(?:\+\+)?)(?:-\d+)?$")
_SECONDS = 60.0


async def proposals(
    case: Case, problems: tuple[Problem, ...], workshop: Workshop | None
) -> AsyncIterator[Proposal]:
    """Fixes by the tool that complained, for the checks of the case that have one."""
    if workshop is None:
        return
    failing = {r.check.id for r in case.evidence.results if not r.ok}
    for check in case.checks:
        if check.id not in failing:
            continue
        if any(PurePosixPath(word).name in ("eslint", "eslint.js") for word in check.argv):
            async for found in _eslint(case, check, problems, workshop):
                yield found
        elif _COMPILERS.search(check.argv[0]):
            async for found in _compiler(case, check, workshop):
                yield found


async def _eslint(
    case: Case, check: Check, problems: tuple[Problem, ...], workshop: Workshop
) -> AsyncIterator[Proposal]:
    """Each asked complaint's own fix alone where there is one focus, then all that eslint does."""
    argv = tuple(w for w in check.argv if not w.startswith(("--fix", "--format", "-f=")))
    asked = {(p.path, p.rule) for p in problems if p.rule}
    async with workshop.bench(case.snapshot) as bench:
        done = await bench.run((*argv, "--format=json"), cwd=check.cwd, seconds=_SECONDS)
        files = _json(done.output)
        for file in files:
            path = _relative(str(file.get("filePath", "")), bench.root)
            if path not in case.snapshot.files:
                continue
            text = (await case.snapshot.read(path)).decode("utf-8", "surrogateescape")
            fixes = [
                m["fix"]
                for m in file.get("messages", ())
                if m.get("fix") and (not case.focus or (path, m.get("ruleId")) in asked)
            ]
            new = _ranges(text, fixes)
            if new != text:
                yield {path: new.encode("utf-8", "surrogateescape")}, "eslint's own fix"
        await bench.run((*argv, "--fix"), cwd=check.cwd, seconds=_SECONDS)
        changed: dict[str, bytes] = {}
        for file in files:
            path = _relative(str(file.get("filePath", "")), bench.root)
            data = await bench.read(path) if path in case.snapshot.files else None
            if data is not None and data != await case.snapshot.read(path):
                changed[path] = data
    if changed:
        yield changed, "all of eslint's own fixes"


def _json(output: str) -> list[dict[str, Any]]:
    start = output.find("[{")
    try:
        found = msgspec.json.decode(output[start : output.rfind("]") + 1].encode())
    except msgspec.DecodeError:
        return []
    return [f for f in found if isinstance(f, dict)] if isinstance(found, list) else []


def _relative(path: str, root: str) -> str:
    return path.removeprefix(root).lstrip("/")


def _ranges(text: str, fixes: list[dict[str, Any]]) -> str:
    """Applies eslint's fixes that do not overlap; ranges count UTF-16 units."""
    units = text.encode("utf-16-le", "surrogatepass")
    last = len(units) // 2 + 1
    for fix in sorted(fixes, key=lambda f: f["range"][0], reverse=True):
        start, end = fix["range"]
        if end > last:
            continue
        new = str(fix["text"]).encode("utf-16-le", "surrogatepass")
        units = units[: 2 * start] + new + units[2 * end :]
        last = start
    return units.decode("utf-16-le", "surrogatepass")


async def _compiler(case: Case, check: Check, workshop: Workshop) -> AsyncIterator[Proposal]:
    """gcc's and clang's fix-its: one by one, then all of them."""
    async with workshop.bench(case.snapshot) as bench:
        done = await bench.run(
            (*check.argv, "-fdiagnostics-parseable-fixits"), cwd=check.cwd, seconds=_SECONDS
        )
    by_path: dict[str, list[re.Match[str]]] = {}
    for match in _FIXIT.finditer(done.output):
        path = _relative(match["path"], bench.root)
        path = f"{check.cwd}/{path}" if check.cwd else path
        if path in case.snapshot.files:
            by_path.setdefault(path, []).append(match)
    for path, found in by_path.items():
        data = await case.snapshot.read(path)
        singles = {applied(data, [match]) for match in found[:8]}
        for new in sorted(singles):
            yield {path: new}, f"{path}: the compiler's own fix"
        if len(found) > 1:
            yield {path: applied(data, found)}, f"{path}: all of the compiler's own fixes"


def applied(data: bytes, fixits: list[re.Match[str]]) -> bytes:
    """The file with these fix-its; columns count bytes from 1, the end is exclusive."""
    lines = data.split(b"\n")
    spans = sorted(
        ((int(m["r1"]), int(m["c1"]), int(m["r2"]), int(m["c2"]), m["new"]) for m in fixits),
        reverse=True,
    )
    for r1, c1, r2, c2, new in spans:
        if r1 != r2 or r1 > len(lines):
            continue
        line = lines[r1 - 1]
        text = re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), new).encode()
        lines[r1 - 1] = line[: c1 - 1] + text + line[c2 - 1 :]
    return b"\n".join(lines)
