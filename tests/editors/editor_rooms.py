"""Which editors can be driven here, and what one of them leaves after the scenario."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import scenario
from anyio.to_thread import run_sync
from crashing import Room, stop

HERE = Path(__file__).parent
PAGES = HERE.parents[1] / "docs" / "editors"
MORE = "SAMOKODER_TEST_EDITORS"
"""Further programs to drive, separated as in PATH."""
SECONDS = 110


def found(name: str, *, beside: bool = False) -> list[str]:
    """Programs of this name: of the development environment, on the PATH, and further ones."""
    own = Path(sys.executable).with_name(name)
    named = [str(own)] if beside and own.exists() else []
    there = shutil.which(name)
    named += [there] if there else []
    more = os.environ.get(MORE, "").split(os.pathsep)
    named += [path for path in more if path and Path(path).name == name]
    return list(dict.fromkeys(named))


def editors(name: str, *, beside: bool = False) -> list[Any]:
    """Parameters for a test: every editor of this name, or a skip that names it."""
    there = found(name, beside=beside)
    if not there:
        skip = pytest.mark.skip(reason=f"no {name} here")
        return [pytest.param("", marks=skip, id=f"no-{name}")]
    return [pytest.param(path, id=_version(path)) for path in there]


def _version(path: str) -> str:
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    line = (done.stdout or done.stderr).partition("\n")[0]
    number = re.search(r"\d+(\.\d+)+", line)
    return f"{Path(path).name}-{number[0] if number else 'unknown'}"


async def played(room: Room, argv: list[str]) -> list[str]:
    """Run an editor's own script; the parts it says it has played."""
    done = await run_sync(
        lambda: subprocess.run(
            argv,
            cwd=room.work,
            env=scenario.environ(room),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert done.stdout.rstrip().endswith("DONE"), done.stdout[-3000:]
    return re.findall(r"^PLAYED (\w+)$", done.stdout, re.MULTILINE)


async def left(room: Room) -> tuple[dict[str, bytes], list[tuple[Any, ...]]]:
    """The tree and the stream of events; no process of the room is left."""
    await stop(room)
    assert await run_sync(processes, room) == []
    files = {k: v for k, v in scenario.tree(room).items() if not k.startswith(".samokoder/")}
    return files, await scenario.log(room)


def processes(room: Room) -> list[str]:
    """Command lines of processes that live in this room."""
    lines = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ = (folder / "environ").read_bytes()
            line = (folder / "cmdline").read_bytes()
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if str(room.folder).encode() in environ and state != "Z":
            lines.append(line.replace(b"\0", b" ").decode())
    return lines
