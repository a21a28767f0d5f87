"""Where candidates are tried: scratch copies that hold a snapshot, with the checks run in them."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from samokoder.agents.checks.check import Check, CheckResult
from samokoder.agents.sandbox.sandbox import Finished
from samokoder.agents.workspace.snapshot import Snapshot


class Bench(Protocol):
    """A scratch copy of one's own. Commands run in the sandbox and see it as the workspace."""

    async def load(self, snapshot: Snapshot) -> None:
        """Make it hold exactly this snapshot."""
        ...

    async def check(self, check: Check, tests: tuple[str, ...] = ()) -> CheckResult:
        """Run one check, or only these tests of it where its kind can do that."""
        ...

    async def run(self, argv: tuple[str, ...], *, cwd: str = "", seconds: float = 60.0) -> Finished:
        """Run any command."""
        ...

    async def put(self, name: str, data: bytes) -> str:
        """Lay a file beside the copy, for a command; returns its path as the command sees it."""
        ...

    async def read(self, path: str) -> bytes | None:
        """A file of the copy as commands left it; None when it is not there."""
        ...


class Workshop(Protocol):
    """Hands out benches."""

    @property
    def sandbox(self) -> str:
        """The confinement's name, for receipts."""
        ...

    @property
    def python(self) -> str:
        """The Python that runs the project."""
        ...

    def bench(self) -> AbstractAsyncContextManager[Bench]:
        """A bench for the time of the ``async with``; load it before use."""
        ...
