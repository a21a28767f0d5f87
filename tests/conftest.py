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


@pytest.fixture(autouse=True)
def blocking_calls() -> Iterator[BlockBuster]:
    """A synchronous call that blocks the event loop fails the test that made it."""
    with blockbuster_ctx(["samokoder.server", "samokoder.agents", "samokoder.state"]) as detector:
        yield detector
