"""Which Python runs a project, and which tools that Python has.

A candidate of the machine is believed only after it was run: version-manager shims exist and
fail. One inside the workspace is not run here, that would be running the project's code; its
folder is looked at instead.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from samokoder.agents.errors import EnvironmentMissing
from samokoder.agents.sandbox import process
from samokoder.agents.sandbox.sandbox import Limits
from samokoder.agents.settings import CheckSettings

_TOOLS = ("pytest", "mypy", "pyright", "xdist")
_FOLDERS = (".venv", "venv", "env")
_PROBE = (
    "import importlib.util as u, json, sys;"
    f"print(json.dumps([sys.executable, [m for m in {_TOOLS!r} if u.find_spec(m)]]))"
)
_LIMITS = Limits(seconds=10.0, output=1 << 16)

_probed: dict[tuple[str, int], "Interpreter | None"] = {}


@dataclass(frozen=True, slots=True)
class Interpreter:
    """``path`` starts it without a shim; ``tools`` are the check tools it can import."""

    path: str
    tools: frozenset[str] = frozenset()


async def find_interpreter(root: Path, settings: CheckSettings) -> Interpreter:
    """The configured Python, else the workspace's virtual environment, else the active one, else
    the first on PATH that works. Raises :class:`EnvironmentMissing`.
    """
    if settings.python:
        chosen = await to_thread.run_sync(_resolve, root, settings.python)
        found = await _look(root, chosen) if chosen is not None else None
        if found is None:
            raise EnvironmentMissing(
                f"`check.python` is {settings.python}, which does not work",
                hint="Point it at a Python that starts, or remove the setting.",
            )
        return found
    for candidate in await to_thread.run_sync(_candidates, root):
        found = await _look(root, candidate)
        if found is not None:
            return found
    raise EnvironmentMissing(
        "no Python that works was found",
        hint="Make a virtual environment in .venv, or set `check.python`.",
    )


async def _look(root: Path, candidate: Path) -> Interpreter | None:
    if candidate.is_relative_to(root):
        return await to_thread.run_sync(_from_folder, candidate)
    status = await to_thread.run_sync(_modified, candidate)
    if status is None:
        return None
    key = (str(candidate), status)
    if key not in _probed:
        found, sure = await _run(candidate)
        if not sure:
            return None
        _probed[key] = found
    return _probed[key]


async def _run(candidate: Path) -> tuple[Interpreter | None, bool]:
    """What it says of itself, and whether that is worth keeping: a busy moment may cut it short."""
    kept = ("PATH", "HOME", "PYENV_ROOT", "PYENV_VERSION", "SYSTEMROOT", "LANG")
    env = {name: value for name in kept if (value := os.environ.get(name))}
    try:
        finished = await process.run(
            (str(candidate), "-c", _PROBE), cwd=Path("/"), env=env, limits=_LIMITS
        )
        if finished.timed_out:
            return None, False
        path, tools = json.loads(finished.output)
    except (EnvironmentMissing, ValueError, TypeError):
        return None, True
    good = finished.exit_code == 0
    return (Interpreter(str(path), frozenset(tools)) if good else None), True


def _candidates(root: Path) -> list[Path]:
    names = ("Scripts/python.exe",) if os.name == "nt" else ("bin/python", "bin/python3")
    found = [root / folder / name for folder in _FOLDERS for name in names]
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if prefix := os.environ.get(variable):
            found += [Path(prefix) / name for name in names]
    found = [path for path in found if path.exists()]
    for name in ("python3", "python"):
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
            if program := shutil.which(name, path=folder):
                found.append(Path(program))
    return list(dict.fromkeys(found))


def _resolve(root: Path, text: str) -> Path | None:
    path = Path(text).expanduser()
    if path.is_absolute() or len(path.parts) > 1:
        path = root / path
        return path if path.exists() else None
    program = shutil.which(text)
    return Path(program) if program else None


def _from_folder(path: Path) -> Interpreter | None:
    """Tools of a virtual environment by the folders in it."""
    prefix = path.parent.parent
    if not path.exists() or not (
        (prefix / "pyvenv.cfg").exists() or (prefix / "conda-meta").exists()
    ):
        return None
    sites = [*prefix.glob("lib/python3*/site-packages"), prefix / "Lib" / "site-packages"]
    tools = {tool for tool in _TOOLS for site in sites if (site / tool).is_dir()}
    return Interpreter(str(path), frozenset(tools))


def _modified(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
