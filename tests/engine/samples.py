"""Small projects of every kind: started as they are found, changed while they run, stopped.

Each says ``one``; what a user saves makes it say ``two``.
"""

import ipaddress
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import anyio
import httpx
import registry
import toolchains
from anyio import to_thread
from preview_room import Room

from samokoder.agents.preview import code, sync
from samokoder.agents.preview.detect import detect
from samokoder.agents.preview.order import Order
from samokoder.agents.preview.spec import PreviewStatus, Reload
from samokoder.agents.settings import PreviewSettings

PROJECTS = Path(__file__).parent / "projects"
PATIENCE = 90.0
"""Seconds until a change must be seen: a Go program may be linked anew."""


@dataclass(frozen=True)
class Sample:
    """``changed`` is the file that is saved; ``image`` the kind of base image it runs in."""

    name: str
    changed: str
    image: str = "python"
    port: int = 8000
    """Inside, as it should be found; 0 for a worker."""
    packages: tuple[str, ...] = ()
    """Distributions that are installed."""
    tarballs: bool = False
    reload: Reload = Reload.RESTART
    folder: str = ""
    """Where its files are; empty means under its name."""


SAMPLES = (
    Sample("python-http", "app.py"),
    Sample("wsgi", "wsgi.py"),
    Sample(
        "asgi",
        "main.py",
        packages=("starlette", "uvicorn", "anyio", "click", "h11", "idna", "typing_extensions"),
    ),
    Sample("static", "index.html", reload=Reload.WATCH),
    Sample("node-http", "server.js", "node", 3000),
    Sample("vite-build", "index.html", "node", 4173, (), True, Reload.BUILD, "vite"),
    Sample("vite-dev", "index.html", "node", 5173, (), True, Reload.WATCH, "vite"),
    Sample("dockerfile", "server.py", port=9000, reload=Reload.BUILD),
    Sample("compose", "api/api.py", port=8080, reload=Reload.BUILD),
    Sample("go", "main.go", "go", 8080, reload=Reload.BUILD),
    Sample("c", "server.c", "cc", 8080, reload=Reload.BUILD),
    Sample("worker", "worker.py", port=0),
)


@dataclass(frozen=True)
class Times:
    """Seconds; ``image`` is what it takes to have its image and dependencies, before the rest."""

    image: float
    start: float
    reload: float
    stop: float


@asynccontextmanager
async def prepared(room: Room, sample: Sample) -> AsyncIterator[Callable[[], Awaitable[Order]]]:
    """The project in the room, its packages on offer: gives orders to start it as it is now.

    Raises toolchains.Missing for what this machine lacks.
    """
    image = await to_thread.run_sync(toolchains.image, sample.image)
    names = {"python": "python_image", "node": "node_image", "go": "go_image", "cc": "c_image"}
    files = await to_thread.run_sync(_files, sample)
    with ExitStack() as stack:
        hosts: tuple[str, ...] = ()
        if sample.packages or sample.tarballs:
            offer = partial(registry.wheels, *sample.packages)
            pages = await to_thread.run_sync(registry.tarballs if sample.tarballs else offer)
            address = await machine(room)
            port = stack.enter_context(registry.serving(address, pages))
            hosts = (f"{address}:{port}",)
            origin = f"http://{address}:{port}"
            if sample.tarballs:
                files["package-lock.json"] = registry.locked(origin)
            else:
                head = f"--index-url {origin}/simple/\n--trusted-host {address}\n"
                files["requirements.txt"] = head + files["requirements.txt"]
        if sample.name == "vite-dev":
            files["package.json"] = files["package.json"].replace(
                '"start": "vite preview --host 0.0.0.0 --port 4173 --strictPort"', '"dev": "vite"'
            )
        await room.write(files)

        async def order() -> Order:
            snapshot = await code.tree(anyio.Path(room.root), ()).capture()
            found = await detect(snapshot)
            settings = _with(room.settings, names[sample.image], image)
            return Order(
                snapshot=snapshot,
                spec=replace(found, health=replace(found.health, seconds=PATIENCE)),
                settings=settings,
                network=_granted,
                egress=hosts,
            )

        yield order


async def lived(room: Room, sample: Sample, order: Order, *, warm: bool = False) -> Times:
    """A whole life of a sample: started, asked, changed, asked again, stopped.

    ``warm``: started and stopped once before, so that what is measured is beyond the image.
    """
    begun = time.monotonic()
    if warm:
        await room.previews.stop((await room.previews.start(order, _silent)).id)
    had = time.monotonic()
    status = await room.previews.start(order, _silent)
    await _until(room, status, "one")
    started = time.monotonic()
    assert (order.spec.port, order.spec.reload) == (sample.port, sample.reload), order.spec
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sync.watch, room.previews)
        text = await anyio.Path(room.root / sample.changed).read_text()
        saved = time.monotonic()
        await anyio.Path(room.root / sample.changed).write_text(text.replace("one", "two"))
        await _until(room, status, "two")
        seen = time.monotonic()
        tasks.cancel_scope.cancel()
    stopping = time.monotonic()
    await room.previews.stop(status.id)
    return Times(had - begun, started - had, seen - saved, time.monotonic() - stopping)


async def started(room: Room, order: Order) -> float:
    """Seconds from the order to the page; it is stopped again."""
    begun = time.monotonic()
    status = await room.previews.start(order, _silent)
    await _until(room, status, "two")
    took = time.monotonic() - begun
    await room.previews.stop(status.id)
    return took


async def machine(room: Room) -> str:
    """An address of this machine that containers could reach if they were let."""
    engine = await room.previews.engine()
    found = await engine.call(engine.client.inspect_network, "bridge")
    return str(ipaddress.ip_network(found["IPAM"]["Config"][0]["Subnet"])[1])


async def _until(room: Room, status: PreviewStatus, word: str) -> None:
    """Wait until it says so: on its page, a worker in its output."""
    with anyio.fail_after(PATIENCE):
        while word not in await _said(room, status):
            await anyio.sleep(0.02)


async def _said(room: Room, status: PreviewStatus) -> str:
    if not status.url:
        return "\n".join(line.text for line in await room.previews.lines(status.id, tail=3))
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=5.0) as client:
            return (await client.get(status.url)).text
    except httpx.HTTPError:
        return ""


async def _granted(_what: str) -> bool:
    return True


async def _silent(_text: str) -> None:
    """Progress is not what is looked at."""


def _files(sample: Sample) -> dict[str, str]:
    root = PROJECTS / (sample.folder or sample.name)
    found = {p.relative_to(root).as_posix(): p for p in sorted(root.rglob("*")) if p.is_file()}
    return {place: path.read_text() for place, path in found.items()}


def _with(settings: PreviewSettings, name: str, image: str) -> PreviewSettings:
    import msgspec

    return msgspec.structs.replace(settings, **{name: image})
