"""Copies between the editor's pipes and a socket; standard library only, and little of it.

Two blocking copies in two threads: a side that does not read stops the other by itself, files,
pipes and terminals are all the same, and it works where pipes cannot be polled.
"""

import os

TYPE_CHECKING = False  # as type checkers know it; `typing` itself costs 8 ms
if TYPE_CHECKING:
    from _socket import socket

CHUNK = 1 << 16


def editor_to_daemon(fd: int, sock: "socket") -> None:
    """Copy until the editor closes its end, then say so."""
    try:
        while chunk := os.read(fd, CHUNK):
            sock.sendall(chunk)
    except OSError:
        pass
    try:
        sock.shutdown(1)  # no more writing; reading goes on
    except OSError:
        pass


def daemon_to_editor(sock: "socket", fd: int) -> int:
    """Copy until the daemon hangs up; the exit code it gave, 1 when it gave none.

    The code comes as a zero byte and a digit: no message contains a zero byte.
    """
    code = b""
    try:
        while chunk := sock.recv(CHUNK):
            end = chunk.find(b"\0")
            if end >= 0 or code:
                code += chunk[max(end, 0) :]
                chunk = chunk[: max(end, 0)]
            while chunk:
                chunk = chunk[os.write(fd, chunk) :]
    except OSError:
        return 1
    return code[1] - 48 if len(code) == 2 else 1
