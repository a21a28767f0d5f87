"""What a process that lives long does beside its work: backups, and a state that stays small."""

import time

import anyio

from samokoder.agents import logs
from samokoder.agents.settings import Settings
from samokoder.state import backup, gc
from samokoder.state.database import Database
from samokoder.state.errors import StateError

log = logs.get(__name__)

EVERY = 600.0
"""Seconds between looks whether anything is due."""
COLLECT = 86_400.0
"""Seconds between collections of what no run needs."""
SETTLE = 30.0
"""Seconds after the start before the first look: the editor comes first."""


async def keep_house(db: Database, settings: Settings) -> None:
    """Back up and collect on schedule, until cancelled; a failure is logged and tried again."""
    collected = time.monotonic()
    await anyio.sleep(SETTLE)
    while True:
        try:
            if db.address.file is not None:
                made = await backup.keep(
                    db.address, hours=settings.state.backup_hours, backups=settings.state.backups
                )
                if made is not None:
                    log.info("the state was backed up", path=str(made.path), size=made.size)
            if time.monotonic() - collected > COLLECT:
                collected = time.monotonic()
                done = await gc.collect(db, retention_days=settings.state.retention_days)
                log.info("the state was tidied up", runs=done.runs, freed=done.freed)
        except StateError as error:
            log.error("the state could not be looked after", error=str(error))
        await anyio.sleep(EVERY)
