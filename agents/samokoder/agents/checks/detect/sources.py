"""The tool behind a diagnostic of another server, where the project has it."""

import shutil
from pathlib import Path

from anyio import to_thread

from samokoder.agents.checks.bundled import ruff_program
from samokoder.agents.checks.check import Check
from samokoder.agents.checks.detect.project import Project
from samokoder.agents.checks.interpreter import find_interpreter
from samokoder.agents.settings import Settings
from samokoder.agents.workspace.snapshot import Snapshot

_TOOLS = {
    "pyright": "pyright", "basedpyright": "pyright", "pylance": "pyright", "mypy": "mypy",
    "ruff": "ruff", "eslint": "eslint", "ts": "tsc", "typescript": "tsc", "tsserver": "tsc",
    "clang": "gcc", "clangd": "gcc", "gcc": "gcc",
}  # fmt: skip
"""Kinds of checks by the words with which servers sign their diagnostics."""
_CXX = (".cc", ".cpp", ".cxx", ".hpp")


def kind_of(source: str) -> str:
    """The kind of check that can reproduce what this source says; empty for unknown ones."""
    return _TOOLS.get(source.strip().lower().removesuffix(" language server"), "")


async def check_for(snapshot: Snapshot, settings: Settings, source: str, path: str) -> Check | None:
    """A check of this one file with the source's own tool; None where it cannot be run."""
    kind = kind_of(source)
    project = Project(snapshot, settings.check)
    if kind == "ruff":
        ruff = (await ruff_program(), "check", "--output-format=concise", "--no-cache", path)
        return Check("ruff", kind, ruff, origin="builtin", timeout=60.0)
    if kind in ("mypy", "pyright") and path.endswith((".py", ".pyi")):
        return await _python(project, kind, path)
    if kind in ("eslint", "tsc"):
        return await to_thread.run_sync(_javascript, project, kind, path)
    if kind == "gcc":
        compiler = "g++" if path.endswith(_CXX) else "gcc"
        argv = (compiler, "-fsyntax-only", "-Wall", path)
        found = await to_thread.run_sync(shutil.which, compiler)
        return Check(compiler, kind, argv, timeout=settings.check.timeout) if found else None
    return None


async def _python(project: Project, kind: str, path: str) -> Check | None:
    python = await find_interpreter(project.root, project.settings)
    flags = ("--show-column-numbers", "--no-pretty", "--no-error-summary")
    options = flags if kind == "mypy" else ()
    if kind not in python.tools:
        return None
    argv = (python.path, "-m", kind, *options, path)
    return Check(kind, kind, argv, timeout=project.settings.timeout)


def _javascript(project: Project, kind: str, path: str) -> Check | None:
    """From the nearest folder that has the tool installed. Blocking."""
    folders = [*Path(path).parents]
    for folder in folders:
        home = "" if str(folder) == "." else folder.as_posix()
        if not (project.root / home / "node_modules" / ".bin" / kind).exists():
            continue
        program = f"node_modules/.bin/{kind}"
        inside = path.removeprefix(f"{home}/") if home else path
        rest = (inside,) if kind == "eslint" else ("--noEmit", "--pretty", "false")
        return Check(kind, kind, (program, *rest), home, timeout=project.settings.timeout)
    return None
