"""The body of a scaffold run: nothing in the way, its own tests passed here, then delivered."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
from anyio import to_thread

from samokoder.agents.checks.check import CheckResult
from samokoder.agents.checks.detect import detect
from samokoder.agents.counting import counted
from samokoder.agents.errors import EnvironmentMissing, InvalidInput
from samokoder.agents.repair.workshop import Tools
from samokoder.agents.runs.context import Run
from samokoder.agents.runs.kinds import Kind, Kinds
from samokoder.agents.scaffold import catalogue
from samokoder.agents.scaffold.names import Names, names_of
from samokoder.agents.workspace import paths
from samokoder.agents.workspace.changeset import ChangeSet
from samokoder.agents.workspace.snapshot import Entry, Snapshot
from samokoder.state.runs import RunState


@dataclass(frozen=True, slots=True)
class NewRequest:
    """``folder`` is where the files go, relative to the workspace; empty means its root."""

    template: str
    name: str
    folder: str = ""


@dataclass(frozen=True, slots=True)
class NewResult:
    """``proven`` when the scaffold's own tests passed here; else ``reason`` says why not."""

    template: str
    created: tuple[str, ...]
    delivered: bool
    proven: bool
    reason: str = ""
    results: tuple[CheckResult, ...] = ()


async def make(run: Run, request: NewRequest, tools: Tools) -> NewResult:
    """Create a project. Raises InvalidInput for a bad name or when something is in the way."""
    chosen, names = catalogue.template(request.template), names_of(request.name)
    folder = paths.clean(request.folder) if request.folder else ""
    made = await to_thread.run_sync(catalogue.change_set, chosen, names, folder)
    there = await run.step(
        "look",
        lambda: to_thread.run_sync(_in_the_way, run.root, folder, made.paths),
        tuple[str, ...],
        pure=True,
    )
    there = there or tuple(p for p in made.paths if p in run.snapshot.files)
    if there:
        raise InvalidInput(
            f"{', '.join(there[:3])} is there already, and nothing is overwritten",
            hint="Choose another name, or move it away.",
        )
    await run.say(f"Testing {chosen.title}")
    results, reason = await _tested(run, chosen, names, tools)
    failed = [r.check.id for r in results if not r.ok]
    if failed:
        reason = f"its own checks fail here: {', '.join(failed)}"
    delivered = await run.deliver(made, proven=not reason, key="deliver", agent="scaffold")
    done = f"Created {counted(len(made.changes), 'file')} in {folder or run.root.name}"
    await run.say(done if delivered else f"Not tested here: {reason}", percent=100)
    return NewResult(chosen.name, made.paths, delivered, not reason, reason, results)


async def _tested(
    run: Run, chosen: catalogue.Template, names: Names, tools: Tools
) -> tuple[tuple[CheckResult, ...], str]:
    """What the scaffold's own checks say, and why they could not be run."""
    alone = await to_thread.run_sync(catalogue.change_set, chosen, names)
    snapshot = _only(run.root, alone)
    # the project's own commands are about the project, not about what is new beside it
    plain = msgspec.structs.replace(run.settings.check, commands=())
    try:
        checks = await detect(snapshot, msgspec.structs.replace(run.settings, check=plain))
        workshop = await tools.workshop(run.settings)
        results = await run.step(
            "check", lambda: workshop.check(snapshot, checks), tuple[CheckResult, ...], pure=True
        )
    except EnvironmentMissing as error:
        return (), error.detail
    return results, "" if any(r.check.kind != "ruff" for r in results) else "no test could be run"


def _in_the_way(root: Path, folder: str, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """What is on the disk already, ignored files too. A folder of one's own has to be empty."""
    if folder:
        place = root / folder
        taken = place.is_symlink() or (place.exists() and (place.is_file() or any(place.iterdir())))
        return (folder,) if taken else ()
    return tuple(path for path in wanted if (root / path).is_symlink() or (root / path).exists())


def _only(root: Path, made: ChangeSet) -> Snapshot:
    """The scaffold alone, as if it were all of the workspace."""

    class _Nothing:
        async def read(self, path: str, entry: Entry) -> bytes:
            raise KeyError(entry.hash)

    return Snapshot(root=root, files={}, source=_Nothing()).with_changes(made)


def kinds(tools: Tools) -> Kinds:
    """Making a scaffold as a kind of run."""

    async def making(run: Run, request: NewRequest) -> NewResult:
        return await make(run, request, tools)

    return {
        "new": Kind("new", NewRequest, NewResult, making, _ended, writes=True, runs_commands=True)
    }


def _ended(result: NewResult) -> tuple[RunState, str]:
    if result.delivered:
        return RunState.SUCCEEDED, f"created and tested: {result.template}"
    return RunState.SUCCEEDED, f"proposed: {result.reason or 'it waits to be applied'}"
