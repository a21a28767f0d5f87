"""`samokoder.doctor`: is everything in place? What a bug report needs, and no secret."""

import platform
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import msgspec
from anyio.to_thread import run_sync

from samokoder.agents import configuration
from samokoder.agents.checks.interpreter import find_interpreter
from samokoder.agents.errors import EngineMissing, EnvironmentMissing
from samokoder.agents.preview.engine import connect
from samokoder.agents.sandbox import confine
from samokoder.server.commands.command import Args, Call, Command
from samokoder.server.commands.shared import Root, root_of
from samokoder.server.version import VERSION
from samokoder.state import address, backup, paths
from samokoder.state.errors import SamokoderError

Level = Literal["ok", "warning", "error"]


class DoctorArgs(Args, frozen=True):
    root: Root = ""


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at; ``hint`` says what to do about it."""

    level: Level
    what: str
    found: str
    hint: str = ""


class Report(msgspec.Struct, frozen=True):
    """Everything that was looked at."""

    findings: tuple[Finding, ...]


async def doctor(call: Call, args: DoctorArgs) -> Report:
    root = await root_of(call, args.root)
    found: list[Finding] = []
    for look in (_versions, _state, _settings, _sandbox, _python, _models, _tools, _engine):
        await call.say(f"Looking at {look.__name__.strip('_')}")
        found += [one async for one in look(root)]
    return Report(tuple(found))


async def _versions(root: Path) -> AsyncIterator[Finding]:
    yield Finding("ok", "version", f"samokoder {VERSION}, Python {platform.python_version()}")
    yield Finding(
        "ok", "platform", f"{platform.system()} {platform.release()} {platform.machine()}"
    )


async def _state(root: Path) -> AsyncIterator[Finding]:
    settings = (await configuration.load(root)).settings
    try:
        where = await run_sync(address.resolve, settings.state.url or None)
        if where.file is None:
            yield Finding("ok", "state", where.label)
            return
        if not await run_sync(where.file.exists):
            yield Finding("ok", "state", f"{where.file}, made at first use")
            return
        revision = await run_sync(backup.verify, where.file)
        size = (await run_sync(where.file.stat)).st_size / 1e6
        yield Finding("ok", "state", f"{where.file}, {size:.1f} MB, revision {revision}, sound")
        copies = await run_sync(backup.listing, backup.folder_of(where.file))
        yield Finding("ok", "backups", str(len(copies)))
    except SamokoderError as error:
        yield Finding("error", "state", error.detail or error.title, error.hint)


async def _settings(root: Path) -> AsyncIterator[Finding]:
    loaded = await configuration.load(root)
    for problem in loaded.problems:
        yield Finding("warning", "setting", str(problem))
    for held in loaded.held_back:
        yield Finding("warning", "setting", str(held), "Run `samokoder trust`.")
    if not loaded.problems:
        yield Finding("ok", "settings", f"{await run_sync(paths.config_dir)}")


async def _sandbox(root: Path) -> AsyncIterator[Finding]:
    best = (await confine.all_available())[0]
    if best.confines:
        yield Finding("ok", "sandbox", best.name)
    else:
        hint = "Install bubblewrap: without a sandbox, model-written code runs only on your word."
        yield Finding("warning", "sandbox", "none", hint)


async def _python(root: Path) -> AsyncIterator[Finding]:
    settings = (await configuration.load(root)).settings
    try:
        found = await find_interpreter(root, settings.check)
        tools = ", ".join(sorted(found.tools)) or "no test tools"
        yield Finding("ok", "project's python", f"{found.path} ({tools})")
    except EnvironmentMissing as error:
        yield Finding("warning", "project's python", error.detail, error.hint)


async def _models(root: Path) -> AsyncIterator[Finding]:
    from samokoder.agents.models import weights

    for model in await run_sync(weights.listing):
        if model.used:
            yield Finding("ok", "embedded model", f"{model.name}, {model.size / 1e9:.2f} GB")
            return
    hint = "Run `samokoder model pull`, or configure an endpoint."
    yield Finding("warning", "embedded model", "not pulled", hint)


async def _tools(root: Path) -> AsyncIterator[Finding]:
    for name in ("git", "node"):
        where = await run_sync(shutil.which, name)
        yield Finding("ok", name, where or "not found")
    free = (await run_sync(shutil.disk_usage, await run_sync(paths.state_dir))).free / 1e9
    level: Level = "ok" if free > 1 else "warning"
    yield Finding(level, "disk", f"{free:.1f} GB free")


async def _engine(root: Path) -> AsyncIterator[Finding]:
    settings = (await configuration.load(root)).settings
    try:
        found = await connect(settings.preview.engine)
    except EngineMissing as error:
        yield Finding("ok", "container engine", "none, so no previews", error.hint)
        return
    guards = ", ".join(found.facts.security) or "no security options"
    name = f"{found.facts.name} {found.facts.version} at {found.address} ({guards})"
    yield Finding("ok", "container engine", name)
    runtimes = ", ".join(found.facts.runtimes) or found.facts.default_runtime
    yield Finding("ok", "container runtimes", runtimes)
    await found.aclose()


def _show(report: Report) -> str:
    marks = {"ok": "✓", "warning": "!", "error": "✗"}
    lines = []
    for one in report.findings:
        lines.append(f"{marks[one.level]} {one.what}: {one.found}")
        if one.hint:
            lines.append(f"    {one.hint}")
    return "\n".join(lines)


def _code(report: Report) -> int:
    return 4 if any(one.level == "error" for one in report.findings) else 0


COMMANDS = (
    Command(
        "samokoder.doctor",
        DoctorArgs,
        doctor,
        "Look whether everything is in place, and say what is missing.",
        show=_show,
        exit_code=_code,
        positional=("root",),
        bare=True,
    ),
)
