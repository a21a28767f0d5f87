"""A place for previews in tests: a state of its own, the real engine, images that are here."""

import textwrap
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import httpx
from images import PYTHON

from samokoder.agents.preview import code, labels, removal
from samokoder.agents.preview.order import Order
from samokoder.agents.preview.previews import Previews, open_previews
from samokoder.agents.preview.spec import Health, PreviewSpec, PreviewStatus, Stack
from samokoder.agents.settings import PreviewSettings, Settings
from samokoder.state import owners
from samokoder.state.database import Database

HELLO = """
    import http.server, os

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_):
            pass

    print("serving", flush=True)
    http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Page).serve_forever()
"""
SETTINGS = PreviewSettings(python_image=PYTHON, pull=False, start_seconds=20.0)


@dataclass
class Room:
    """``previews`` is what is tested; ``said`` collects what it told, ``asked`` what it asked."""

    root: Path
    db: Database
    previews: Previews
    settings: PreviewSettings = SETTINGS
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    network: bool = True

    async def write(self, files: Mapping[str, str]) -> None:
        """Save files in the workspace."""
        await anyio.to_thread.run_sync(_write, self.root, files)

    async def start(
        self, spec: PreviewSpec | None = None, files: Mapping[str, str] | None = None, **more: Any
    ) -> PreviewStatus:
        """Start a preview of ``files`` (a page that says hello); ``more`` are settings."""
        await self.write({"app.py": HELLO} if files is None else files)
        order = {k: more.pop(k) for k in ("environment", "egress", "own_command") if k in more}
        return await self.previews.start(
            Order(
                snapshot=await code.tree(anyio.Path(self.root), ()).capture(),
                spec=spec or python(),
                settings=replace_settings(self.settings, **more),
                network=self._network,
                **order,
            ),
            self._say,
        )

    async def _network(self, what: str) -> bool:
        self.asked.append(what)
        return self.network

    async def _say(self, text: str) -> None:
        self.said.append(text)

    async def stop_all(self) -> None:
        for status in await self.previews.listing():
            await self.previews.stop(status.id)

    async def left(self) -> list[str]:
        """Names of everything of previews the engine still has."""
        engine = await self.previews.engine()
        found = await removal.find(engine, labels.PREVIEW)
        return [
            *(str(c["Names"][0]) for c in found.containers),
            *(str(n["Name"]) for n in found.networks),
            *(str(v["Name"]) for v in found.volumes),
        ]

    async def container(self, status: PreviewStatus, role: str = "main") -> Any:
        """What the engine says of one container of a preview."""
        engine = await self.previews.engine()
        found = await removal.find(engine, labels.PREVIEW, status.id)
        (one,) = [c for c in found.containers if labels.of(c)[labels.ROLE] == role]
        return await engine.call(engine.client.inspect_container, one["Id"])

    async def run_inside(self, status: PreviewStatus, *argv: str, role: str = "main") -> str:
        """What a command prints inside a container of a preview."""
        engine = await self.previews.engine()
        one = await self.container(status, role)
        made = await engine.call(engine.client.exec_create, one["Id"], list(argv))
        output: bytes = await engine.call(engine.client.exec_start, made["Id"])
        return output.decode()


def python(*start: str, port: int = 8000, **more: Any) -> PreviewSpec:
    """A Python project: ``python app.py`` unless something else is said."""
    health = more.pop("health", Health(seconds=20.0))
    return PreviewSpec(
        Stack.PYTHON, start=start or ("python", "app.py"), port=port, health=health, **more
    )


def replace_settings(settings: PreviewSettings, **more: Any) -> PreviewSettings:
    import msgspec

    return msgspec.structs.replace(settings, **more)


def with_seconds(spec: PreviewSpec, seconds: float) -> PreviewSpec:
    return replace(spec, health=replace(spec.health, seconds=seconds))


@asynccontextmanager
async def room(folder: Path, **settings: Any) -> AsyncIterator[Room]:
    """A room whose previews are gone at the end."""
    root = folder / "project"
    await anyio.to_thread.run_sync(lambda: root.mkdir(parents=True, exist_ok=True))
    wanted = replace_settings(SETTINGS, **settings)

    async def configure(_root: Path) -> Settings:
        return Settings(preview=wanted)

    async with Database.open(folder / "state.db") as db:
        async with db.session() as s:
            owner = await owners.register(s)
        async with open_previews(db, owner.id, configure) as previews:
            made = Room(root, db, previews, wanted)
            try:
                yield made
            finally:
                with anyio.CancelScope(shield=True):
                    await made.stop_all()


async def page(url: str) -> str:
    """The text of a page on this machine."""
    async with httpx.AsyncClient(trust_env=False, timeout=10.0) as client:
        return (await client.get(url)).text


def _write(root: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        wanted = textwrap.dedent(text)
        # several starts at once write the same: none must see it half written
        if not target.exists() or target.read_text() != wanted:
            target.write_text(wanted)
