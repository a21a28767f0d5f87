"""Removing what a preview has in the engine, found by label so that nothing is forgotten."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import anyio

from samokoder.agents.errors import EngineFailed
from samokoder.agents.preview import labels
from samokoder.agents.preview.engine import Engine, Gone

_TRIES = 3
_PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class Found:
    """Everything of previews an engine has: containers and networks by id, volumes by name."""

    containers: tuple[Mapping[str, Any], ...]
    networks: tuple[Mapping[str, Any], ...]
    volumes: tuple[Mapping[str, Any], ...]

    def labels(self) -> tuple[Mapping[str, str], ...]:
        """The labels of every object."""
        return tuple(labels.of(o) for o in (*self.containers, *self.networks, *self.volumes))


async def find(engine: Engine, label: str, value: str = "") -> Found:
    """Everything with this label."""
    chosen = labels.chosen(label, value)
    client = engine.client
    return Found(
        tuple(await engine.call(client.containers, all=True, filters=chosen)),
        tuple(await engine.call(client.networks, filters=chosen)),
        tuple((await engine.call(client.volumes, filters=chosen)).get("Volumes") or ()),
    )


async def remove(engine: Engine, preview: str) -> None:
    """Remove everything of one preview, and look again: a slow engine may still be making it.

    EngineFailed when something stays.
    """
    for _ in range(_TRIES):
        found = await find(engine, labels.PREVIEW, preview)
        if not (found.containers or found.networks or found.volumes):
            return
        await _all(found.containers, lambda c: _container(engine, str(c["Id"])))
        await _all(found.networks, lambda n: _network(engine, str(n["Id"])))
        await _all(found.volumes, lambda v: _volume(engine, str(v["Name"])))
    raise EngineFailed(f"it keeps something of the preview {preview}")


async def _all(
    items: Iterable[Mapping[str, Any]], work: Callable[[Mapping[str, Any]], Awaitable[None]]
) -> None:
    failures: list[EngineFailed] = []

    async def one(item: Mapping[str, Any]) -> None:
        try:
            await work(item)
        except Gone:
            return
        except EngineFailed as error:
            failures.append(error)

    async with anyio.create_task_group() as tasks:
        for item in items:
            tasks.start_soon(one, item)
    if failures and "no longer answers" in failures[0].detail:
        raise failures[0]
    if failures:
        await anyio.sleep(_PAUSE)


async def _container(engine: Engine, container: str) -> None:
    await engine.call(engine.client.remove_container, container, force=True, v=True)


async def _network(engine: Engine, network: str) -> None:
    await engine.call(engine.client.remove_network, network)


async def _volume(engine: Engine, name: str) -> None:
    await engine.call(engine.client.remove_volume, name, force=True)
