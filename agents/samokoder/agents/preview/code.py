"""The project's files as an archive for a container: readable by anybody, owned by root."""

import io
import posixpath
import tarfile
import tempfile
import time
from collections.abc import Collection, Iterable, Mapping
from typing import IO, Final

import anyio
from anyio import to_thread

from samokoder.agents.preview.engine import Engine
from samokoder.agents.workspace.capture import Tree
from samokoder.agents.workspace.snapshot import Snapshot

PLACE: Final = "/app"
"""Where the project stands in a container."""
LARGEST: Final = 64 << 20
"""Bytes of the largest file a preview gets: pages have pictures and films."""


def tree(snapshot_root: anyio.Path, ignore: Iterable[str]) -> Tree:
    """A tree whose snapshots hold what a preview needs; ignored files, secrets too, are not in."""
    from pathlib import Path

    return Tree(Path(snapshot_root), ignore=ignore, max_file_size=LARGEST)


def below(snapshot: Snapshot, folder: str) -> dict[str, str]:
    """The snapshot's paths by their place below the folder ("" for all)."""
    if not folder:
        return {path: path for path in snapshot.files}
    start = f"{folder}/"
    return {p.removeprefix(start): p for p in snapshot.files if p.startswith(start)}


async def archive(
    snapshot: Snapshot,
    folder: str,
    *,
    only: Collection[str] | None = None,
    left_out: Collection[str] = (),
    folders: Iterable[str] = (),
    links: Mapping[str, str] | None = None,
) -> IO[bytes]:
    """A tar file of the snapshot's folder. Close it after use.

    ``only`` and ``left_out`` name places below the folder; ``folders`` are made although empty,
    ``links`` are symbolic links that are added, by their place.
    """
    places = {
        place: path
        for place, path in below(snapshot, folder).items()
        if (only is None or place in only) and place not in left_out
    }
    target, missing = await to_thread.run_sync(_pack, snapshot, places, tuple(folders), links or {})
    if missing:
        contents = {}
        for place in missing:
            try:
                contents[place] = await snapshot.read(places[place])
            except KeyError:
                # gone since: the next look at the workspace brings what is there then
                continue
        await to_thread.run_sync(_append, target, contents)
    return target


async def put(engine: Engine, container: str, place: str, packed: IO[bytes]) -> None:
    """Unpack an archive in a container and close it."""
    try:
        await engine.call(engine.client.put_archive, container, place, packed)
    finally:
        await to_thread.run_sync(packed.close)


def _pack(
    snapshot: Snapshot,
    places: Mapping[str, str],
    folders: tuple[str, ...],
    links: Mapping[str, str],
) -> tuple[IO[bytes], list[str]]:
    target: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 the caller closes it
    missing: list[str] = []
    now = time.time()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as tar:
        made: set[str] = set()
        for folder in folders:
            _folder(tar, folder, made, now)
        for place, path in places.items():
            entry = snapshot.files[path]
            data = snapshot.overlay.get(entry.hash)
            if data is None:
                try:
                    with open(snapshot.root / path, "rb") as file:
                        data = file.read(LARGEST + 1)
                except OSError:
                    missing.append(place)
                    continue
                # one that was saved meanwhile goes as it is now; the next look brings the rest
            _folder(tar, posixpath.dirname(place), made, now)
            _file(tar, place, data, 0o755 if entry.mode & 0o111 else 0o644, now)
        for place, goal in links.items():
            if place in places or any(p.startswith(f"{place}/") for p in places):
                continue
            _folder(tar, posixpath.dirname(place), made, now)
            info = tarfile.TarInfo(place)
            info.type, info.linkname = tarfile.SYMTYPE, goal
            tar.addfile(info)
    target.seek(0)
    return target, missing


def _append(target: IO[bytes], contents: Mapping[str, bytes]) -> None:
    with tarfile.open(fileobj=target, mode="a") as tar:
        for place, data in contents.items():
            _file(tar, place, data, 0o644, time.time())
    target.seek(0)


def _folder(tar: tarfile.TarFile, place: str, made: set[str], now: float) -> None:
    parts = [part for part in place.split("/") if part]
    for depth in range(1, len(parts) + 1):
        name = "/".join(parts[:depth])
        if name not in made:
            made.add(name)
            info = tarfile.TarInfo(name)
            info.type, info.mode, info.mtime = tarfile.DIRTYPE, 0o755, now
            tar.addfile(info)


def _file(tar: tarfile.TarFile, place: str, data: bytes, mode: int, now: float) -> None:
    info = tarfile.TarInfo(place)
    info.size, info.mode, info.mtime = len(data), mode, now
    tar.addfile(info, io.BytesIO(data))
