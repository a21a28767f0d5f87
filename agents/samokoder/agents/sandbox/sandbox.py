"""The seam to confinement: run one command in a scratch copy, bounded in every way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one command. ``seconds`` is wall time; sizes are bytes; ``processes`` a count.

    ``output`` bounds what is kept (head and tail), not what the command may print.
    """

    seconds: float = 300.0
    memory: int = 4 << 30
    processes: int = 512
    file_size: int = 1 << 30
    output: int = 256 << 10


@dataclass(frozen=True, slots=True)
class Job:
    """One command. ``root`` is the workspace, ``scratch`` the copy that stands in for it.

    ``cwd`` is relative to the workspace. ``readonly`` are folders of the real workspace (relative)
    that are seen read-only inside (``.venv``, ``node_modules`` …). ``env`` is the environment, all
    of it but TMPDIR, which follows from ``tmp``. ``writable`` and ``readable`` are absolute folders
    outside the workspace the command needs under their own names.
    """

    argv: tuple[str, ...]
    root: Path
    scratch: Path
    cwd: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    readonly: tuple[str, ...] = ()
    network: bool = False
    limits: Limits = Limits()
    tmp: Path | None = None
    writable: tuple[Path, ...] = ()
    readable: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """``exit_code`` is negative for a signal. ``output`` is stdout and stderr as they came,
    decoded as UTF-8 with replacement, cut in the middle when over the limit.
    """

    exit_code: int
    output: str
    seconds: float
    timed_out: bool = False
    truncated: bool = False


class Sandbox(Protocol):
    """One kind of confinement; ``name`` goes into every receipt."""

    @property
    def name(self) -> str: ...

    @property
    def confines(self) -> bool:
        """True when files outside the scratch copy and the network are out of reach."""
        ...

    @property
    def relocates(self) -> bool:
        """True when the copy stands at the workspace's own path while a command runs."""
        ...

    async def run(self, job: Job, on_output: Callable[[str], None] | None = None) -> Finished:
        """Run to the end. Cancellation kills the whole process group before it returns."""
        ...
