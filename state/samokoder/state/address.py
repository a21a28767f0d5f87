"""Which database: a SQLite file of this user by default, a PostgreSQL server for teams."""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from samokoder.state import paths
from samokoder.state.errors import StateError

FILE = "state.db"


@dataclass(frozen=True, slots=True)
class Address:
    """``file`` is None for a server. ``label`` is for messages and holds no password."""

    url: URL
    file: Path | None
    label: str
    connect: Mapping[str, Any] = field(default_factory=dict)
    """More arguments of the server's driver: it would look for them in files, on the event loop."""


def resolve(where: str | Path | None) -> Address:
    """The address of a file, a URL, or the default file in the state folder (may make it)."""
    if where is None or where == "":
        return _file(paths.state_dir() / FILE)
    if isinstance(where, Path):
        return _file(where)
    try:
        url = make_url(where)
    except ArgumentError as error:
        raise StateError(f"{where!r} is not a database address") from error
    backend = url.get_backend_name()
    if backend == "sqlite" and url.database and url.database != ":memory:":
        return _file(Path(url.database).expanduser())
    if backend in ("postgresql", "postgres"):
        return _server(url)
    raise StateError(
        f"{url.render_as_string(hide_password=True)} cannot hold the state",
        hint="Use sqlite:///PATH or postgresql://USER@HOST/NAME.",
    )


def _server(url: URL) -> Address:
    """``?sslmode=`` may be disable, require (encrypted only) or verify-full, the default anywhere
    but on this machine; ``?sslrootcert=FILE`` names the authority. ``PGPASSWORD`` is honoured."""
    query = dict(url.query)
    local = url.host in (None, "localhost", "127.0.0.1", "::1")
    mode = query.pop("sslmode", os.environ.get("PGSSLMODE", "disable" if local else "verify-full"))
    authority = query.pop("sslrootcert", os.environ.get("PGSSLROOTCERT"))
    secure: ssl.SSLContext | bool = False
    if mode == "require" or mode == "verify-full":
        try:
            secure = ssl.create_default_context(cafile=str(authority) if authority else None)
        except OSError as error:
            raise StateError(f"{authority}: {error.strerror or error}") from error
        if mode == "require":
            secure.check_hostname = False
            secure.verify_mode = ssl.CERT_NONE
    elif mode != "disable":
        raise StateError(f"sslmode={mode} is not one of disable, require, verify-full")
    password = url.password or os.environ.get("PGPASSWORD", "")
    url = url.set(drivername="postgresql+asyncpg", query=query)
    label = url.render_as_string(hide_password=True)
    return Address(url, None, label, {"ssl": secure, "password": password, "timeout": 10})


def _file(path: Path) -> Address:
    path = path.absolute()
    return Address(URL.create("sqlite+aiosqlite", database=str(path)), path, str(path))
