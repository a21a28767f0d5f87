"""Confinement by Linux namespaces without any program installed; see :mod:`.enter`."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from anyio import to_thread

from samokoder.agents.sandbox import process
from samokoder.agents.sandbox.bubblewrap import with_signal
from samokoder.agents.sandbox.limits import limited
from samokoder.agents.sandbox.mounts import mounts
from samokoder.agents.sandbox.sandbox import Finished, Job

_ENTER = str(Path(__file__).with_name("enter.py"))


class Namespaces:
    """See :class:`~samokoder.agents.sandbox.sandbox.Sandbox`."""

    name = "namespaces"
    confines = True
    relocates = True

    async def run(self, job: Job, on_output: Callable[[str], None] | None = None) -> Finished:
        argv = await to_thread.run_sync(_command, job)
        finished = await process.run(
            argv,
            cwd=Path("/"),
            env={**job.env, "TMPDIR": "/tmp"},
            limits=job.limits,
            on_output=on_output,
        )
        return with_signal(finished)


def probe() -> tuple[str, ...]:
    """A command line that succeeds exactly where this confinement works."""
    return _entering({"mounts": [["hide", "/tmp", ""]], "cwd": "/", "argv": ["true"]})


def _command(job: Job) -> tuple[str, ...]:
    return _entering(
        {
            "mounts": [
                [mount.kind.value, str(mount.target), str(mount.source or "")]
                for mount in mounts(job)
            ],
            "cwd": os.path.normpath(job.root / job.cwd),
            "argv": list(limited(job.argv, job.limits)),
        },
        network=job.network,
    )


def _entering(spec: dict[str, object], *, network: bool = False) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", _ENTER, json.dumps({**spec, "network": network}))
