"""An editor that comes while a run is just about to wait for one is not missed."""

from dataclasses import dataclass, field
from pathlib import Path

import anyio
from engine_room import engine_room, kind, order

from samokoder.agents.runs.context import Run
from samokoder.agents.runs.engine import Engine
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange
from samokoder.agents.workspace.target import NoEditors
from samokoder.state.runs import RunState


@dataclass
class Arriving(NoEditors):
    """Nobody is there at the first look; right after it an editor is."""

    engine: list[Engine] = field(default_factory=list)
    looks: int = 0

    def attached(self, root: Path) -> bool:
        self.looks += 1
        if self.looks == 1:
            self.engine[0].tasks.start_soon(self._come)
        return self.looks > 1

    async def _come(self) -> None:
        self.engine[0].editor_attached()


async def test_an_editor_that_comes_between_the_look_and_the_wait_is_seen(tmp_path: Path) -> None:
    async def body(run: Run, _: object) -> str:
        change = FileChange("new.txt", ChangeKind.CREATE, None, b"text\n")
        await run.deliver(ChangeSet("Make it", (change,)), proven=True, key="it")
        return "done"

    editors = Arriving()
    async with engine_room(kind("make", body, writes=True), editors=editors) as engine:
        editors.engine.append(engine)
        run = await engine.submit(order(tmp_path, "make", origin="editor"))
        with anyio.fail_after(10):
            assert (await engine.finished(run)).state is RunState.SUCCEEDED
    assert (tmp_path / "new.txt").read_text() == "text\n"
