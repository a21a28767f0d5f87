"""Who is at the other end of a Unix socket, as the kernel says."""

import os
import socket
import struct
import sys


def is_own(sock: socket.socket) -> bool:
    """Whether the peer runs as this process's user; False too when that cannot be told."""
    try:
        return peer_uid(sock) == os.getuid()
    except (OSError, struct.error):
        return False


def peer_uid(sock: socket.socket) -> int:
    """The user id of the peer at the time it connected."""
    if sys.platform == "darwin":
        # struct xucred: version, uid, …; level SOL_LOCAL, option LOCAL_PEERCRED
        facts = sock.getsockopt(0, 1, 76)
        return int(struct.unpack_from("=II", facts)[1])
    facts = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("=3i"))
    return int(struct.unpack("=3i", facts)[1])
