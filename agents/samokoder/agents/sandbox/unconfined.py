"""No confinement: limits, a separate copy and a bare environment are all there is."""

import os
from collections.abc import Callable
from pathlib import Path

from anyio import to_thread

from samokoder.agents.sandbox import process
from samokoder.agents.sandbox.limits import limited, running_threads
from samokoder.agents.sandbox.sandbox import Finished, Job


class Unconfined:
    """Runs in the scratch copy; dependency folders are links to the workspace's own.

    ``prefix`` is a program that runs the command line behind it.
    """

    name = "none"
    confines = False
    relocates = False

    def __init__(self, prefix: tuple[str, ...] = ()) -> None:
        self._prefix = prefix

    async def run(self, job: Job, on_output: Callable[[str], None] | None = None) -> Finished:
        others = await to_thread.run_sync(_prepare, job)
        env = dict(job.env)
        if job.tmp is not None:
            env["TMPDIR"] = str(job.tmp)
        return await process.run(
            (*self._prefix, *limited(_moved(job), job.limits, others=others)),
            cwd=job.scratch / job.cwd,
            env=env,
            limits=job.limits,
            on_output=on_output,
        )


def _prepare(job: Job) -> int:
    for name in job.readonly:
        link = job.scratch / name
        if not link.exists() and link.parent.is_dir():
            link.unlink(missing_ok=True)
            os.symlink(job.root / name, link, target_is_directory=True)
    return running_threads()


def _moved(job: Job) -> tuple[str, ...]:
    """The command line with paths of the workspace pointing into the copy.

    Programs of dependency folders keep their own path: an interpreter finds its packages by it.
    """
    root = str(job.root)
    kept = tuple(job.root / name for name in job.readonly)

    def move(part: str) -> str:
        inside = part == root or part.startswith(root + os.sep)
        if not inside or any(Path(part).is_relative_to(folder) for folder in kept):
            return part
        return str(job.scratch) + part[len(root) :]

    return tuple(move(part) for part in job.argv)
