"""Images of ours that are kept to start faster, and when they go.

Dependencies and builds are kept, the newest of them and for a week; what was replaced goes at once.
They carry a label; the steps of a build that failed have no label and are kept by a name.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from samokoder.agents.errors import EngineFailed
from samokoder.agents.preview import labels, tools
from samokoder.agents.preview.engine import Engine

KEPT: Final = 12
DAYS: Final = 7
UNFINISHED: Final = "-unfinished"
"""Ends the tag of the last step that worked in a build that failed."""


async def tidy(engine: Engine) -> int:
    """Remove what was replaced, is old, or is too much; how many went."""
    found = await _ours(engine)
    own = await tools.name()
    old: list[Mapping[str, Any]] = []
    kept = []
    for image in found:
        tags = image.get("RepoTags") or []
        if labels.of(image).get(labels.CACHE) == "tools":
            if own not in tags:
                old.append(image)
        elif not [tag for tag in tags if tag != "<none>:<none>"]:
            old.append(image)
        else:
            kept.append(image)
    kept.sort(key=lambda image: -int(image.get("Created") or 0))
    oldest = time.time() - DAYS * 86_400
    old += [
        image
        for number, image in enumerate(kept)
        if number >= KEPT or int(image.get("Created") or 0) < oldest
    ]
    return await _remove(engine, old)


async def forget(engine: Engine, root: str) -> int:
    """Remove what is kept for one workspace; how many went."""
    found = [i for i in await _ours(engine) if labels.of(i).get(labels.ROOT) == root]
    return await _remove(engine, found)


async def keep_steps(engine: Engine, name: str, steps: list[str]) -> None:
    """Keep the steps of a build that failed, so that the next try begins there."""
    repository, _, tag = name.rpartition(":")
    if steps:
        await engine.call(engine.client.tag, steps[-1], repository, f"{tag}{UNFINISHED}")


async def drop_steps(engine: Engine, name: str) -> None:
    """The build has worked: its steps are kept by its own image."""
    unfinished = f"{name}{UNFINISHED}"
    if await tools.exists(engine, unfinished):
        await engine.call(engine.client.remove_image, unfinished)


async def _ours(engine: Engine) -> list[Mapping[str, Any]]:
    client = engine.client
    labelled = await engine.call(client.images, filters=labels.chosen(labels.CACHE))
    named = await engine.call(client.images, filters={"reference": f"{labels.CACHE_NAME}/*"})
    return list({str(image["Id"]): image for image in (*labelled, *named)}.values())


async def _remove(engine: Engine, images: Iterable[Mapping[str, Any]]) -> int:
    """Remove images; one that a container still has stays, and goes another time."""
    gone = 0
    for image in images:
        names = [t for t in image.get("RepoTags") or () if t != "<none>:<none>"] or [image["Id"]]
        try:
            for name in names:
                await engine.call(engine.client.remove_image, name)
        except EngineFailed:
            continue
        gone += 1
    return gone
