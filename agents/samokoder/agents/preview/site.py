"""Pages served without a container, on 127.0.0.1 alone: files of a folder, nothing is run.

Only what a snapshot of the workspace has is served: ignored files, secrets among them, are not
there. A request must name the address it was sent to, so that no other site can read the pages
through a name of its own that leads here.
"""

import posixpath
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import anyio
from anyio.abc import Listener, SocketAttribute, SocketStream

from samokoder.agents.preview import code
from samokoder.agents.workspace.capture import Tree
from samokoder.agents.workspace.snapshot import Snapshot

HOST = "127.0.0.1"
FRESH = 0.5
"""Seconds a look at the workspace is good for."""
_HEAD = 1 << 14
"""Bytes the head of a request may have."""
_SECONDS = 20.0
"""Seconds a request may take."""
_MOST = 64
"""Requests at once; more wait."""
_KINDS = {
    "html": "text/html", "htm": "text/html", "css": "text/css", "txt": "text/plain",
    "js": "text/javascript", "mjs": "text/javascript", "json": "application/json",
    "map": "application/json", "webmanifest": "application/manifest+json", "xml": "text/xml",
    "svg": "image/svg+xml", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg",
    "gif": "image/gif", "webp": "image/webp", "avif": "image/avif", "ico": "image/x-icon",
    "woff": "font/woff", "woff2": "font/woff2", "ttf": "font/ttf", "otf": "font/otf",
    "mp3": "audio/mpeg", "mp4": "video/mp4", "webm": "video/webm", "pdf": "application/pdf",
    "wasm": "application/wasm", "md": "text/plain", "csv": "text/csv",
}  # fmt: skip
"""By the end of a file's name: the machine's own table differs from place to place."""
_STATUS = {200: "OK", 301: "Moved Permanently", 400: "Bad Request", 403: "Forbidden"}
_STATUS |= {404: "Not Found", 405: "Method Not Allowed"}


@dataclass
class Site:
    """One folder of a workspace, served at one port."""

    root: Path
    folder: str
    used: Callable[[], None]
    """Told of every request for a page."""
    ignore: Iterable[str] = ()
    port: int = 0
    _tree: Tree = field(init=False)
    _snapshot: Snapshot | None = None
    _looked: float = 0.0
    _looking: anyio.Lock = field(default_factory=anyio.Lock)
    _places: anyio.Semaphore = field(default_factory=lambda: anyio.Semaphore(_MOST))

    def __post_init__(self) -> None:
        self._tree = code.tree(anyio.Path(self.root), self.ignore)

    async def listen(self) -> Listener[SocketStream]:
        """Take the port, or any when it is 0. OSError when somebody has it."""
        made = await anyio.create_tcp_listener(local_host=HOST, local_port=self.port)
        (listener,) = made.listeners
        self.port = int(listener.extra(SocketAttribute.local_port))
        return listener

    async def serve(self, listener: Listener[SocketStream]) -> None:
        """Answer until cancelled."""
        async with listener:
            await listener.serve(self._connection)

    async def _connection(self, stream: SocketStream) -> None:
        async with stream, self._places:
            with suppress(OSError, anyio.EndOfStream, anyio.BrokenResourceError, TimeoutError):
                with anyio.fail_after(_SECONDS):
                    await self._request(stream)

    async def _request(self, stream: SocketStream) -> None:
        head = b""
        while b"\r\n\r\n" not in head and len(head) < _HEAD:
            head += await stream.receive(_HEAD)
        lines = head.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        fields = {k.strip().lower(): v.strip() for k, _, v in (x.partition(":") for x in lines[1:])}
        if len(words) != 3 or not words[1].startswith("/"):
            await _answer(stream, 400)
        elif fields.get("host") not in (f"{HOST}:{self.port}", f"localhost:{self.port}"):
            await _answer(stream, 403)
        elif words[0] not in ("GET", "HEAD"):
            await _answer(stream, 405)
        else:
            self.used()
            await self._page(stream, words[1], body=words[0] == "GET")

    async def _page(self, stream: SocketStream, target: str, *, body: bool) -> None:
        path = unquote(target.partition("?")[0].partition("#")[0])
        place = posixpath.normpath(path).strip("/")
        snapshot = await self._now()
        here = code.below(snapshot, self.folder)
        if place in ("", "."):
            place = "index.html"
        elif f"{place}/index.html" in here:
            if not path.endswith("/"):
                # where links in that page lead to depends on the slash
                await _answer(stream, 301, location=target.partition("?")[0] + "/")
                return
            place = f"{place}/index.html"
        data = await self._read(snapshot, here[place]) if place in here else None
        if data is None:
            await _answer(stream, 404)
            return
        kind = _KINDS.get(posixpath.splitext(place)[1][1:].lower(), "")
        await _answer(stream, 200, data, kind, body=body)

    async def _read(self, snapshot: Snapshot, path: str) -> bytes | None:
        for _ in range(2):
            try:
                return await snapshot.read(path)
            except KeyError:
                self._snapshot = None  # it changed just now: the next look has it
                snapshot = await self._now()
        return None

    async def _now(self) -> Snapshot:
        async with self._looking:
            if self._snapshot is None or time.monotonic() - self._looked > FRESH:
                self._snapshot = await self._tree.capture()
                self._looked = time.monotonic()
            return self._snapshot


async def _answer(
    stream: SocketStream,
    status: int,
    data: bytes | None = None,
    kind: str = "",
    *,
    location: str = "",
    body: bool = True,
) -> None:
    said = data if data is not None else f"{status} {_STATUS[status]}\n".encode()
    if data is None:
        kind = "text/plain"
    charset = "; charset=utf-8" if kind.startswith("text/") or kind.endswith("javascript") else ""
    head = [
        f"HTTP/1.1 {status} {_STATUS[status]}",
        f"Content-Length: {len(said)}",
        f"Content-Type: {kind or 'application/octet-stream'}{charset}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
    ]
    if location:
        head.append(f"Location: {location}")
    await stream.send("\r\n".join((*head, "", "")).encode("latin-1", "replace"))
    if body:
        await stream.send(said)
