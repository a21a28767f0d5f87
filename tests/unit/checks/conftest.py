"""A project on disk and one way to run a check on it, confined or not."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from samokoder.agents.checks.check import Check, CheckResult
from samokoder.agents.checks.run import run_check
from samokoder.agents.sandbox import confine
from samokoder.agents.sandbox.scratch import ScratchPool
from samokoder.agents.sandbox.unconfined import Unconfined
from samokoder.agents.settings import Settings
from samokoder.agents.workspace.capture import Tree
from samokoder.agents.workspace.snapshot import Snapshot

Project = Callable[[Mapping[str, str]], Awaitable[Snapshot]]
RunCheck = Callable[..., Awaitable[CheckResult]]


@pytest.fixture
def python() -> str:
    """A Python that has pytest: the one the tests run in."""
    return sys.executable


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Writes files below a folder and takes the snapshot of it."""

    async def write(files: Mapping[str, str]) -> Snapshot:
        root = tmp_path / "проект"
        for name, text in files.items():
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
        return await Tree(root).capture()

    return write


@pytest.fixture(params=["best", "none"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> RunCheck:
    """Runs a check under the best confinement there is, and under none."""

    async def run(
        check: Check, snapshot: Snapshot, settings: Settings | None = None
    ) -> CheckResult:
        settings = settings or Settings()
        none = request.param == "none"
        sandbox = Unconfined() if none else await confine.choose(settings.sandbox)
        pool = ScratchPool(tmp_path / "scratch")
        try:
            async with pool.lease(snapshot.root) as scratch:
                return await run_check(
                    check, snapshot, scratch=scratch, sandbox=sandbox, settings=settings
                )
        finally:
            await pool.close()

    return run


@pytest.fixture
async def pool(tmp_path: Path) -> AsyncIterator[ScratchPool]:
    pool = ScratchPool(tmp_path / "scratch")
    yield pool
    await pool.close()
