"""Weights from the model hub: one file over HTTP, resumed by range."""

import os
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import anyio

from samokoder.agents.models.catalogue import Weights
from samokoder.agents.models.source import Progress, SourceFailed, Told, size_of

if TYPE_CHECKING:
    import httpx

CONNECT: Final = 3.0
"""Seconds the hub has to accept a connection: where it is blocked, the mirror comes next."""

READ: Final = 20.0
"""Seconds without a byte after which a download is given up (and can be resumed)."""

WRITE: Final = 1 << 20
"""Bytes that are written at once."""


async def fetch(wanted: Weights, part: Path, tell: Told) -> None:
    """Get what is missing of the file. Raises SourceFailed; what came is kept."""
    import httpx

    if not wanted.hub:
        raise SourceFailed("not there")
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        raise SourceFailed("switched off by HF_HUB_OFFLINE")
    begin = await size_of(part)
    timeout = httpx.Timeout(READ, connect=CONNECT)
    headers = {"accept-encoding": "identity"}
    if begin:
        headers["range"] = f"bytes={begin}-"
    try:
        async with httpx.AsyncClient(timeout=timeout, follow_redirects=True) as client:
            async with client.stream("GET", wanted.hub, headers=headers) as response:
                await _receive(response, wanted, part, begin, tell)
    except httpx.HTTPError as error:
        raise SourceFailed(f"{type(error).__name__} {error}".strip()) from error


async def _receive(
    response: "httpx.Response", wanted: Weights, part: Path, begin: int, tell: Told
) -> None:
    if response.status_code not in (200, 206):
        raise SourceFailed(f"status {response.status_code}")
    at = begin if response.status_code == 206 else 0
    file: IO[bytes] = await anyio.to_thread.run_sync(lambda: part.open("r+b"))
    held = bytearray()
    try:
        await anyio.to_thread.run_sync(file.seek, at)
        await anyio.to_thread.run_sync(file.truncate)
        async for chunk in response.aiter_raw():
            held += chunk
            at += len(chunk)
            if at > wanted.size:
                raise SourceFailed("more bytes than there should be")
            if len(held) >= WRITE:
                await anyio.to_thread.run_sync(file.write, bytes(held))
                held.clear()
                await tell(Progress(at, wanted.size, "hub"))
        await tell(Progress(at, wanted.size, "hub"))
    finally:
        with anyio.CancelScope(shield=True):
            if at <= wanted.size:
                await anyio.to_thread.run_sync(file.write, bytes(held))
            await anyio.to_thread.run_sync(file.close)
    if at < wanted.size:
        raise SourceFailed(f"it ended after {at} bytes")
