"""Running candidates' tests in the sandbox: what the runner is told and what it says."""

import io
import json
import os
import zipfile
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import PurePosixPath
from typing import Any

from samokoder.agents.checks.check import Check
from samokoder.agents.repair.workshop import Bench

_NAME = "samokoder_runner"
_START = f"from {_NAME}.main import main\nmain()\n"


@dataclass(frozen=True, slots=True)
class Job:
    """How the runner runs the tests of one check. ``trace``: CPU seconds of the run that finds the
    place.
    """

    kind: str
    argv: tuple[str, ...]
    python: str
    cwd: str
    trace: float = 4.0


def job_of(check: Check) -> Job | None:
    """How the runner can do what this check's command does; None when it cannot."""
    argv = list(check.argv)
    if not PurePosixPath(argv[0]).name.startswith(("python", "pypy")):
        return None
    python, rest = argv[0], argv[1:]
    while rest and rest[0] in ("-B", "-u", "-q", "-E", "-s", "-W", "-X"):
        rest = rest[2:] if rest[0] in ("-W", "-X") else rest[1:]
    if not rest:
        return None
    if rest[0].endswith("samokoder_report.py"):
        args = [a for a in rest[1:] if not a.startswith("--only=")]
        return Job("unittest", tuple(args), python, check.cwd)
    if rest[:2] == ["-m", "unittest"]:
        return Job("unittest", tuple(rest[2:]), python, check.cwd)
    if rest[:2] == ["-m", "pytest"]:
        return Job("pytest", tuple(rest[2:]), python, check.cwd)
    if rest[0].endswith(".py") or rest[0] == "-m":
        return Job("script", tuple(rest), python, check.cwd)
    return None


@cache
def program() -> bytes:
    """The runner as one file that Python can run. Blocking."""
    data = io.BytesIO()
    folder = resources.files(__package__).joinpath("runner")
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("__main__.py", _START)
        for item in sorted(folder.iterdir(), key=lambda i: i.name):
            if item.name.endswith(".py"):
                file.writestr(f"{_NAME}/{item.name}", item.read_bytes())
    return data.getvalue()


async def run(
    bench: Bench, script: str, job: Job, facts: dict[str, Any], seconds: float
) -> list[dict[str, Any]]:
    """The runner's lines. ``seconds`` is wall time."""
    facts = {"kind": job.kind, "argv": list(job.argv), "root": bench.root, **facts}
    file = await bench.put("job.json", json.dumps(facts).encode())
    name = f"{facts['mode']}.jsonl"
    out = await bench.put(name, b"")
    await bench.run((job.python, script, file, out), cwd=job.cwd, seconds=seconds)
    lines: list[dict[str, Any]] = []
    for line in (await bench.take(name)).splitlines():
        try:
            fact = json.loads(line)
        except ValueError:
            continue
        if isinstance(fact, dict):
            lines.append(fact)
    return lines


def workers() -> int:
    """Processes at the same time."""
    return max(1, min(4, os.cpu_count() or 1))
