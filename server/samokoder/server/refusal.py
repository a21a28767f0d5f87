"""What an editor is told when no daemon can be had: a proper answer to ``initialize``."""

import json
import os
import sys

from samokoder.server.framing import Framer, frame

INTERNAL_ERROR = -32603
HINT = "Run `samokoder doctor`, or use `samokoder lsp --in-process`."


def refuse(reason: str) -> int:
    """Answer the editor's first request with the reason; returns the exit code."""
    sys.stderr.write(f"samokoder: {reason}\n")
    sys.stderr.flush()
    id = _first_id()
    if id is None:
        return 1
    error = {
        "code": INTERNAL_ERROR,
        "message": f"Samokoder cannot start: {reason}. {HINT}",
        "data": {"code": "daemon", "hint": HINT, "exit_code": 4, "retry": False},
    }
    body = json.dumps({"jsonrpc": "2.0", "id": id, "error": error}).encode()
    try:
        os.write(1, frame(body))
    except OSError:
        pass
    return 1


def _first_id() -> int | str | None:
    """The id of the first request the editor sends."""
    framer = Framer()
    while True:
        try:
            chunk = os.read(0, 1 << 16)
        except OSError:
            return None
        if not chunk:
            return None
        for body in framer.feed(chunk):
            if not isinstance(body, bytes):
                return None
            try:
                message = json.loads(body)
            except ValueError:
                return None
            id = message.get("id") if isinstance(message, dict) else None
            if isinstance(id, int | str):
                return id
