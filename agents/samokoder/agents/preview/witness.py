"""Proof that a preview cannot reach this machine: somebody listens here, and must not be reached.

An internal network without an address of the machine is asked for; an engine that does not know
that option gives it one all the same. So the gateway tries, at every start.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import SocketAttribute

from samokoder.agents.errors import EngineFailed, IsolationMissing
from samokoder.agents.preview import gateway
from samokoder.agents.preview.engine import Engine

_PAUSE = 0.05
_SECONDS = 10.0


@asynccontextmanager
async def listening(engine: Engine) -> AsyncIterator[int]:
    """A port of this machine on which nothing is answered; 0 where containers run elsewhere."""
    if sys.platform != "linux" or not engine.address.startswith("unix://"):
        yield 0
        return
    async with await anyio.create_tcp_listener(local_host="0.0.0.0") as listener:
        yield int(listener.extra(SocketAttribute.local_port))


async def refuse(engine: Engine, door: str) -> None:
    """Wait for what the gateway found. Raises IsolationMissing when it reached this machine."""
    with anyio.move_on_after(_SECONDS):
        while True:
            found = (await gateway.said(engine, door)).machine
            if found is False:
                return
            if found:
                raise IsolationMissing(
                    f"a program in {engine.facts.name} {engine.facts.version} reaches the services "
                    "of this machine through its network"
                )
            await anyio.sleep(_PAUSE)
    raise EngineFailed("the gateway did not say whether it reaches this machine")
