"""The weights on this machine: which are there, which one the embedded model uses, away with some.

They live in the user's cache folder. A file counts only once its sha256 was found right; the proof
is kept beside it with the size and time it was made for. Every function here touches the disk.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from samokoder.agents.errors import InvalidInput
from samokoder.agents.models import catalogue
from samokoder.agents.models.catalogue import CATALOGUE, DEFAULT, Weights
from samokoder.state.paths import cache_dir, private

MAGIC: Final = b"GGUF"
CHUNK: Final = 4 << 20

_CHOSEN: Final = "chosen"


class _Proof(Struct, frozen=True):
    sha256: str
    size: int
    changed: int


@dataclass(frozen=True, slots=True)
class Installed:
    """One line of the list. ``path`` is None when the weights are not here."""

    name: str
    title: str
    licence: str
    size: int
    path: Path | None
    used: bool
    partial: int = 0
    """Bytes that are here of a pull that did not finish."""


def folder() -> Path:
    """Where weights are kept."""
    return private(cache_dir() / "models")


def path_of(name: str) -> Path | None:
    """The verified file of these weights; None when it is not here or was changed since."""
    path = folder() / f"{name}.gguf"
    try:
        proof = msgspec.json.decode(_proof(path).read_bytes(), type=_Proof)
        stat = path.stat()
    except (OSError, msgspec.DecodeError):
        return None
    return path if (proof.size, proof.changed) == (stat.st_size, stat.st_mtime_ns) else None


def chosen() -> str:
    """Name of the weights the embedded model uses."""
    try:
        name = (folder() / _CHOSEN).read_text(encoding="utf-8").strip()
    except OSError:
        return DEFAULT
    return name if path_of(name) else DEFAULT


def use(name: str) -> Path:
    """Let the embedded model use these weights. Raises InvalidInput when they are not here."""
    path = path_of(name)
    if path is None:
        if name not in (i.name for i in listing()):
            catalogue.find(name)
        raise InvalidInput(f"{name} is not here yet; run `samokoder model pull {name}`")
    (folder() / _CHOSEN).write_text(name, encoding="utf-8")
    return path


def remove(name: str) -> int:
    """Delete weights and what is left of an unfinished pull; bytes that were freed."""
    path = folder() / f"{name}.gguf"
    if name not in CATALOGUE and name not in (i.name for i in listing()):
        catalogue.find(name)
    freed = 0
    for file in (path, partial(path), _proof(path), _notice(path)):
        if file.exists():
            freed += file.stat().st_size
            file.unlink()
    return freed


def listing() -> list[Installed]:
    """The catalogue, and what else was added."""
    here = {path.stem for path in folder().glob("*.gguf")}
    used = chosen()
    out = []
    for name in (*CATALOGUE, *sorted(here - CATALOGUE.keys())):
        entry = CATALOGUE.get(name)
        path = path_of(name)
        if entry is None and path is None:
            continue
        left = partial(folder() / f"{name}.gguf")
        out.append(
            Installed(
                name,
                entry.title if entry else "your own file",
                entry.licence if entry else "unknown",
                entry.size if entry else path.stat().st_size if path else 0,
                path,
                name == used and path is not None,
                left.stat().st_size if left.exists() else 0,
            )
        )
    return out


def partial(path: Path) -> Path:
    """Where an unfinished pull is kept."""
    return path.with_suffix(".partial")


def sha256(path: Path, told: Callable[[int], None] = lambda _: None) -> str:
    """Hash of a file; ``told`` hears the bytes read and may raise to give up."""
    digest = hashlib.sha256()
    done = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            told(done)
    return digest.hexdigest()


def finish(part: Path, weights: Weights, told: Callable[[int], None] = lambda _: None) -> Path:
    """Verify a complete download and put it into place. Raises ValueError for wrong bytes."""
    size = part.stat().st_size
    if size != weights.size or sha256(part, told) != weights.sha256:
        raise ValueError(f"{weights.name}: wrong bytes")
    path = _place(part, folder() / weights.file, weights.sha256)
    notice = f"{weights.title}\n{weights.licence}\n\n{weights.notice}\n"
    _notice(path).write_text(notice, encoding="utf-8")
    return path


def _place(part: Path, path: Path, digest: str) -> Path:
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
    stat = path.stat()
    proof = _Proof(digest, stat.st_size, stat.st_mtime_ns)
    draft = _proof(path).with_suffix(".tmp")
    draft.write_bytes(msgspec.json.encode(proof))
    draft.replace(_proof(path))
    return path


def adopt(part: Path, name: str, digest: str) -> Path:
    """Put a user's own file, copied to ``part``, into place under ``name``."""
    return _place(part, folder() / f"{name}.gguf", digest)


def _notice(path: Path) -> Path:
    return path.with_suffix(".notice")


def _proof(path: Path) -> Path:
    return path.with_suffix(".verified")
