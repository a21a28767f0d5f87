"""A small root file system with this machine's own Python, for containers that need no more.

The gateway of every preview runs in it, static pages are served from it, and a Python project runs
in it where no base image can be had. Made from what is installed here, so no image registry is
asked. Linux only: elsewhere the containers' system is not this one.
"""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

PATH = "/usr/local/bin:/usr/bin:/bin"
ENVIRONMENT = {
    "PATH": PATH,
    "LD_LIBRARY_PATH": "/usr/local/lib",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
    "LANG": "C.UTF-8",
}
"""What the image sets."""

_LEFT_OUT = frozenset(
    {"test", "tests", "idlelib", "tkinter", "turtledemo", "lib2to3", "ensurepip", "site-packages",
     "dist-packages", "msilib", "pydoc_data"}
)  # fmt: skip
_SYSTEM = ("/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/")
"""Folders the dynamic linker searches by itself; libraries from elsewhere are put beside Python."""

_PASSWD = "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n"
_GROUP = "root:x:0:\nnogroup:x:65534:\n"
_FOLDERS = ("bin", "dev", "etc", "proc", "sys", "tmp", "usr/bin", "usr/local/bin", "usr/local/lib")


def version() -> str:
    """Names what :func:`write` would make: equal for equal interpreters. Blocking."""
    python = Path(_python()).stat()
    shell = shutil.which("sh") or ""
    facts = f"1 {sys.version} {python.st_size} {python.st_mtime_ns} {shell}"
    return hashlib.sha256(facts.encode()).hexdigest()[:12]


def possible() -> bool:
    """Whether containers can run this machine's programs."""
    return sys.platform == "linux" and shutil.which("ldd") is not None


def write(target: IO[bytes], programs: Iterable[tuple[Path, str]] = ()) -> None:
    """Write the file system as a tar archive. ``programs`` are more programs, with their places.

    Blocking: about a second and 40 MiB.
    """
    name = "python{}.{}".format(*sys.version_info[:2])
    wanted = [(Path(_python()), f"usr/local/bin/{name}")]
    shell = shutil.which("sh")
    if shell:
        wanted.append((Path(shell).resolve(), "bin/sh"))
    wanted += list(programs)
    libraries: set[Path] = set()
    with tarfile.open(fileobj=target, mode="w") as tar:
        for folder in _FOLDERS:
            _folder(tar, folder, 0o1777 if folder == "tmp" else 0o755)
        for path, place in wanted:
            _file(tar, path, place, 0o755)
            libraries |= _libraries([path])
        for link in ("python3", "python"):
            _link(tar, f"usr/local/bin/{link}", name)
        modules = _standard_library(tar, f"usr/local/lib/{name}")
        libraries |= _libraries(modules)
        _folder(tar, f"usr/local/lib/{name}/site-packages")
        for library in sorted(libraries):
            text = str(library)
            inside = text.startswith(_SYSTEM)
            _file(tar, library, text[1:] if inside else f"usr/local/lib/{library.name}", 0o755)
        _text(tar, "etc/passwd", _PASSWD)
        _text(tar, "etc/group", _GROUP)


def _python() -> str:
    """The interpreter itself, not the one of a virtual environment or a version manager's shim."""
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


def _standard_library(tar: tarfile.TarFile, place: str) -> list[Path]:
    """Add the standard library with its byte code; the extension modules among it."""
    base = Path(sysconfig.get_path("stdlib", vars=_base()))
    native = Path(sysconfig.get_path("platstdlib", vars=_base()))
    found: list[Path] = []
    for root in dict.fromkeys((base, native)):
        for folder, names, files in os.walk(root):
            names[:] = sorted(n for n in names if n not in _LEFT_OUT and not n.startswith("config"))
            for file in sorted(files):
                if file.endswith((".opt-1.pyc", ".opt-2.pyc", ".a")) or file.startswith("_test"):
                    continue
                path = Path(folder, file)
                _file(tar, path, f"{place}/{path.relative_to(root)}", 0o644)
                if file.endswith(".so"):
                    found.append(path)
    return found


def _base() -> dict[str, str]:
    prefix, native = sys.base_prefix, sys.base_exec_prefix
    return {
        "base": prefix,
        "platbase": native,
        "installed_base": prefix,
        "installed_platbase": native,
    }


def _libraries(programs: list[Path]) -> set[Path]:
    """What the dynamic linker would load for these, the linker itself included."""
    if not programs:
        return set()
    listing = subprocess.run(
        ["ldd", *map(str, programs)], capture_output=True, text=True, check=False
    ).stdout
    found = set()
    for line in listing.splitlines():
        words = line.split()
        place = words[2] if len(words) > 2 and words[1] == "=>" else words[0] if words else ""
        if place.startswith("/") and not place.endswith(":"):
            found.add(Path(os.path.abspath(place)))
    return found


def _file(tar: tarfile.TarFile, path: Path, place: str, mode: int) -> None:
    if place in _names(tar):
        return
    _names(tar).add(place)
    with path.open("rb") as source:
        info = tarfile.TarInfo(place)
        info.size, info.mode = os.fstat(source.fileno()).st_size, mode
        # byte code is only valid beside a source with the time it was made from
        info.mtime = int(os.fstat(source.fileno()).st_mtime)
        tar.addfile(info, source)


def _names(tar: tarfile.TarFile) -> set[str]:
    names: set[str] = tar.__dict__.setdefault("_samokoder_names", set())
    return names


def _folder(tar: tarfile.TarFile, place: str, mode: int = 0o755) -> None:
    info = tarfile.TarInfo(place)
    info.type, info.mode = tarfile.DIRTYPE, mode
    tar.addfile(info)


def _link(tar: tarfile.TarFile, place: str, target: str) -> None:
    info = tarfile.TarInfo(place)
    info.type, info.linkname = tarfile.SYMTYPE, target
    tar.addfile(info)


def _text(tar: tarfile.TarFile, place: str, text: str) -> None:
    data = text.encode()
    info = tarfile.TarInfo(place)
    info.size, info.mode = len(data), 0o644
    tar.addfile(info, io.BytesIO(data))
