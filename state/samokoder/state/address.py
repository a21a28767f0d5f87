"""Which database: a SQLite file of this user by default, a PostgreSQL server for teams."""

from dataclasses import dataclass
from pathlib import Path

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
        url = url.set(drivername="postgresql+asyncpg")
        return Address(url, None, url.render_as_string(hide_password=True))
    raise StateError(
        f"{url.render_as_string(hide_password=True)} cannot hold the state",
        hint="Use sqlite:///PATH or postgresql://USER@HOST/NAME.",
    )


def _file(path: Path) -> Address:
    path = path.absolute()
    return Address(URL.create("sqlite+aiosqlite", database=str(path)), path, str(path))
