"""What a database driver raises, turned into the state's own errors."""

import sqlite3

from sqlalchemy.exc import DBAPIError

from samokoder.state.errors import (
    StateBusy,
    StateDamaged,
    StateError,
    StateUnwritable,
)

_SQLITE: dict[int, type[StateError]] = {
    sqlite3.SQLITE_BUSY: StateBusy,
    sqlite3.SQLITE_LOCKED: StateBusy,
    sqlite3.SQLITE_CORRUPT: StateDamaged,
    sqlite3.SQLITE_NOTADB: StateDamaged,
    sqlite3.SQLITE_FORMAT: StateDamaged,
    sqlite3.SQLITE_PERM: StateUnwritable,
    sqlite3.SQLITE_READONLY: StateUnwritable,
    sqlite3.SQLITE_IOERR: StateUnwritable,
    sqlite3.SQLITE_FULL: StateUnwritable,
    sqlite3.SQLITE_CANTOPEN: StateUnwritable,
}
_POSTGRES: dict[str, type[StateError]] = {
    "40": StateBusy,  # serialization failure, deadlock
    "53": StateUnwritable,  # disk full, out of memory, too many connections
    "55": StateBusy,  # lock not available
    "57": StateBusy,  # shutting down, cancelled
    "58": StateUnwritable,  # I/O error
    "XX": StateDamaged,
    "25": StateUnwritable,  # read-only transaction
}


def translated(error: Exception, what: str) -> StateError | None:
    """The state's own error for a driver's; None when it is a mistake of ours.

    ``what`` names the database for the message: a file's path or a server's address.
    """
    if isinstance(error, StateError):
        return error
    cause = getattr(error, "orig", None) if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _sqlite(cause, what)
    if isinstance(cause, OSError):
        return StateUnwritable(f"{what}: {cause.strerror or cause}")
    code = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    if isinstance(code, str) and code[:2] in _POSTGRES:
        return _POSTGRES[code[:2]](f"{what}: {cause}")
    return None


def _sqlite(cause: sqlite3.Error, what: str) -> StateError | None:
    code = getattr(cause, "sqlite_errorcode", None)
    if isinstance(code, int) and code & 0xFF in _SQLITE:
        return _SQLITE[code & 0xFF](f"{what}: {cause}")
    # a table that is gone, or text that is none: both came with no code of their own
    text = str(cause)
    if "no such table" in text or "no such column" in text or "Could not decode" in text:
        return StateDamaged(f"{what}: {cause}")
    return None
