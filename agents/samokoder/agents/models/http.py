"""One streamed HTTP call: pooled connections, time-outs, bounds and typed errors.

Providers differ in what they send and in what their events say; everything between is here.
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import anyio
import msgspec

from samokoder.agents.errors import (
    AnswerUnusable,
    ModelError,
    ModelUnavailable,
    StreamCut,
    StreamStalled,
)
from samokoder.agents.models.addresses import is_loopback
from samokoder.agents.models.refusals import refusal, words
from samokoder.agents.models.sse import Decoder, Event

if TYPE_CHECKING:
    import httpx

CONNECT: Final = 10.0
"""Seconds a connection may take to be made."""

KEPT: Final = 3.0
"""Seconds an idle connection is kept: less than the 5 s after which uvicorn, for one, closes it, so
that none is used just as it is closed."""

ERROR_BYTES: Final = 1 << 16
"""Bytes of an error's body that are read."""

OVERFLOW: Final = "\0overflow"
"""Name of the event that says that the answer was cut at its bound."""

LINGER: Final = 0.2
"""Seconds to wait for the end of a finished stream, so that its connection can be used again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds without a byte, seconds until the first one, and seconds in all."""

    stall: float = 60.0
    total: float = 600.0
    first: float | None = None
    """None: the same as ``stall``."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider listens. The key and the headers never show."""

    provider: str
    base_url: str
    key: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    model: str = ""

    def url(self, path: str) -> str:
        return f"{self.base_url.rstrip('/')}/{path}"


class Connections:
    """The pooled clients of this process, one per origin. Closed by ``aclose``."""

    def __init__(self) -> None:
        self._clients: dict[str, httpx.AsyncClient] = {}

    async def client(self, base_url: str) -> "httpx.AsyncClient":
        """The client for this address; loopback never goes through a proxy."""
        parts = urlsplit(base_url)
        origin = f"{parts.scheme}://{parts.netloc}"
        client = self._clients.get(origin)
        if client is None or client.is_closed:
            # in a thread: the first import and the certificates take a tenth of a second
            made = await anyio.to_thread.run_sync(_new_client, base_url)
            client = self._clients.setdefault(origin, made)
        return client

    async def aclose(self) -> None:
        """Close every connection; the next call would open new ones."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()


def _new_client(base_url: str) -> "httpx.AsyncClient":
    import httpx

    return httpx.AsyncClient(
        timeout=httpx.Timeout(None, connect=CONNECT),
        limits=httpx.Limits(max_connections=64, max_keepalive_connections=8, keepalive_expiry=KEPT),
        trust_env=not is_loopback(base_url),
        verify=not base_url.startswith("http://"),  # spares loading certificates nobody needs
        follow_redirects=False,
    )


async def events(
    connections: Connections,
    endpoint: Endpoint,
    path: str,
    body: Mapping[str, Any],
    limits: Limits,
    max_bytes: int,
) -> AsyncGenerator[Event, None]:
    """POST ``body`` and yield the events of the answer until the server ends it.

    After ``max_bytes`` of answer the last event is named ``OVERFLOW``.
    Raises a ModelError. Closing the generator closes the connection.
    """
    deadline = anyio.current_time() + limits.total
    client = await connections.client(endpoint.base_url)
    import httpx

    try:
        request = client.build_request(
            "POST",
            endpoint.url(path),
            content=msgspec.json.encode(body),
            headers={
                "content-type": "application/json",
                "accept": "text/event-stream",
                "accept-encoding": "identity",
                **endpoint.headers,
            },
        )
    except (httpx.InvalidURL, UnicodeEncodeError) as error:
        raise ModelError(
            f"the address or the key of {endpoint.provider} has characters it cannot have",
        ) from error
    with _transport(endpoint, begun=False):
        async with _patience(limits.first or limits.stall, deadline, endpoint):
            response = await client.send(request, stream=True)
    try:
        if response.status_code // 100 != 2:
            async with _patience(limits.stall, deadline, endpoint):
                with _transport(endpoint, begun=True):
                    text = await _some(response)
            raise refusal(
                endpoint.provider,
                response.status_code,
                response.headers,
                text,
                key=endpoint.key,
                model=endpoint.model,
            )
        await _check_type(response, endpoint, limits, deadline)
        decoder = Decoder()
        chunks = response.aiter_bytes()
        patience = limits.first or limits.stall
        size = 0
        while True:
            with _transport(endpoint, begun=True):
                async with _patience(patience, deadline, endpoint):
                    chunk = await anext(chunks, None)
            if chunk is None:
                break
            patience = limits.stall
            size += len(chunk)
            for event in decoder.feed(chunk):
                yield event
            if size > max_bytes:
                yield Event("", OVERFLOW)
                return
        for event in decoder.end():
            yield event
    finally:
        with anyio.CancelScope(shield=True):
            await response.aclose()


async def drain(stream: AsyncGenerator[Event, None]) -> None:
    """Read a finished stream to its end, briefly, then close it."""
    with anyio.move_on_after(LINGER):
        with contextlib.suppress(ModelError):
            async for _ in stream:
                pass
    await stream.aclose()


@contextlib.asynccontextmanager
async def _patience(seconds: float, deadline: float, endpoint: Endpoint) -> AsyncIterator[None]:
    left = deadline - anyio.current_time()
    with anyio.move_on_after(min(seconds, left)) as scope:
        yield
    if scope.cancelled_caught:
        if left <= seconds:
            raise StreamStalled(f"{endpoint.provider} did not finish in the time allowed")
        raise StreamStalled(f"{endpoint.provider} sent nothing for {seconds:g} s")


@contextlib.contextmanager
def _transport(endpoint: Endpoint, *, begun: bool) -> Any:
    import httpx

    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
        raise ModelError(
            f"{endpoint.provider} cannot be called with this address or key",
            hint="Check `model.base_url` and the key's characters.",
        ) from error
    except httpx.TransportError as error:
        where = urlsplit(endpoint.base_url).hostname
        said = words(str(error), endpoint.key)
        if begun or isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
            raise StreamCut(f"{endpoint.provider} closed the connection ({said})") from None
        raise ModelUnavailable(
            f"{endpoint.provider} at {where} cannot be reached ({said})"
        ) from None
    except httpx.DecodingError as error:
        raise AnswerUnusable(f"{endpoint.provider} sent a broken encoding") from error


async def _some(response: "httpx.Response") -> bytes:
    out = bytearray()
    async for chunk in response.aiter_bytes():
        out += chunk
        if len(out) >= ERROR_BYTES:
            break
    return bytes(out)


async def _check_type(
    response: "httpx.Response", endpoint: Endpoint, limits: Limits, deadline: float
) -> None:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "text/event-stream" or not kind:
        return
    with _transport(endpoint, begun=True):
        async with _patience(limits.stall, deadline, endpoint):
            body = await _some(response)
    if kind == "application/json" and b'"error"' in body:
        raise refusal(
            endpoint.provider, 400, response.headers, body, key=endpoint.key, model=endpoint.model
        )
    said = words(body.decode("utf-8", "replace"), endpoint.key)
    raise AnswerUnusable(
        f"{endpoint.provider} sent {kind} where an event stream was due: {said}",
        hint="Check that `model.base_url` is the address of the API.",
    )
