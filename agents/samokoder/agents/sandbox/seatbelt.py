"""Confinement on macOS by ``sandbox-exec``: a profile that denies what is not named.

The copy cannot stand at the workspace's own path here, so commands run in the copy itself.
"""

import os
from collections.abc import Callable
from pathlib import Path

from anyio import to_thread

from samokoder.agents.sandbox.mounts import own_folders
from samokoder.agents.sandbox.sandbox import Finished, Job
from samokoder.agents.sandbox.toolchains import installation, toolchains
from samokoder.agents.sandbox.unconfined import Unconfined

PROGRAM = "/usr/bin/sandbox-exec"
PROBE = (PROGRAM, "-p", "(version 1)(allow default)", "/usr/bin/true")


class Seatbelt:
    """See :class:`~samokoder.agents.sandbox.sandbox.Sandbox`."""

    name = "seatbelt"
    confines = True
    relocates = False

    async def run(self, job: Job, on_output: Callable[[str], None] | None = None) -> Finished:
        text = await to_thread.run_sync(profile, job, Path.home())
        return await Unconfined(prefix=(PROGRAM, "-p", text)).run(job, on_output)


def profile(job: Job, home: Path) -> str:
    """Reading is allowed but for the home folder and our own; writing only where it is lent.

    Later rules win over earlier ones. Blocking.
    """
    writable = [job.scratch, *job.writable, *([job.tmp] if job.tmp is not None else [])]
    readable = [
        *toolchains(home),
        *installation(Path(job.argv[0]), (home, job.root)),
        *job.readable,
        *(job.root / name for name in job.readonly),
    ]
    lines = [
        "(version 1)",
        "(allow default)",
        "(deny file-write*)",
        f"(deny file-read-data {_below(home)})",
        *(f"(deny file-read* {_below(folder)})" for folder in own_folders()),
        *(f"(allow file-read* {_below(folder)})" for folder in (*readable, *writable)),
        *(f"(allow file-write* {_below(folder)})" for folder in writable),
        '(allow file-write* (regex #"^/dev/(null|zero|tty|fd/.*|ptmx|ttys.*)$"))',
        '(deny mach-lookup (global-name-regex #"^com\\.apple\\.(securityd|pasteboard).*"))',
    ]
    if not job.network:
        lines += [
            "(deny network*)",
            '(allow network* (local ip "localhost:*"))',
            '(allow network* (remote ip "localhost:*"))',
        ]
    return "\n".join(lines)


def _below(folder: Path) -> str:
    path = os.path.realpath(folder).replace("\\", "\\\\").replace('"', '\\"')
    return f'(subpath "{path}")'
