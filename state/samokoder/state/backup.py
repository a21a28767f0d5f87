"""Copies of the state file: made while it is in use, checked, rotated, put back.

Every function but ``keep`` blocks: call it from a worker thread. These
are for the file: what is on a server is its administrator's to save.
"""

import hashlib
import os
import secrets
import sqlite3
import time
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from anyio.to_thread import run_sync

from samokoder.state import faults, paths, schema
from samokoder.state.address import Address
from samokoder.state.errors import StateBusy, StateDamaged, StateError

KEEP = 5
LEFT_OVER = 3_600
"""Seconds after which an unfinished copy has no maker any more."""
SAMPLE = 200
"""Blobs whose content is compared with their name when a file is verified."""


@dataclass(frozen=True, slots=True)
class Backup:
    """``made_at`` is UTC epoch in milliseconds, ``size`` in bytes."""

    path: Path
    made_at: int
    size: int


def folder_of(file: Path) -> Path:
    """Where this state's backups are: ``backups`` beside it."""
    return file.with_name("backups")


def file_of(address: Address) -> Path:
    """The state's file; an error that says what to do when it lives on a server."""
    if address.file is None:
        raise StateError(
            f"{address.label} is a server",
            hint="Back it up with `pg_dump -Fc`, restore it with `pg_restore`.",
        )
    return address.file


def copy(file: Path, folder: Path, label: str = "") -> Backup:
    """A consistent copy of a file in use, complete under its name or not there at all."""
    paths.private(folder)
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    stamp = f"{stamp}{time.time_ns() // 1_000_000 % 1000:03}Z"
    # two processes may make one in the same millisecond
    name = "-".join(["state", stamp, secrets.token_hex(3), *([label] if label else [])])
    target, partial = folder / f"{name}.db", folder / f".{name}.partial"
    with _translated(file):
        try:
            os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            with closing(_reading(file)) as source, closing(sqlite3.connect(partial)) as copied:
                source.backup(copied)  # in one go: writers do not make it start again
                # one file without a log beside it: what is named is all there is
                copied.execute("PRAGMA journal_mode=DELETE")
            _sync(partial)
            partial.replace(target)
            _sync(folder)
        finally:
            partial.unlink(missing_ok=True)
    return Backup(target, time.time_ns() // 1_000_000, target.stat().st_size)


def listing(folder: Path) -> tuple[Backup, ...]:
    """The backups there, newest first."""
    if not folder.is_dir():
        return ()
    found = [path for path in folder.glob("state-*.db") if path.is_file()]
    made = [
        Backup(path, (info := path.stat()).st_mtime_ns // 1_000_000, info.st_size)
        for path in sorted(found, key=lambda path: path.name, reverse=True)
    ]
    return tuple(made)


def rotate(folder: Path, keep: int = KEEP) -> int:
    """Remove the oldest, leaving ``keep`` (at least one), and what killed processes left half
    done; how many backups went."""
    old = listing(folder)[max(keep, 1) :]
    for backup in old:
        backup.path.unlink(missing_ok=True)
    for partial in folder.glob(".state-*.partial"):
        if time.time() - partial.stat().st_mtime > LEFT_OVER:
            partial.unlink(missing_ok=True)
    return len(old)


def due(folder: Path, hours: float, *, now: int | None = None) -> bool:
    """Whether the last backup is older than this; 0 hours: never."""
    if hours <= 0:
        return False
    newest = next(iter(listing(folder)), None)
    at = time.time_ns() // 1_000_000 if now is None else now
    return newest is None or at - newest.made_at >= hours * 3_600_000


async def keep(address: Address, *, hours: float, backups: int = KEEP) -> Backup | None:
    """Make the backup that is due, if one is, and drop the oldest; does its work in a thread."""

    def work() -> Backup | None:
        file = file_of(address)
        folder = folder_of(file)
        if not due(folder, hours):
            return None
        made = copy(file, folder)
        rotate(folder, backups)
        return made

    return await run_sync(work)


def verify(file: Path, *, sample: int | None = SAMPLE) -> str:
    """Check the whole file and a sample of contents (None: all); its revision.

    Raises StateDamaged, or StateUnwritable when it cannot be read at all.
    """
    if not file.is_file():
        raise StateError(f"{file} does not exist")
    with _translated(file), closing(_reading(file)) as connection:
        problems = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
        if problems != ["ok"]:
            raise StateDamaged(f"{file}: {problems[0]}")
        if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
            raise StateDamaged(f"{file}: a row points to nothing")
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        if found is None:
            raise StateDamaged(f"{file} does not say which version wrote it")
        statement = "SELECT hash, packed, data FROM blobs WHERE data IS NOT NULL"
        if sample is not None:
            statement += f" ORDER BY random() LIMIT {sample:d}"
        for key, packed, data in connection.execute(statement):
            try:
                whole = zlib.decompress(data) if packed else data
            except zlib.error as error:
                raise StateDamaged(f"{file}: blob {key.hex()} cannot be unpacked") from error
            if hashlib.sha256(whole).digest() != key:
                raise StateDamaged(f"{file}: blob {key.hex()} does not match its name")
        return str(found[0])


def restore(file: Path, backup: Path) -> Path | None:
    """Put a verified backup in the place of the state; where the replaced file was kept, if any.

    Nobody may have the state open: StateBusy when somebody writes to it.
    """
    version = verify(backup, sample=None)
    if version > schema.HEAD:
        raise StateError(f"{backup} has revision {version}, this knows {schema.HEAD}")
    partial = file.with_name(f".{file.name}.restoring")
    with _translated(file):
        try:
            with closing(_reading(backup)) as source:
                os.close(os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
                with closing(sqlite3.connect(partial)) as copied:
                    source.backup(copied)
                    copied.execute("PRAGMA journal_mode=DELETE")
            _sync(partial)
            aside = _move_aside(file)
            partial.replace(file)
            _sync(file.parent)
        finally:
            partial.unlink(missing_ok=True)
    return aside


def _move_aside(file: Path) -> Path | None:
    """Keep the present file, its log included, under another name."""
    if not file.exists():
        return None
    _refuse_if_in_use(file)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    aside = file.with_name(f"{file.stem}-replaced-{stamp}{file.suffix}")
    for ending in ("", "-wal", "-shm"):
        part = Path(f"{file}{ending}")
        if part.exists():
            part.rename(f"{aside}{ending}")
    return aside


def _refuse_if_in_use(file: Path) -> None:
    connection = sqlite3.connect(file, timeout=0, isolation_level=None)
    try:
        # leaving WAL mode needs to be alone with the file; a damaged one cannot answer
        connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (
            sqlite3.SQLITE_BUSY,
            sqlite3.SQLITE_LOCKED,
        ):
            raise StateBusy(
                f"{file} is in use", hint="Stop it first: `samokoder daemon stop`."
            ) from error
    finally:
        connection.close()


def _reading(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=10)


def _sync(path: Path) -> None:
    if os.name != "nt":
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _translated(file: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        known = faults.translated(error, str(file))
        if known is None:
            raise
        raise known from error
