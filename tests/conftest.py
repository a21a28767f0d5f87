"""What holds for every test: a home of its own, no blocking call in the loop, nothing left over."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster, blockbuster_ctx


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private home: state, cache and runtime folders of the product are below it."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    for name in ("STATE", "CACHE", "CONFIG", "RUNTIME"):
        target = folder / name.lower()
        target.mkdir(mode=0o700)
        monkeypatch.setenv(f"SAMOKODER_{name}_DIR", str(target))
    for name in list(os.environ):
        if name.endswith("_API_KEY"):
            monkeypatch.delenv(name)
    return folder


@pytest.fixture
def container_engine() -> str:
    """The address of a container engine; without one the test is skipped."""
    from samokoder.agents.errors import EngineMissing
    from samokoder.agents.preview.engine import connected

    why = os.environ.get("SAMOKODER_NO_ENGINE")
    if not why:
        try:
            return connected(os.environ.get("DOCKER_HOST", ""))
        except EngineMissing as error:
            why = f"{error.detail} (`scripts/engine run make test` starts one)"
    pytest.skip(f"no engine: {why}")


@pytest.fixture(autouse=True)
def blocking_calls() -> Iterator[BlockBuster]:
    """A synchronous call that blocks the event loop fails the test that made it."""
    with blockbuster_ctx(["samokoder.server", "samokoder.agents", "samokoder.state"]) as detector:
        yield detector
