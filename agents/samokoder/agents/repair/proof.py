"""The prover: what a change must show before anything of it reaches the user's files.

Reproduced before; gone after, in a fresh scratch copy; back again without the change; nothing that
passed is lost; nothing new is wrong; nothing was weakened; no answer known by heart. The control
run (without the change) does not depend on the candidate: it runs once per problem, beside the
first ``after``, so it costs no wall time.
"""

import re
from dataclasses import dataclass, replace
from types import TracebackType

import anyio
from anyio.abc import TaskGroup

from samokoder.agents.checks.check import Check, CheckResult, Problem
from samokoder.agents.checks.selection import select
from samokoder.agents.repair import ruffs, testcode, verdicts
from samokoder.agents.repair.case import Receipt, Verdict
from samokoder.agents.repair.hardcoded import Literals, hardcoded, literals
from samokoder.agents.repair.weakening import weakened
from samokoder.agents.repair.workshop import Workshop
from samokoder.agents.workspace.changeset import ChangeSet
from samokoder.agents.workspace.snapshot import Snapshot
from samokoder.state.errors import SamokoderError

_SLOW = 3.0
"""Seconds from which a check's failing tests are run alone first."""

_FLAKY_RUNS = 2


HEAD_START = 0.012
"""Seconds the question to a model gets before the control run takes a processor."""


@dataclass
class Prover:
    """Proves candidates of one problem. An async context: it owns the control run.

    ``before`` are the results of ``checks`` on ``snapshot``.
    """

    workshop: Workshop
    snapshot: Snapshot
    checks: tuple[Check, ...]
    before: tuple[CheckResult, ...]
    focus: tuple[Problem, ...] = ()
    proofs: int = 0

    def __post_init__(self) -> None:
        self.goal = verdicts.goal(self.before, self.focus)
        self._control: tuple[CheckResult, ...] | None = None
        self._control_done = anyio.Event()
        self._control_started = False
        self._control_error: SamokoderError | None = None
        self._group: TaskGroup | None = None
        self._literals: Literals | None = None

    async def __aenter__(self) -> "Prover":
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        assert self._group is not None
        self._group.cancel_scope.cancel()
        if kind is not None and issubclass(kind, anyio.get_cancelled_exc_class()):
            return await self._group.__aexit__(kind, error, trace)
        await self._group.__aexit__(None, None, None)  # errors of the body are not grouped
        return None

    async def prove(self, change_set: ChangeSet) -> Receipt:
        """Everything that can be shown about one change set against the snapshot."""
        self.proofs += 1
        receipt = await self._prove(change_set)
        return replace(receipt, change=change_set.hash, sandbox=self.workshop.sandbox)

    async def _prove(self, change_set: ChangeSet) -> Receipt:
        blank = Receipt(Verdict.REFUSED, self.workshop.sandbox, self.before)
        if not change_set.changes:
            return replace(blank, reason="nothing was changed")
        texts = await self._texts(change_set)
        for path, (_, new) in texts.items():
            if path.endswith(".py") and new is not None:
                broken = await anyio.to_thread.run_sync(_unparsable, new)
                if broken and not await self._was_unparsable(path):
                    return replace(blank, reason=f"{path} does not parse: {broken}")
        if not self.goal.empty:
            self._start_control()
        weak, after, fresh = await self._tried(change_set, texts)
        if weak:
            return replace(blank, reason=weak, unprovable=self.goal.empty)
        if self.goal.empty:
            return self._harmless(blank, after, fresh)
        found = verdicts.difference(self.before, after, self.goal)
        flaky: tuple[str, ...] = ()
        if found.lost and not found.left:
            after, flaky = await self._again(change_set, after, found)
            found = verdicts.difference(self.before, after, self.goal)
        receipt = replace(blank, after=after, flaky=flaky)
        if not found.clean:
            reason = verdicts.told(found, after)
            return replace(receipt, reason=reason, progress=found.progress)
        strays = sorted({name for r in after for name in r.stray})
        if strays:
            reason = f"{', '.join(strays[:5])} was imported from outside the scratch copy"
            return replace(receipt, verdict=Verdict.UNVERIFIED, reason=reason)
        if fresh:
            return replace(receipt, reason="new: " + ", ".join(fresh), progress=found.progress)
        await self._control_done.wait()
        if self._control_error is not None:
            raise self._control_error
        control = self._control or ()
        receipt = replace(receipt, control=control)
        came_back = verdicts.difference(self.before, control, self.goal)
        if not came_back.left:
            return replace(
                receipt,
                verdict=Verdict.UNVERIFIED,
                reason="the failure did not come back without the change: it may be flaky",
            )
        return replace(receipt, verdict=Verdict.PROVEN)

    def _harmless(
        self, blank: Receipt, after: tuple[CheckResult, ...], fresh: tuple[str, ...]
    ) -> Receipt:
        """Nothing to reproduce: what can be shown is that nothing gets worse."""
        found = verdicts.difference(self.before, after, self.goal)
        receipt = replace(blank, after=after, unprovable=True)
        if found.clean and not fresh:
            why = "the problem could not be reproduced by running the checks"
            return replace(receipt, verdict=Verdict.UNVERIFIED, reason=why)
        told = verdicts.told(found, after) or "new: " + ", ".join(fresh)
        return replace(receipt, reason=told)

    async def _tried(
        self, change_set: ChangeSet, texts: dict[str, tuple[bytes | None, bytes | None]]
    ) -> tuple[str, tuple[CheckResult, ...], tuple[str, ...]]:
        """What was weakened; beside looking for it, what :meth:`_after` returns. Its runs end when
        there is something.
        """
        weak = ""
        after: tuple[tuple[CheckResult, ...], tuple[str, ...]] = ((), ())
        failed: SamokoderError | None = None

        async def look(scope: anyio.CancelScope) -> None:
            nonlocal weak
            weak = await self._weak(texts)
            if weak:
                scope.cancel()

        async with anyio.create_task_group() as group:
            group.start_soon(look, group.cancel_scope)
            try:
                after = await self._after(change_set, texts)
            except SamokoderError as error:
                failed = error  # raised out of the group it would be wrapped
        if failed is not None and not weak:
            raise failed
        return weak, *after

    async def _texts(self, change_set: ChangeSet) -> dict[str, tuple[bytes | None, bytes | None]]:
        found: dict[str, tuple[bytes | None, bytes | None]] = {}
        for change in change_set.changes:
            old = await self._read(change.path)
            if change.new_path:
                found[change.path] = (old, None)
                found[change.new_path] = (await self._read(change.new_path), change.after)
            else:
                found[change.path] = (old, change.after)
        return found

    async def _read(self, path: str) -> bytes | None:
        return await self.snapshot.read(path) if path in self.snapshot.files else None

    async def _was_unparsable(self, path: str) -> bool:
        old = await self._read(path)
        return old is not None and bool(await anyio.to_thread.run_sync(_unparsable, old))

    async def evidence(self) -> Literals:
        """The literals of the failing tests, read once."""
        if self._literals is None:
            paths = {p.path for r in self.before for p in r.problems}
            paths |= {f.path for r in self.before for p in r.problems for f in p.related}
            paths |= {t.split("::")[0] for r in self.before for t in r.failed if "::" in t}
            paths |= {
                p for p in self.snapshot.files if testcode.is_test_path(p) and _near(p, self.before)
            }
            texts = [
                (await self.snapshot.read(path)).decode("utf-8", "replace")
                for path in sorted(paths)
                if path in self.snapshot.files and testcode.is_test_path(path)
            ]
            messages = [p.message for r in self.before for p in r.problems]
            self._literals = await anyio.to_thread.run_sync(literals, texts, messages)
        return self._literals

    async def _weak(self, texts: dict[str, tuple[bytes | None, bytes | None]]) -> str:
        evidence = await self.evidence()
        raised = frozenset(
            word
            for r in self.before
            for word in re.findall(r"\b\w+(?:Error|Exception)\b", r.output)
        )
        modules = frozenset(_modules(self.snapshot))

        def compare() -> tuple[str, ...]:
            reasons = weakened(
                {p: old for p, (old, _) in texts.items()},
                {p: new for p, (_, new) in texts.items()},
                raised=raised,
                exists=modules.__contains__,
            )
            for path, (old, new) in texts.items():
                if path.endswith(".py") and new is not None and not testcode.is_test_path(path):
                    before = (old or b"").decode("utf-8", "replace")
                    reasons += hardcoded(before, new.decode("utf-8", "replace"), evidence)
            return reasons

        return "; ".join(await anyio.to_thread.run_sync(compare))

    def anticipate(self) -> None:
        """A model is about to be asked: the control run can happen while it thinks."""
        assert self._group is not None
        if not self.goal.empty:
            self._group.start_soon(self._control_soon)

    async def _control_soon(self) -> None:
        await anyio.sleep(HEAD_START)
        self._start_control()

    def _start_control(self) -> None:
        if self._control_started:
            return
        self._control_started = True
        assert self._group is not None, "use the prover as an async context"
        self._group.start_soon(self._run_control)

    async def _run_control(self) -> None:
        failing = tuple(r.check for r in self.before if not r.ok)
        try:
            self._control = await self.workshop.check(self.snapshot, failing)
        except SamokoderError as error:
            self._control_error = error
        finally:
            self._control_done.set()

    async def _after(
        self, change_set: ChangeSet, texts: dict[str, tuple[bytes | None, bytes | None]]
    ) -> tuple[tuple[CheckResult, ...], tuple[str, ...]]:
        """Results with the change, and complaints of ruff's error rules that are new."""
        fresh: list[str] = []

        async def lint() -> None:
            fresh.extend(await new_errors(texts))

        tree = self.snapshot.with_changes(change_set)
        results: tuple[CheckResult, ...] = ()
        failed: SamokoderError | None = None
        async with anyio.create_task_group() as group:
            if not any(check.kind == "ruff" for check in self.checks):
                group.start_soon(lint)
            try:
                first = await self._failing_first(tree)
                results = first or await self.workshop.check(tree, self.checks)
            except SamokoderError as error:
                failed = error
        if failed is not None:
            raise failed
        return results, tuple(fresh)

    async def _failing_first(self, tree: Snapshot) -> tuple[CheckResult, ...]:
        """For slow checks: the failing tests alone; not empty when they still fail."""
        for result in self.before:
            wanted = tuple(t for t in result.failed if f"test\0{t}" in self.goal.problems)
            if result.ok or result.seconds < _SLOW or not wanted or not result.passed:
                continue
            part = select(result.check, wanted)
            if part is result.check:
                continue
            (alone,) = await self.workshop.check(tree, (part,))
            if not alone.ok:
                kept = replace(alone, check=result.check, passed=result.passed)
                return tuple(kept if r is result else r for r in self.before)
        return ()

    async def _again(
        self, change_set: ChangeSet, after: tuple[CheckResult, ...], found: verdicts.Difference
    ) -> tuple[tuple[CheckResult, ...], tuple[str, ...]]:
        """Tests that passed before and failed after, run again: flaky when they pass then."""
        flaky: list[str] = []
        results = list(after)
        tree = self.snapshot.with_changes(change_set)
        for i, result in enumerate(results):
            lost = tuple(test for check, test in found.lost if check == result.check.id)
            for _ in range(_FLAKY_RUNS):
                if not lost or not set(lost) <= set(result.failed):
                    break
                part = select(result.check, lost)
                (again,) = await self.workshop.check(tree, (part,))
                good = tuple(t for t in lost if t in again.passed)
                flaky += good
                lost = tuple(t for t in lost if t not in good)
                results[i] = result = _without(result, good)
        return tuple(results), tuple(flaky)


def _without(result: CheckResult, good: tuple[str, ...]) -> CheckResult:
    """The result as if these tests had passed."""
    failed = tuple(t for t in result.failed if t not in good)
    problems = tuple(p for p in result.problems if p.test not in good)
    code = result.exit_code if failed or problems else 0
    return replace(
        result,
        failed=failed,
        problems=problems,
        passed=(*result.passed, *good),
        exit_code=code,
    )


def _near(path: str, before: tuple[CheckResult, ...]) -> bool:
    """Test files that the failing output names."""
    name = path.rpartition("/")[2].removesuffix(".py")
    return any(name in r.output or any(name in t for t in r.failed) for r in before if not r.ok)


def _unparsable(data: bytes) -> str:
    try:
        compile(data, "<text>", "exec", dont_inherit=True, flags=0x400)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return str(error)
    return ""


def _modules(snapshot: Snapshot) -> set[str]:
    found: set[str] = set()
    for path in snapshot.files:
        if path.endswith(".py"):
            dotted = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            found |= {dotted, dotted.removeprefix("src.")}
    return found


async def new_errors(texts: dict[str, tuple[bytes | None, bytes | None]]) -> list[str]:
    """Complaints of ruff's error rules about Python files that the change brought. The old text is
    looked at only where there is something about the new one.
    """
    fresh: list[str] = []

    async def counts(path: str, data: bytes | None) -> dict[str, int]:
        text = (data or b"").decode("utf-8", "replace")
        return ruffs.counts(await ruffs.findings(path, text, ruffs.ERRORS)) if text else {}

    async def compare(path: str, old: bytes | None, new: bytes) -> None:
        now = await counts(path, new)
        was = await counts(path, old) if now else {}
        broken = any("syntax" in name or name.startswith("E9") for name in was)
        for name, times in now.items():
            if times > was.get(name, 0) and not (broken and name.startswith("F821")):
                fresh.append(f"{path}: {name}")

    async with anyio.create_task_group() as group:
        for path, (old, new) in texts.items():
            if path.endswith((".py", ".pyi")) and new is not None:
                group.start_soon(compare, path, old, new)
    return sorted(fresh)
