"""Processes that execute runs: who is alive, whose runs are orphans.

A process on this machine is asked for by its pid and start time; one elsewhere (another host or
container) counts as dead when its heartbeat is older than ``STALE_MS``.
"""

import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from anyio.to_thread import run_sync
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import clock, rows, schema

BEAT_MS = 5_000
"""How often a living owner says so."""
STALE_MS = 30_000
LONG_STALE_MS = 600_000


@dataclass(frozen=True, slots=True)
class Owner:
    id: str
    machine: str
    pid: int
    started: int
    beat_at: int


_COLUMNS = rows.columns(Owner, schema.Owner)


async def register(
    s: AsyncSession,
    *,
    machine: str | None = None,
    pid: int | None = None,
    started: int | None = None,
) -> Owner:
    """This process (or the one named) as an owner of runs; a new identity at each call."""
    number = os.getpid() if pid is None else pid
    here, since = await run_sync(lambda: (_machine(), _started(number)))
    owner = Owner(
        clock.new_id(),
        here if machine is None else machine,
        number,
        since if started is None else started,
        clock.now_ms(),
    )
    values = {name: getattr(owner, name) for name in Owner.__dataclass_fields__}
    await s.execute(insert(schema.Owner).values(values))
    return owner


async def beat(s: AsyncSession, owner_id: str, *, now: int | None = None) -> bool:
    """Say that the owner lives; False when it has been buried and must register again."""
    statement = (
        update(schema.Owner)
        .where(schema.Owner.id == owner_id)
        .values(beat_at=clock.now_ms() if now is None else now)
        .returning(schema.Owner.id)
    )
    return (await s.execute(statement)).first() is not None


async def bury(s: AsyncSession, owner_id: str) -> None:
    """Forget an owner: its leases end, its runs belong to nobody."""
    await s.execute(delete(schema.Owner).where(schema.Owner.id == owner_id))


async def dead(s: AsyncSession, *, now: int | None = None) -> tuple[Owner, ...]:
    """Every registered owner that no longer lives."""
    found = [Owner(*row) for row in await s.execute(select(*_COLUMNS))]
    at = clock.now_ms() if now is None else now
    return tuple(await run_sync(lambda: [owner for owner in found if not _alive(owner, at)]))


def _alive(owner: Owner, now: int) -> bool:
    if owner.machine == _machine() and sys.platform != "win32":
        try:
            os.kill(owner.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        if owner.started:
            return _started(owner.pid) == owner.started
        # no start time to tell a reused pid by: a long silence is the only sign
        return now - owner.beat_at < LONG_STALE_MS
    return now - owner.beat_at < STALE_MS


def _machine() -> str:
    """Equal only where a pid means the same process: host, boot and pid namespace."""
    parts = [socket.gethostname()]
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    except OSError:
        pass
    return " ".join(parts)


def _started(pid: int) -> int:
    """Clock ticks after boot at which the process began; 0 where the kernel does not say, -1 for
    one that has ended and only waits for its parent."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    fields = line.rpartition(")")[2].split()
    # a zombie will never write again
    return -1 if fields[0] == "Z" else int(fields[19])
