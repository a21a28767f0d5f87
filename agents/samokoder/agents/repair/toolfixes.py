"""What compilers and linters of other languages propose themselves: eslint --fix, gcc's fix-its."""

import re
import shlex
from collections.abc import AsyncIterator
from pathlib import PurePosixPath
from typing import Any

import msgspec

from samokoder.agents.checks.check import Check, Problem
from samokoder.agents.repair import eslints
from samokoder.agents.repair.case import Case
from samokoder.agents.repair.workshop import Bench, Workshop

Proposal = tuple[dict[str, bytes], str]

_FIXIT = re.compile(
    r'^fix-it:"(?P<path>(?:[^"\\]|\\.)*)":\{(?P<r1>\d+):(?P<c1>\d+)-(?P<r2>\d+):(?P<c2>\d+)\}:'
    r'"(?P<new>(?:[^"\\]|\\.)*)"$',
    re.MULTILINE,
)
_COMPILERS = re.compile(r"(?:^|/)(?:g\+\+|gcc|c\+\+|cc|clang(?:\+\+)?)(?:-\d+)?$")
_SECONDS = 60.0
_DECLINED = 6
"""Files in which complaints are tried that eslint does not fix itself."""


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
    """Each asked complaint's own fix alone where there is one focus, then all that eslint does;
    then what helps where its fixer declines.
    """
    argv = tuple(w for w in check.argv if not w.startswith(("--fix", "--format", "-f=")))
    asked = {(p.path, p.rule) for p in problems if p.rule}
    declined: list[tuple[str, str, list[dict[str, Any]]]] = []
    async with workshop.bench(case.snapshot) as bench:
        done = await bench.run((*argv, "--format=json"), cwd=check.cwd, seconds=_SECONDS)
        files = _json(done.output)
        for file in files:
            path = _relative(str(file.get("filePath", "")), bench.root)
            if path not in case.snapshot.files:
                continue
            text = (await case.snapshot.read(path)).decode("utf-8", "surrogateescape")
            mine = [
                m
                for m in file.get("messages", ())
                if not case.focus or (path, m.get("ruleId")) in asked
            ]
            new = _ranges(text, [m["fix"] for m in mine if m.get("fix")])
            if new != text:
                yield {path: new.encode("utf-8", "surrogateescape")}, "eslint's own fix"
            left = [m for m in mine if not m.get("fix") and m.get("ruleId")]
            if left:
                declined.append((path, text, left))
        await bench.run((*argv, "--fix"), cwd=check.cwd, seconds=_SECONDS)
        changed: dict[str, bytes] = {}
        for file in files:
            path = _relative(str(file.get("filePath", "")), bench.root)
            data = await bench.read(path) if path in case.snapshot.files else None
            if data is not None and data != await case.snapshot.read(path):
                changed[path] = data
        if changed:
            yield changed, "all of eslint's own fixes"
        for path, text, messages in declined[:_DECLINED]:
            for new, note in await _beside(bench, check, argv, path, text, messages):
                yield {path: new.encode("utf-8", "surrogateescape")}, f"{path}: {note}"


async def _beside(
    bench: Bench,
    check: Check,
    argv: tuple[str, ...],
    path: str,
    text: str,
    messages: list[dict[str, Any]],
) -> list[tuple[str, str]]:
    """What helps where eslint's fixer declines: its suggestions, comments moved out of the way and
    its fixer again, and small rewrites by rule.
    """
    found: list[tuple[str, str]] = []
    every = text
    for message in sorted(messages, key=lambda m: -int(m.get("line") or 0)):
        span = _span(text, message)
        suggested = [_ranges(text, [s["fix"]]) for s in message.get("suggestions") or ()]
        found += [(new, "eslint's suggestion, which may change what runs") for new in suggested]
        options = list(eslints.repairs(message["ruleId"], text, *span, str(message.get("message"))))
        found += [(new, f"{message['ruleId']} rewritten") for new in options]
        here = next(
            iter(eslints.repairs(message["ruleId"], every, *span, str(message.get("message")))),
            every,
        )
        every = here
    if len(messages) > 1:
        found.append((every, "all complaints rewritten"))
    moved = text
    for message in sorted(messages, key=lambda m: -int(m.get("line") or 0)):
        moved = eslints.without_comments(moved, *_span(moved, message))
    if moved != text:
        file = await bench.put(f"moved{PurePosixPath(path).suffix}", moved.encode())
        command = tuple(w for w in argv if w != path and not w.endswith(f"/{path}"))
        line = shlex.join(
            [*command, "--stdin", "--stdin-filename", path, "--fix-dry-run", "--format=json"]
        )
        done = await bench.run(
            ("sh", "-c", f"{line} < {shlex.quote(file)}"), cwd=check.cwd, seconds=_SECONDS
        )
        for result in _json(done.output):
            if isinstance(result.get("output"), str):
                found.append((result["output"], "comments moved, then eslint's own fix"))
    return [(new, note) for new, note in dict.fromkeys(found) if new != text]


def _span(text: str, message: dict[str, Any]) -> tuple[int, int]:
    """Offsets of a message's place; columns count UTF-16 units from 1."""
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)

    def offset(line: Any, column: Any) -> int:
        at = max(0, min(int(line or 1), len(lines)) - 1)
        units = lines[at].encode("utf-16-le", "surrogatepass")[: 2 * (int(column or 1) - 1)]
        return sum(map(len, lines[:at])) + len(units.decode("utf-16-le", "ignore"))

    start = offset(message.get("line"), message.get("column"))
    end = offset(message.get("endLine"), message.get("endColumn")) if "endLine" in message else 0
    return start, max(start, end)


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
