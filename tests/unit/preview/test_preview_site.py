"""Pages served without a container: what is answered, and what is not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx
import pytest

from samokoder.agents.preview.site import Site


@asynccontextmanager
async def served(
    root: Path, folder: str = ""
) -> AsyncIterator[tuple[Site, httpx.AsyncClient, list[int]]]:
    used: list[int] = []
    site = Site(root, folder, lambda: used.append(1))
    listener = await site.listen()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(site.serve, listener)
        address = f"http://127.0.0.1:{site.port}"
        async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
            yield site, client, used
        tasks.cancel_scope.cancel()


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "public/sub").mkdir(parents=True)
    (root / "public/index.html").write_text("<p>Grüße</p>")
    (root / "public/sub/index.html").write_text("below")
    (root / "public/code.js").write_text("1")
    (root / "public/data.tar.gz").write_bytes(b"\x1f\x8b")
    (root / "public/.env").write_text("KEY=1")
    (root / "secret.txt").write_text("not shown")
    (tmp_path / "outside.txt").write_text("outside")
    return root


async def test_pages_and_their_kinds(pages: Path) -> None:
    async with served(pages, "public") as (_, client, used):
        first = await client.get("/")
        assert (first.status_code, first.text) == (200, "<p>Grüße</p>")
        assert first.headers["content-type"] == "text/html; charset=utf-8"
        assert (await client.get("/index.html?x=1#y")).text == first.text
        assert (await client.get("/code.js")).headers["content-type"].startswith("text/javascript")
        packed = await client.get("/data.tar.gz")
        assert packed.headers["content-type"] == "application/octet-stream"
        assert (await client.get("/sub/")).text == "below"
        moved = await client.get("/sub?a=1")
        assert (moved.status_code, moved.headers["location"]) == (301, "/sub/")
        head = await client.head("/")
        assert (head.content, head.headers["content-length"]) == (b"", str(len(first.content)))
        assert len(used) == 7


@pytest.mark.parametrize(
    "path",
    [
        "/.env",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2f..%2foutside.txt",
        "/nothing",
        "//etc/passwd",
    ],
)
async def test_what_is_not_a_page(pages: Path, path: str) -> None:
    async with served(pages, "public") as (site, _, _used):
        assert (await _raw(site, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{site.port}"))[0] == 404


async def test_who_does_not_name_this_address_gets_nothing(pages: Path) -> None:
    async with served(pages, "public") as (site, _, used):
        for host in ("evil.example", f"evil.example:{site.port}", "127.0.0.1", ""):
            assert (await _raw(site, f"GET / HTTP/1.1\r\nHost: {host}"))[0] == 403
        assert (await _raw(site, f"GET / HTTP/1.1\r\nHost: localhost:{site.port}"))[0] == 200
        assert (await _raw(site, f"POST / HTTP/1.1\r\nHost: localhost:{site.port}"))[0] == 405
        assert (await _raw(site, "nonsense"))[0] == 400
        assert len(used) == 1


async def test_what_is_saved_is_shown(pages: Path) -> None:
    async with served(pages, "public") as (_, client, _used):
        assert (await client.get("/code.js")).text == "1"
        await anyio.Path(pages / "public/code.js").write_text("22")
        with anyio.fail_after(5):
            while (await client.get("/code.js")).text != "22":
                await anyio.sleep(0.05)
        await anyio.Path(pages / "public/new.html").write_text("new")
        await anyio.Path(pages / "public/code.js").unlink()
        with anyio.fail_after(5):
            while (await client.get("/new.html")).text != "new":
                await anyio.sleep(0.05)
            assert (await client.get("/code.js")).status_code == 404


async def test_a_port_that_is_taken_is_not_taken_again(pages: Path) -> None:
    async with served(pages) as (site, _, _used):
        with pytest.raises(OSError, match="in use"):
            await Site(pages, "", lambda: None, port=site.port).listen()


async def _raw(site: Site, head: str) -> tuple[int, bytes]:
    async with await anyio.connect_tcp("127.0.0.1", site.port) as stream:
        await stream.send(head.encode() + b"\r\n\r\n")
        said = b""
        try:
            while True:
                said += await stream.receive()
        except anyio.EndOfStream:
            return int(said.split(b" ")[1]), said
