"""Every repository test runs on SQLite and, where one can be had, on a real PostgreSQL server."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import text

from samokoder.state import runs, schema, workspaces
from samokoder.state.database import Database

ACCOUNTS = ("postgres", "nobody")


@dataclass
class Server:
    """``port`` is on 127.0.0.1; the role ``tests`` may do everything, without a password.

    ``shared`` is a database that tests empty and use one after the other.
    """

    port: int
    binaries: Path
    shared: str = ""
    _numbers: Iterator[int] = field(default_factory=count)

    def fresh_database(self) -> str:
        """The address of a new, empty database."""
        name = f"state{next(self._numbers)}"
        subprocess.run(
            [
                self.binaries / "createdb",
                "-h",
                "127.0.0.1",
                "-p",
                str(self.port),
                "-U",
                "tests",
                name,
            ],
            check=True,
            timeout=30,
        )
        return f"postgresql://tests@127.0.0.1:{self.port}/{name}"


def missing() -> str:
    """Why no server can be had here; empty when one can."""
    if _binaries() is None:
        return "PostgreSQL: no initdb on PATH or below /usr/lib/postgresql"
    if os.name != "posix":
        return "PostgreSQL: tests start it on POSIX systems only"
    if os.geteuid() == 0 and (_account() is None or shutil.which("setpriv") is None):
        return "PostgreSQL: refuses to run as root, and there is no account to change to"
    return ""


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Initialise a cluster below ``folder``, start it, and stop it at the end."""
    binaries = _binaries()
    assert binaries is not None
    prefix: list[str] = []
    if os.geteuid() == 0:
        account = _account()
        assert account is not None
        # the parents made by pytest are closed to other users
        folder = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
        os.chown(folder, account.pw_uid, account.pw_gid)
        prefix = [
            "setpriv",
            f"--reuid={account.pw_uid}",
            f"--regid={account.pw_gid}",
            "--clear-groups",
        ]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data, environment = folder / "data", {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}

    def run(*command: str | Path) -> None:
        subprocess.run(
            [*prefix, *command],
            check=True,
            timeout=50,
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
        )

    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    try:
        run(binaries / "initdb", "-D", data, "-U", "tests", "-A", "trust", "-E", "UTF8", "-N")
        run(binaries / "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start")
        try:
            server = Server(port, binaries)
            server.shared = server.fresh_database()
            yield server
        finally:
            run(binaries / "pg_ctl", "-D", data, "-m", "fast", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return installed[-1].parent if installed else None


def _account() -> pwd.struct_passwd | None:
    for name in ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of our own on a loopback port, owned by an ordinary user."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    with running(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def db(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An open, empty state."""
    where: Path | str = tmp_path / "state" / "state.db"
    if request.param == "postgres":
        where = request.getfixturevalue("postgres").shared
    async with Database.open(where) as database:
        if request.param == "postgres":
            tables = ", ".join(schema.Table.metadata.tables)
            async with database.session() as s:
                await s.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
        yield database


@pytest.fixture
async def workspace(db: Database) -> int:
    """The number of a workspace."""
    async with db.session() as s:
        return (await workspaces.ensure(s, "/srv/project")).id


@pytest.fixture
async def run_id(db: Database, workspace: int) -> str:
    """The id of a queued run in it."""
    async with db.session() as s:
        return (await runs.create(s, workspace_id=workspace, kind="fix")).id


@pytest.fixture
def other_process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing, ended at the latest with the test."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        yield child
    finally:
        child.kill()
        child.wait()
