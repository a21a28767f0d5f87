"""Confinement by bubblewrap: the machine read-only, home hidden, no network, own processes."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from anyio import to_thread

from samokoder.agents.sandbox import process
from samokoder.agents.sandbox.limits import limited
from samokoder.agents.sandbox.mounts import Kind, mounts
from samokoder.agents.sandbox.sandbox import Finished, Job

_BASE = ("--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL")

PROBE = (*_BASE, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--", "true")
"""Arguments of a command that succeeds exactly where this confinement works."""

_FLAGS = {Kind.HIDE: "--tmpfs", Kind.SHOW: "--ro-bind", Kind.LEND: "--bind"}


class Bubblewrap:
    """See :class:`~samokoder.agents.sandbox.sandbox.Sandbox`."""

    name = "bubblewrap"
    confines = True
    relocates = True

    def __init__(self, program: str) -> None:
        self._program = program

    async def run(self, job: Job, on_output: Callable[[str], None] | None = None) -> Finished:
        argv = await to_thread.run_sync(self._command, job)
        finished = await process.run(
            argv,
            cwd=Path("/"),
            env={**job.env, "TMPDIR": "/tmp"},
            limits=job.limits,
            on_output=on_output,
        )
        return with_signal(finished)

    def _command(self, job: Job) -> tuple[str, ...]:
        argv = [self._program, *_BASE]
        if job.network:
            argv.append("--share-net")
        argv += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
        for mount in mounts(job):
            flag = _FLAGS[mount.kind]
            argv += [flag, str(mount.target)]
            if mount.source is not None:
                argv.insert(-1, str(mount.source))
        argv += ["--chdir", os.path.normpath(job.root / job.cwd), "--"]
        # Set inside: outside, the bound on processes would count the whole user's.
        return (*argv, *limited(job.argv, job.limits))


def find() -> str | None:
    """The program, or None."""
    return shutil.which("bwrap")


def with_signal(finished: Finished) -> Finished:
    """The first process inside reports a signal as 128 + its number; say it as Python does."""
    if 128 < finished.exit_code <= 128 + 64:
        return replace(finished, exit_code=128 - finished.exit_code)
    return finished
