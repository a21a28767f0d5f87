"""Program: enter fresh Linux namespaces, arrange what is to be seen, become the command.

Started as ``python -I -S enter.py SPEC`` where SPEC is a JSON object: ``mounts`` (a list of
[kind, target, source]), ``cwd``, ``argv``, ``network``. For machines without bubblewrap; it does
what that does and needs user namespaces and a kernel of 5.12 or newer. Exits with the command's
code, 128 + the number of its signal, or 125 when the namespaces cannot be had.
"""

import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import sys
from typing import Any, NoReturn

CANNOT = 125

_NEWNS, _NEWUTS, _NEWIPC = 0x00020000, 0x04000000, 0x08000000
_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000
_NOSUID, _NODEV, _BIND, _REC, _PRIVATE = 2, 4, 4096, 16384, 1 << 18
_DETACH = 2
_RECURSIVE = 0x8000
_ATTR_RDONLY, _ATTR_NOSUID = 1, 2
_PDEATHSIG, _CAPBSET_DROP, _NO_NEW_PRIVS = 1, 24, 38
_SYS_MOUNT_SETATTR = 442  # the same on every architecture
_LAST_CAPABILITY = 63
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_CAPABILITY_VERSION = 0x20080522
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")

_libc = ctypes.CDLL(None, use_errno=True)


def main(spec: dict[str, Any]) -> NoReturn:
    """Two forks: the first is init of the new process namespace, the second the command."""
    uid, gid = os.getuid(), os.getgid()
    flags = _NEWUSER | _NEWNS | _NEWPID | _NEWIPC | _NEWUTS | (0 if spec["network"] else _NEWNET)
    _call("unshare", flags)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uid} {uid} 1")
    _write("/proc/self/gid_map", f"{gid} {gid} 1")
    first = os.fork()
    if first:
        _exit_like(os.waitpid(first, 0)[1])
    _call("prctl", _PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _arrange(spec["mounts"])
    if not spec["network"]:
        _loopback()
    command = os.fork()
    if command:
        _bury_until(command)
    _renounce()
    os.chdir(spec["cwd"])
    try:
        os.execvp(spec["argv"][0], spec["argv"])
    except OSError as error:
        os.write(2, f"{spec['argv'][0]}: {error.strerror}\n".encode())
        os._exit(127)


def _arrange(mounts: list[list[str]]) -> None:
    """A read-only view of the machine with the given folders hidden, shown or lent."""
    _mount(None, "/", None, _REC | _PRIVATE)
    _mount("tmpfs", "/tmp", "tmpfs", _NOSUID | _NODEV)
    os.mkdir("/tmp/new")
    os.mkdir("/tmp/old")
    _call("pivot_root", b"/tmp", b"/tmp/old")
    os.chdir("/")
    _mount("/old", "/new", None, _BIND | _REC)
    _restrict("/new", _ATTR_RDONLY | _ATTR_NOSUID)
    _mount("proc", "/new/proc", "proc", _NOSUID | _NODEV)
    _devices()
    for kind, target, source in mounts:
        place = f"/new{target}"
        os.makedirs(place, exist_ok=True)
        if kind == "hide":
            _mount("tmpfs", place, "tmpfs", _NOSUID | _NODEV, "mode=0755")
            continue
        _mount(f"/old{source}", place, None, _BIND | _REC)
        _restrict(place, _ATTR_NOSUID | (_ATTR_RDONLY if kind == "show" else 0))
    _call("umount2", b"/old", _DETACH)
    os.chdir("/new")
    _call("pivot_root", b".", b".")
    _call("umount2", b".", _DETACH)
    os.chdir("/")


def _devices() -> None:
    _mount("tmpfs", "/new/dev", "tmpfs", _NOSUID, "mode=0755")
    for name in _DEVICES:
        with open(f"/new/dev/{name}", "wb"):
            pass
        _mount(f"/old/dev/{name}", f"/new/dev/{name}", None, _BIND)
    for name in ("shm", "pts"):
        os.mkdir(f"/new/dev/{name}")
    os.chmod("/new/dev/shm", 0o1777)
    _mount("devpts", "/new/dev/pts", "devpts", _NOSUID, "newinstance,ptmxmode=0666,mode=620")
    links = {"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "/proc/self/fd/0"}
    links |= {"stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
    for name, target in links.items():
        os.symlink(target, f"/new/dev/{name}")


def _loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(control, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


def _renounce() -> None:
    """No rights over the mounts just made: the covers cannot be taken off again."""
    _call("prctl", _NO_NEW_PRIVS, 1, 0, 0, 0)
    for capability in range(_LAST_CAPABILITY + 1):
        _libc.prctl(_CAPBSET_DROP, capability, 0, 0, 0)
    header = struct.pack("Ii", _CAPABILITY_VERSION, 0)
    _call("capset", header, bytes(24))


def _bury_until(command: int) -> NoReturn:
    """What init does: bury orphans until the command ends; the kernel kills the rest then."""
    while True:
        pid, status = os.wait()
        if pid == command:
            _exit_like(status)


def _exit_like(status: int) -> NoReturn:
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str = "") -> None:
    encoded = [os.fsencode(part) if part is not None else None for part in (source, target, kind)]
    _call("mount", *encoded, ctypes.c_ulong(flags), data.encode() or None)


def _restrict(target: str, attributes: int) -> None:
    wanted = struct.pack("QQQQ", attributes, 0, 0, 0)
    number = ctypes.c_long(_SYS_MOUNT_SETATTR)
    _call("syscall", number, -100, os.fsencode(target), _RECURSIVE, wanted, ctypes.c_size_t(32))


def _call(name: str, *arguments: Any) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


if __name__ == "__main__":
    try:
        main(json.loads(sys.argv[1]))
    except OSError as problem:
        os.write(2, f"{problem}\n".encode())
        os._exit(CANNOT)
