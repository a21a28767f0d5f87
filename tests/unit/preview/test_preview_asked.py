"""What is found of a project, changed by settings and by what was asked for."""

from pathlib import Path

import pytest

from samokoder.agents.preview import loopback
from samokoder.agents.preview.spec import Stack
from samokoder.agents.settings import PreviewSettings
from samokoder.agents.workspace.capture import Tree
from samokoder.server.commands.preview import StartArgs, _spec


@pytest.mark.parametrize("asked", [True, False])
async def test_pages_with_a_command_of_their_own_are_a_program(tmp_path: Path, asked: bool) -> None:
    (tmp_path / "index.html").write_text("<h1>Here</h1>")
    snapshot = await Tree(tmp_path).capture()
    command = "python3 -m http.server 8000"
    args = StartArgs(command=command) if asked else StartArgs()
    settings = PreviewSettings(start="" if asked else command)
    spec = await _spec(snapshot, args, settings)
    assert (spec.stack, spec.start) == (Stack.IMAGE, tuple(command.split()))
    assert not loopback.possible(spec), "a command is never left out in silence"
    assert (await _spec(snapshot, StartArgs(), PreviewSettings())).stack is Stack.STATIC
