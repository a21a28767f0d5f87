"""``samokoder lsp --in-process``: one client over stdio, the engine in the same process.

The editor's pipes are copied to a socket pair by two threads, as the forwarder does, so the loop
never blocks on a pipe and every kind of stdin works.
"""

import asyncio
import os
import socket
import sys
import threading

import anyio

from samokoder.server import pumps
from samokoder.server.host import Host
from samokoder.server.product import Product

CLOSE_SECONDS = 5.0
"""How long the engine may take to close."""


async def serve(host: Host, sock: socket.socket, *, trailer: bool = False) -> int:
    """Serve one client over a connected socket, engine included; returns its exit code."""
    reader, writer = await asyncio.open_connection(sock=sock)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(host.engine_slot.run, host)
        code = await host.serve(reader, writer, trailer=trailer)
        with anyio.move_on_after(CLOSE_SECONDS):
            await host.engine_slot.close()
        tasks.cancel_scope.cancel()
    return code


def main(product: Product) -> int:
    """Serve the client at stdin and stdout until it leaves; never returns."""
    ours, theirs = socket.socketpair()
    stdin, stdout = os.dup(0), os.dup(1)
    os.dup2(2, 1)  # a stray print must not get into the protocol
    threading.Thread(target=pumps.editor_to_daemon, args=(stdin, ours), daemon=True).start()
    out = threading.Thread(target=pumps.daemon_to_editor, args=(ours, stdout), daemon=True)
    out.start()
    code = anyio.run(lambda: serve(Host(product), theirs))
    out.join(1.0)
    sys.stderr.flush()
    os._exit(code)  # the interpreter's own end takes longer than some editors wait
