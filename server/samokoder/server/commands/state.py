"""`samokoder.state.*`: the store of runs: kept small, copied, checked, put back."""

from pathlib import Path
from typing import Annotated

import msgspec
from anyio.to_thread import run_sync
from msgspec import Meta

from samokoder.agents import configuration
from samokoder.agents.errors import InvalidInput, NotTrusted
from samokoder.server.commands import text
from samokoder.server.commands.command import Args, Call, Command, NoArgs
from samokoder.server.commands.shared import Root, Yes, root_of
from samokoder.state import address, backup, gc, workspaces
from samokoder.state.address import Address


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that were removed; ``freed`` is bytes of the file."""

    runs: int
    snapshots: int
    events: int
    notices: int
    blobs: int
    freed: int


class Copy(msgspec.Struct, frozen=True):
    """One backup; ``made`` is seconds since the epoch, ``size`` bytes."""

    path: str
    made: float
    size: int


class Backups(msgspec.Struct, frozen=True):
    """The backups there are, newest first."""

    backups: tuple[Copy, ...]


class Verified(msgspec.Struct, frozen=True):
    """A file that was checked and is sound."""

    path: str
    revision: str


class Restored(msgspec.Struct, frozen=True):
    """What was put back, and where the file it replaced was kept."""

    path: str
    replaced: str
    message: str


class BackupArgs(Args, frozen=True):
    list: Annotated[bool, Meta(description="Only list the backups.")] = False


class VerifyArgs(Args, frozen=True):
    path: Annotated[str, Meta(description="A backup; empty means the state itself.")] = ""


class RestoreArgs(Args, frozen=True):
    path: Annotated[str, Meta(description="The backup; empty means the newest sound one.")] = ""
    yes: Yes = False


class PurgeArgs(Args, frozen=True):
    root: Root = ""
    all: Annotated[bool, Meta(description="Every workspace.")] = False
    yes: Yes = False


async def _address() -> Address:
    settings = (await configuration.load(None)).settings
    return await run_sync(address.resolve, settings.state.url or None)


def _copy(found: backup.Backup) -> Copy:
    return Copy(str(found.path), found.made_at / 1000, found.size)


def _removed(done: gc.Collected) -> Collected:
    return Collected(
        runs=done.runs,
        snapshots=done.snapshots,
        events=done.events,
        notices=done.notices,
        blobs=done.blobs,
        freed=done.freed,
    )


async def collect(call: Call, args: NoArgs) -> Collected:
    settings = (await configuration.load(None)).settings
    await call.say("Removing what no run needs")
    return _removed(await gc.collect(call.service.db, retention_days=settings.state.retention_days))


async def back_up(call: Call, args: BackupArgs) -> Backups:
    file = backup.file_of(await _address())
    folder = backup.folder_of(file)
    if not args.list:
        await call.say("Copying the state")
        await run_sync(backup.copy, file, folder)
    found = await run_sync(backup.listing, folder)
    return Backups(tuple(_copy(one) for one in found))


async def verify(call: Call, args: VerifyArgs) -> Verified:
    file = Path(args.path) if args.path else backup.file_of(await _address())
    await call.say(f"Checking {file}")
    revision = await run_sync(lambda: backup.verify(file, sample=None))
    return Verified(str(file), revision)


async def restore(call: Call, args: RestoreArgs) -> Restored:
    file = backup.file_of(await _address())
    if args.path:
        chosen = Path(args.path)
    else:
        found = await run_sync(backup.listing, backup.folder_of(file))
        if not found:
            raise InvalidInput("there is no backup", hint="Name one with its path.")
        chosen = found[0].path
    question = f"Replace the state by {chosen.name}? The present file is kept beside it."
    if not args.yes and await call.choose(question, ("Restore", "No")) != "Restore":
        raise NotTrusted("nothing was restored", hint="Pass --yes.")
    made = (await run_sync(chosen.stat)).st_mtime
    replaced = await run_sync(backup.restore, file, chosen)
    message = f"The state is that of {text.when(made)}; what came later is in the replaced file."
    return Restored(str(chosen), str(replaced or ""), message)


async def purge(call: Call, args: PurgeArgs) -> Collected:
    root = None if args.all else await root_of(call, args.root)
    what = "every workspace" if root is None else str(root)
    question = f"Remove all runs, their history and undo of {what}? This cannot be taken back."
    if not args.yes and await call.choose(question, ("Remove", "No")) != "Remove":
        raise NotTrusted("nothing was removed", hint="Pass --yes.")
    workspace_id = None
    if root is not None:
        async with call.service.db.reading() as s:
            found = await workspaces.find(s, str(root))
        if found is None:
            return _removed(gc.Collected())
        workspace_id = found.id
    return _removed(await gc.purge(call.service.db, workspace_id))


def _show_collected(done: Collected) -> str:
    return (
        f"Removed {done.runs} runs, {done.snapshots} snapshots, {done.events} events, "
        f"{done.blobs} contents; {done.freed / 1e6:.1f} MB freed."
    )


def _show_backups(result: Backups) -> str:
    lines = [f"{text.when(c.made)}  {c.size / 1e6:8.1f} MB  {c.path}" for c in result.backups]
    return "\n".join(lines) or "No backups yet."


COMMANDS = (
    Command(
        "samokoder.state.gc",
        NoArgs,
        collect,
        "Remove from the state what is older than the retention.",
        show=_show_collected,
    ),
    Command(
        "samokoder.state.backup",
        BackupArgs,
        back_up,
        "Copy the state while it is in use, or list the copies.",
        show=_show_backups,
        bare=True,
    ),
    Command(
        "samokoder.state.verify",
        VerifyArgs,
        verify,
        "Check the state or a backup, every content included.",
        show=lambda r: f"{r.path} is sound (revision {r.revision}).",
        positional=("path",),
        bare=True,
    ),
    Command(
        "samokoder.state.restore",
        RestoreArgs,
        restore,
        "Put a backup in the place of the state; the replaced file is kept.",
        show=lambda r: f"{r.message}\nReplaced file: {r.replaced or 'none'}",
        positional=("path",),
        bare=True,
    ),
    Command(
        "samokoder.state.purge",
        PurgeArgs,
        purge,
        "Remove everything about a workspace from the state.",
        show=_show_collected,
    ),
)
