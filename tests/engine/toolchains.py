"""Images with this machine's Node, C compiler and Go; what is not here is told by its name."""

import functools
import glob
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import images
from images import PYTHON

from samokoder.agents.preview import rootfs

NODE = "samokoder-test/node:1"
CC = "samokoder-test/cc:1"
GO = "samokoder-test/go:1"
_HEADERS = (
    "arpa/inet.h assert.h ctype.h errno.h fcntl.h inttypes.h limits.h math.h netdb.h netinet/in.h",
    "poll.h pthread.h signal.h stdarg.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h",
    "strings.h sys/socket.h sys/stat.h sys/time.h sys/types.h sys/wait.h time.h unistd.h",
)
"""What C programs of the tests may include."""
_LINKED = (
    "crt1.o Scrt1.o crti.o crtn.o crtbegin.o crtbeginS.o crtbeginT.o crtend.o crtendS.o libc.so",
    "libc_nonshared.a libm.so libgcc.a libgcc_s.so libgcc_s.so.1 libgcc_eh.a libmvec.so.1",
    "libm.so.6 libc.so.6 liblto_plugin.so libpthread.a",
)
"""What the linker takes for them."""
_PACKAGES = ("encoding/json", "errors", "fmt", "io", "log", "net/http", "os", "strconv", "strings")
"""What Go programs of the tests may import."""


class Missing(Exception):
    """This machine lacks a program."""


@functools.cache
def image(kind: str) -> str:
    """The image for ``python``, ``node``, ``cc`` or ``go``, made if need be. Raises Missing."""
    match kind:
        case "python":
            return PYTHON
        case "node":
            _need("node")
            images.have(NODE, _node)
            return NODE
        case "cc":
            _need("gcc", "as", "ld")
            images.have(CC, _cc)
            return CC
        case "go":
            _need("go")
            root = _said("go", "env", "GOROOT")
            images.have(GO, _go, {"GOROOT": root, "GOPATH": "/tmp/gopath"})
            return GO
    raise Missing(kind)


def npm() -> Path:
    """The folder of npm. Raises Missing."""
    _need("npm")
    place = Path(os.path.realpath(str(shutil.which("npm"))))
    if place.name != "npm-cli.js":
        raise Missing("npm")
    return place.parents[1]


def _need(*names: str) -> None:
    for name in names:
        if shutil.which(name) is None:
            raise Missing(name)


def _said(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def _written(target: IO[bytes], programs: Iterable[tuple[str, str]], files: Iterable[str]) -> None:
    """Python and small tools, these programs with their libraries, these files and folders."""
    rootfs.write(target, [(Path(os.path.realpath(path)), place) for path, place in programs])
    target.seek(0)
    with tarfile.open(fileobj=target, mode="a") as tar:
        images.tools(tar)
        there = set(tar.getnames())
        for path in dict.fromkeys(files):
            if path.lstrip("/") not in there:
                tar.add(os.path.realpath(path), path.lstrip("/"))


def _node(target: IO[bytes]) -> None:
    # native packages are linked against more of the C library than Node is
    shared = ("rt.so.1", "pthread.so.0", "dl.so.2", "util.so.1", "resolv.so.2", "nss_dns.so.2")
    files = [path for name in shared for path in glob.glob(f"/lib/*-linux-gnu/lib{name}")]
    try:
        home = npm()
        # Debian's npm takes what it needs from the folder it stands in
        files += [str(home.parent if home.parent.name == "nodejs" else home)]
    except Missing:
        home = None
    _written(target, [(str(shutil.which("node")), "usr/local/bin/node")], files)
    if home is not None:
        target.seek(0)
        with tarfile.open(fileobj=target, mode="a") as tar:
            for name in ("npm", "npx"):
                images.link(tar, f"usr/local/bin/{name}", f"{home}/bin/{name}-cli.js")


def _cc(target: IO[bytes]) -> None:
    own = [_said("gcc", f"-print-prog-name={name}") for name in ("cc1", "collect2", "lto-wrapper")]
    programs = [(path, path.lstrip("/")) for path in own if path.startswith("/")]
    programs += [(str(shutil.which(name)), f"usr/bin/{name}") for name in ("as", "ld", "gcc")]
    if shutil.which("make"):
        programs.append((str(shutil.which("make")), "usr/bin/make"))
    names = " ".join(_LINKED).split()
    found = [os.path.normpath(_said("gcc", f"-print-file-name={name}")) for name in names]
    _written(target, programs, [*filter(os.path.isabs, found), *_included()])
    target.seek(0)
    with tarfile.open(fileobj=target, mode="a") as tar:
        images.link(tar, "usr/bin/cc", "gcc")


def _included() -> list[str]:
    """Every file the headers bring in, as the compiler names them."""
    with tempfile.NamedTemporaryFile("w", suffix=".c") as source:
        source.write("".join(f"#include <{name}>\n" for name in " ".join(_HEADERS).split()))
        source.flush()
        rules = [
            _said("gcc", "-M", *options, source.name).replace("\\\n", " ")
            for options in ((), ("-O2",), ("-O2", "-D_FORTIFY_SOURCE=2", "-D_GNU_SOURCE"))
        ]
    return [os.path.normpath(path) for rule in rules for path in rule.split()[2:]]


def _go(target: IO[bytes]) -> None:
    """Only the packages that are used: a whole Go has hundreds of megabytes."""
    root = Path(_said("go", "env", "GOROOT"))
    tools = Path(_said("go", "env", "GOTOOLDIR"))
    needed = _said("go", "list", "-deps", *_PACKAGES).split()
    files = [f"{root}/src/{name}" for name in needed if (root / "src" / name).is_dir()]
    files += [f"{root}/{name}" for name in ("VERSION", "go.env", "pkg/include")]
    built = root / "pkg" / tools.name
    files += [f"{built}/{name}.a" for name in needed if (built / f"{name}.a").is_file()]
    for name in ("asm", "buildid", "cgo", "compile", "link"):
        files.append(f"{tools}/{name}")
    there = [path for path in files if os.path.exists(path)]
    rootfs.write(target, [(Path(os.path.realpath(str(shutil.which("go")))), "usr/local/bin/go")])
    target.seek(0)
    with tarfile.open(fileobj=target, mode="a") as tar:
        images.tools(tar)
        for path in there:
            _flat(tar, Path(path))
        images.link(tar, f"{str(root).lstrip('/')}/bin/go", "/usr/local/bin/go")


def _flat(tar: tarfile.TarFile, path: Path) -> None:
    """A file, or the files of a folder and what else is embedded, without packages below it."""
    real = Path(os.path.realpath(path))
    if real.is_file():
        tar.add(real, str(path).lstrip("/"))
        return
    for one in sorted(real.iterdir()):
        if one.is_file() and not one.name.endswith("_test.go"):
            tar.add(one.resolve(), f"{path}/{one.name}".lstrip("/"))
