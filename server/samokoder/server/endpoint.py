"""How a client reaches the daemon, and the line both exchange before the protocol begins.

A Unix socket; on Windows loopback TCP, guarded by a token only the user can read. The line is JSON:
``{"samokoder": 1, "want": "lsp", "version": …, "python": …, "token": …}``, answered by one of
``{"ok": true, …}`` and ``{"ok": false, "retry": …}``. Standard library only: the forwarder imports
this.
"""

import _socket as sockets  # 5 ms less than `socket`, which adds what is not needed here
import os
import sys

from samokoder.server import runtime
from samokoder.server.version import VERSION

MAX_LINE = 4096
"""Bytes the line may have."""
ANSWER_SECONDS = 30.0
"""How long the daemon may take to answer: it may be under load, or hang."""


def is_tcp() -> bool:
    """Whether the daemon is reached by loopback TCP."""
    return os.environ.get("SAMOKODER_TRANSPORT", "") == "tcp" or not hasattr(sockets, "AF_UNIX")


def connect(folder: str) -> "tuple[sockets.socket, str] | None":
    """A connected socket and the token to show; None when nobody listens."""
    if not is_tcp():
        sock = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
        return _connected(sock, runtime.socket_path(folder), "")
    try:
        with open(runtime.port_path(folder), encoding="ascii") as file:
            port, token = file.read().split()
        address = ("127.0.0.1", int(port))
    except (OSError, ValueError):
        return None
    return _connected(sockets.socket(sockets.AF_INET, sockets.SOCK_STREAM), address, token)


def _connected(
    sock: "sockets.socket", address: "str | tuple[str, int]", token: str
) -> "tuple[sockets.socket, str] | None":
    try:
        sock.connect(address)
    except OSError:
        sock.close()
        return None
    return sock, token


def greet(sock: "sockets.socket", token: str, want: str = "lsp") -> bytes:
    """Send the line, return the daemon's; empty when the daemon hung up.

    Raises TimeoutError when it does not answer.
    """
    python = _quoted(sys.executable or "")
    line = (
        f'{{"samokoder":1,"want":"{want}","version":"{VERSION}",'
        f'"python":"{python}","token":"{token}"}}\n'
    )
    sock.settimeout(ANSWER_SECONDS)
    answer = b""
    try:
        sock.sendall(line.encode("utf-8", "replace"))
        while not answer.endswith(b"\n"):
            chunk = sock.recv(MAX_LINE)
            if not chunk:
                return b""
            answer += chunk
    except TimeoutError:
        raise
    except OSError:
        return b""
    sock.settimeout(None)
    return answer


def ask(folder: str, want: str) -> bytes:
    """The running daemon's answer to ``status`` or ``stop``; empty when none runs."""
    found = connect(folder)
    if found is None:
        return b""
    sock, token = found
    try:
        return greet(sock, token, want)
    finally:
        sock.close()


def accepted(answer: bytes) -> bool:
    """Whether the daemon will serve."""
    return answer.startswith(b'{"ok":true')


def is_same_version(answer: bytes) -> bool:
    """Whether the daemon that accepted is of this version."""
    return f'"version":"{VERSION}"'.encode() in answer


def _quoted(text: str) -> str:
    """The inside of a JSON string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return escaped if escaped.isprintable() else ""
