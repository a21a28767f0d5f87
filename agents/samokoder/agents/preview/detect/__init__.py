"""How a project is run, found from its files. Nothing of the project is executed to find it."""

from dataclasses import replace

from samokoder.agents.checks.detect.project import Project
from samokoder.agents.errors import InvalidInput
from samokoder.agents.preview.detect.compiled import c_spec, go_spec, rust_spec
from samokoder.agents.preview.detect.compose import compose_spec
from samokoder.agents.preview.detect.devcontainer import in_devcontainer
from samokoder.agents.preview.detect.dockerfile import dockerfile_spec
from samokoder.agents.preview.detect.node import node_spec
from samokoder.agents.preview.detect.python import python_spec
from samokoder.agents.preview.detect.static import static_spec
from samokoder.agents.preview.spec import PreviewSpec
from samokoder.agents.settings import CheckSettings
from samokoder.agents.workspace.snapshot import Snapshot

__all__ = ["detect"]

_STACKS = (python_spec, node_spec, go_spec, rust_spec, c_spec, static_spec)


async def detect(snapshot: Snapshot, folder: str = "") -> PreviewSpec:
    """How the project in this folder ("" for the root) is run: what its authors wrote down first.

    A compose file, a Dockerfile, then the stack, in the devcontainer's image where there is one.
    Raises :class:`InvalidInput` when nothing here looks like a program or a page.
    """
    project = Project(snapshot, CheckSettings())
    for written in (compose_spec, dockerfile_spec):
        spec = await written(project, folder)
        if spec is not None:
            return spec
    for stack in _STACKS:
        spec = await stack(project, folder)
        if spec is not None:
            return await in_devcontainer(project, replace(spec, folder=folder))
    where = f"{folder} holds" if folder else "The workspace holds"
    raise InvalidInput(
        f"{where} nothing that a preview could start",
        hint="Name a command: `samokoder preview start --command CMD --port N`.",
    )
