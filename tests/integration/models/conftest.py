"""A scripted server on loopback for the tests of models."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest
from model_bench import Bench

from samokoder.agents.models.http import Connections, Limits
from samokoder.agents.models.script import Script
from samokoder.agents.models.script_log import ScriptLog
from samokoder.agents.models.scripted_server import serve


@pytest.fixture
async def bench() -> AsyncIterator[Callable[..., Any]]:
    """``await bench(rule, …, limits=…)`` starts a server with these rules."""
    async with AsyncExitStack() as stack:

        async def start(*rules: dict[str, Any], limits: Limits | None = None, **more: Any) -> Bench:
            script = msgspec.convert({"rules": list(rules), **more}, Script)
            server = await stack.enter_async_context(serve(script, ScriptLog(None)))
            connections = Connections()
            stack.push_async_callback(connections.aclose)
            return Bench(server, connections, limits or Limits(stall=5, total=20))

        yield start
