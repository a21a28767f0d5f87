"""How a project is started, remembered in its ``samokoder.toml`` on the user's word.

A run proposes the changed file, the one door to the user's files writes it; what else stands in
the file, comments too, stays.
"""

import shlex
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

import tomlkit
from anyio import to_thread
from tomlkit.exceptions import TOMLKitError

from samokoder.agents.configuration import WORKSPACE_FILE
from samokoder.agents.errors import InvalidInput
from samokoder.agents.preview.spec import PreviewSpec, Stack
from samokoder.agents.repair import changes
from samokoder.agents.runs.context import Run
from samokoder.agents.runs.kinds import Kind, Kinds
from samokoder.state.runs import RunState

TABLE = "preview"


@dataclass(frozen=True, slots=True)
class RememberRequest:
    """Values of settings below ``preview``; "" and 0 are left as they stand."""

    start: str = ""
    port: int = 0
    health: str = ""
    image: str = ""


@dataclass(frozen=True, slots=True)
class Remembered:
    """``changed`` says whether the file says anything else now."""

    changed: bool


def of_spec(spec: PreviewSpec) -> RememberRequest:
    """What was found, as settings that lead to the same: a command only where nothing is built,
    because a command that is set stands for the whole way to start; pages need none.
    """
    plain = not (spec.build or spec.install or spec.services or spec.dockerfile)
    plain = plain and spec.stack is not Stack.STATIC
    return RememberRequest(shlex.join(spec.start) if plain else "", spec.port)


def changed(data: bytes, request: RememberRequest) -> bytes:
    """The file with these settings. InvalidInput where it is not TOML: it is not overwritten."""
    if request == RememberRequest():
        return data
    try:
        document = tomlkit.parse(data.decode())
    except (UnicodeDecodeError, TOMLKitError) as error:
        raise InvalidInput(f"{WORKSPACE_FILE} is not right: {error}") from error
    values = {
        name: value
        for name in ("start", "port", "health", "image")
        if (value := getattr(request, name))
    }
    table: Any = document.get(TABLE)
    if table is None:
        table = tomlkit.table()
        document.append(TABLE, table)
    if not isinstance(table, MutableMapping):
        raise InvalidInput(f"{WORKSPACE_FILE} is not right: `{TABLE}` is no table")
    for name, value in values.items():
        if table.get(name) != value:
            table[name] = value
    return tomlkit.dumps(document).encode()


async def remember(run: Run, request: RememberRequest) -> Remembered:
    """Propose the changed file; it is the user's word that applies it, there is no proof of it."""
    there = WORKSPACE_FILE in run.snapshot.files
    data = await run.snapshot.read(WORKSPACE_FILE) if there else b""
    after = await to_thread.run_sync(changed, data, request)
    if after == data:
        return Remembered(changed=False)
    change_set = changes.modified(
        run.snapshot, "Remember how the preview starts", {WORKSPACE_FILE: after}
    )
    await run.deliver(change_set, proven=False, key="remember", agent="user")
    return Remembered(changed=True)


def kinds() -> Kinds:
    """Remembering as a kind of run."""
    return {
        "remember": Kind("remember", RememberRequest, Remembered, remember, _ended, writes=True)
    }


def _ended(result: Remembered) -> tuple[RunState, str]:
    return RunState.SUCCEEDED, "proposed" if result.changed else "nothing to change"
