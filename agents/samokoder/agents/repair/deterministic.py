"""L0: repairs that need neither search nor model, because the tools already know the answer."""

import math
from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial
from pathlib import PurePosixPath

from anyio import to_thread

from samokoder.agents.checks.check import Problem
from samokoder.agents.repair import changes, imports, names, ruffs, syntax, testcode, toolfixes
from samokoder.agents.repair.case import Candidate, Case, Reading
from samokoder.agents.repair.mutation import trial
from samokoder.agents.repair.mutation.generation import Tried
from samokoder.agents.repair.workshop import Workshop

_RUFF_RULES = ("ruff", "Ruff")
_NEXT = 0.9
"""Likelihood of a name against the one that is a little nearer to what stands there."""
_READINGS = 4
"""Other ways to read a broken file that are searched beside the likeliest one."""
_OTHER = 0.3
"""Part of its likelihood that they have at least."""


class Deterministic:
    """See :class:`~samokoder.agents.repair.case.Rung`."""

    name = "L0"

    def __init__(self, workshop: Workshop | None = None) -> None:
        self._workshop = workshop

    async def propose(self, case: Case) -> AsyncGenerator[Candidate, str]:
        """Syntax first (nothing else can be seen before), then linters, imports, names."""
        problems = case.focus or case.evidence.problems
        broken = False
        for path in _paths(case, problems):
            if path.endswith(".py"):
                async for candidate in self._syntax(case, path):
                    broken = True
                    yield candidate
        if broken:
            return
        async for texts, note in _all(case, problems, self._workshop):
            change_set = changes.modified(case.snapshot, note, texts)
            if change_set.changes:
                yield Candidate(change_set, self.name, note)
        async for candidate in self._names(case, problems):
            yield candidate

    async def _syntax(self, case: Case, path: str) -> AsyncGenerator[Candidate, str]:
        """Texts of a file that does not parse, those first that make the tests pass."""
        text = await _text(case, path)
        repairs = await to_thread.run_sync(syntax.repairs, text)
        if not repairs:
            return
        options = tuple(
            Tried(path, r.text, math.exp(-r.cost), f"{path}: {r.note}") for r in repairs
        )
        async for candidate in self._tried(case, path, options, "syntax"):
            yield candidate

    async def _names(
        self, case: Case, problems: tuple[Problem, ...]
    ) -> AsyncGenerator[Candidate, str]:
        """Misspelt names put right. One that only one name is near to needs no comparison."""
        found: dict[str, dict[str, str]] = {}
        for problem in problems:
            for path, line in _places(case, problem):
                text = await _text(case, path)
                for new, note in names.repairs(text, line, problem.message):
                    found.setdefault(path, {}).setdefault(new, note)
        for path, notes in found.items():
            options = tuple(
                Tried(path, new, _NEXT**rank, f"{path}: {note}")
                for rank, (new, note) in enumerate(notes.items())
            )
            async for candidate in self._tried(case, path, options, "names"):
                yield candidate

    async def _tried(
        self, case: Case, path: str, options: tuple[Tried, ...], what: str
    ) -> AsyncGenerator[Candidate, str]:
        """Texts of one file, likeliest first; those first that pass, with what they leave open."""
        found = trial.Trial(options)
        if self._workshop is not None and (len(options) > 1 or what == "syntax"):
            found = await case.run.step(
                f"{case.name}/L0/{what}/{path}",
                partial(trial.tried, case, self._workshop, options),
                trial.Trial,
                agent=self.name,
                pure=True,
            )
        for one in found.found:
            change_set = changes.modified(case.snapshot, one.note, {path: _bytes(one.text)})
            if change_set.changes:
                broken = what == "syntax" and not found.passes
                readings = _readings(one, found.found) if broken else ()
                yield Candidate(change_set, self.name, one.note, found.doubt, readings)


def _readings(chosen: Tried, options: tuple[Tried, ...]) -> tuple[Reading, ...]:
    """The chosen text, then the others that are not much less likely. A missing bracket is as good
    as certain.
    """
    others = [o for o in options if o is not chosen and o.score > chosen.score * _OTHER]
    return tuple(
        Reading(o.path, o.text, min(1.0, o.score / trial.SURE))
        for o in (chosen, *others[:_READINGS])
    )


async def _all(
    case: Case, problems: tuple[Problem, ...], workshop: Workshop | None
) -> AsyncIterator[tuple[dict[str, bytes], str]]:
    async for texts, note in toolfixes.proposals(case, problems, workshop):
        yield texts, note
    async for texts, note in _ruff(case, problems):
        yield texts, note
    async for texts, note in _imports(case, problems):
        yield texts, note


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


async def _text(case: Case, path: str) -> str:
    return (await case.snapshot.read(path)).decode("utf-8", "surrogateescape")


def _places(case: Case, problem: Problem) -> list[tuple[str, int]]:
    """Where the problem is, innermost frame last seen first; Python files of the snapshot only."""
    places = [(problem.path, problem.line)]
    places += [(f.path, f.line) for f in reversed(problem.related)]
    return [
        (path, line)
        for path, line in dict.fromkeys(places)
        if path in case.snapshot.files and path.endswith((".py", ".pyi"))
    ]


def _paths(case: Case, problems: tuple[Problem, ...]) -> list[str]:
    """Files that the problems name, product files before tests."""
    found = [p.path for p in problems] + [f.path for p in problems for f in p.related]
    files = [p for p in dict.fromkeys(found) if p in case.snapshot.files]
    return sorted(files, key=testcode.is_test_path)


async def _ruff(
    case: Case, problems: tuple[Problem, ...]
) -> AsyncIterator[tuple[dict[str, bytes], str]]:
    """Ruff's own safe fix of each complaint that was asked about, alone; then all together."""
    asked = [p for p in problems if p.source in _RUFF_RULES and p.rule]
    if not asked:
        return
    together: dict[str, str] = {}
    for path in dict.fromkeys(p.path for p in asked if p.path in case.snapshot.files):
        text = await _text(case, path)
        rules = ",".join(sorted({p.rule for p in asked if p.path == path}))
        found = await ruffs.findings(path, text, rules)
        wanted = {(p.rule, p.line) for p in asked if p.path == path}
        edits: list[ruffs.Edit] = []
        for finding in found:
            if (finding.code, finding.location.row) not in wanted or finding.fix is None:
                continue
            if finding.fix.applicability != "safe":
                continue
            if len(asked) == 1:
                new = ruffs.applied(text, finding.fix.edits)
                yield {path: _bytes(new)}, f"{path}: {finding.fix.message or finding.message}"
            edits += [e for e in finding.fix.edits if not _overlaps(e, edits)]
        if edits:
            together[path] = ruffs.applied(text, tuple(edits))
    if together:
        yield {p: _bytes(t) for p, t in together.items()}, "ruff's own fixes"


def _overlaps(edit: ruffs.Edit, others: list[ruffs.Edit]) -> bool:
    def span(e: ruffs.Edit) -> tuple[tuple[int, int], tuple[int, int]]:
        return (e.location.row, e.location.column), (e.end_location.row, e.end_location.column)

    start, end = span(edit)
    return any(span(o)[0] <= end and start <= span(o)[1] for o in others)


async def _imports(
    case: Case, problems: tuple[Problem, ...]
) -> AsyncIterator[tuple[dict[str, bytes], str]]:
    messages = [p.message for p in problems] + [case.evidence.text]
    missing = imports.undefined(messages)
    modules = imports.unknown_modules(messages)
    symbols = imports.unknown_symbols(messages)
    if not (missing or modules or symbols):
        return
    await to_thread.run_sync(imports.table)
    texts = await python_texts(case)
    paths = [p for p in _paths(case, problems) if p.endswith((".py", ".pyi"))]
    every: dict[str, bytes] = {}
    notes: list[str] = []
    for path in paths:
        tree = testcode.parse(texts.get(path, ""))
        holes = testcode.undefined(tree) if tree is not None else frozenset()
        wanted = [n for n in missing if n in holes]
        places = imports.definitions(texts, holes) if wanted else {}
        # Neighbours of the reported name are imported in the same go: they would fail next.
        also = sorted(n for n in holes if n not in wanted and imports.sources(n, path, places))
        for chosen in ([*wanted, *also], wanted) if also and wanted else (wanted,):
            options = [imports.sources(n, path, places) for n in chosen]
            firsts = [o[0] for o in options if o]
            new = imports.added(texts[path], firsts) if firsts else None
            if new is not None:
                note = ", ".join(f"`{i.statement}`" for i in firsts)
                yield {path: _bytes(new)}, f"{path}: {note}"
                if path not in every:
                    every[path] = _bytes(new)
                    notes.append(note)
        for name in wanted:
            for other in imports.sources(name, path, places)[1:]:
                new = imports.added(texts[path], [other])
                if new is not None:
                    yield {path: _bytes(new)}, f"{path}: `{other.statement}`"
        async for found in _moved(case, texts, path, modules, symbols):
            yield found
    if len(every) > 1:
        yield every, "; ".join(notes)


async def _moved(
    case: Case,
    texts: dict[str, str],
    path: str,
    modules: tuple[str, ...],
    symbols: tuple[tuple[str, str], ...],
) -> AsyncIterator[tuple[dict[str, bytes], str]]:
    text = texts.get(path, "")
    for module in (*modules, *(m for _, m in symbols)):
        if module not in text:
            continue
        wanted = {n for n, m in symbols if m == module}
        wanted |= set(_imported_from(text, module))
        places = imports.definitions(texts, wanted)
        for new, note in imports.moved(text, module, places, texts, path):
            yield {path: _bytes(new)}, f"{path}: {note}"
    for name, module in symbols:
        home = [p for p in texts if imports.module_of(p) == module]
        pool = {
            w
            for p in home
            if (tree := testcode.parse(texts[p])) is not None
            for w in names.reachable(tree, 0)
        }
        for right in names.nearest(name, pool):
            for new, note in names.replaced(text, 0, name, right):
                yield {path: _bytes(new)}, f"{path}: {note}"


def _imported_from(text: str, module: str) -> list[str]:
    tree = testcode.parse(text)
    if tree is None:
        return []
    return [
        n for n, source in testcode.import_sources(tree).items() if source.startswith(f"{module}:")
    ]


async def python_texts(case: Case) -> dict[str, str]:
    """Every Python file of the snapshot, as text."""
    found: dict[str, str] = {}
    for path in case.snapshot.files:
        if PurePosixPath(path).suffix in (".py", ".pyi"):
            found[path] = await _text(case, path)
    return found
