"""The image with this machine's Python that gateways and static pages run in, made when missing."""

import functools
import tempfile
from typing import Final

import anyio

from samokoder.agents.errors import ImageMissing
from samokoder.agents.preview import labels, rootfs
from samokoder.agents.preview.engine import Engine, translating

NAME: Final = f"{labels.CACHE_NAME}/tools"
_making = anyio.Lock()


async def image(engine: Engine, fallback: str) -> str:
    """The image's name. ``fallback`` is an image with Python for systems that cannot make one."""
    if not await anyio.to_thread.run_sync(rootfs.possible):
        if await exists(engine, fallback):
            return fallback
        raise ImageMissing(f"{fallback}, which the gateway of a preview runs in")
    wanted = await name()
    async with _making:
        if not await exists(engine, wanted):
            await engine.call(_make, engine, wanted)
    return wanted


async def name() -> str:
    """What the image made from this machine's Python is called."""
    return f"{NAME}:{await anyio.to_thread.run_sync(_version)}"


async def exists(engine: Engine, name: str) -> bool:
    """Whether the engine has an image of this name."""
    return bool(name) and await engine.call(_find, engine, name)


def _find(engine: Engine, name: str) -> bool:
    from docker.errors import ImageNotFound

    try:
        engine.client.inspect_image(name)
    except ImageNotFound:
        return False
    return True


@functools.cache
def _version() -> str:
    return rootfs.version()


def _make(engine: Engine, name: str) -> None:
    repository, _, tag = name.rpartition(":")
    changes = [f"ENV {key}={value}" for key, value in rootfs.ENVIRONMENT.items()]
    changes += ["WORKDIR /app", f"LABEL {labels.CACHE}=tools", 'CMD ["python3"]']
    with tempfile.NamedTemporaryFile() as archive:
        rootfs.write(archive)
        archive.flush()
        with translating():
            engine.client.import_image_from_file(archive.name, repository, tag, changes)
    if not _find(engine, name):
        # Podman leaves out the tag
        with translating():
            engine.client.tag(f"{repository}:latest", repository, tag)
            engine.client.remove_image(f"{repository}:latest")
