"""A small editor over real stdio: it agrees to what it is asked, opens pages, shows diagnostics."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Refused(Exception):
    """A request was answered with an error."""


class Editor:
    """A client that answers what it is asked: it agrees to run the project and opens pages."""

    def __init__(self, root: Path, *, opens: bool) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "samokoder.server.main", "lsp", "--in-process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(os.environ),
        )
        self.asked: list[tuple[str, Any]] = []
        self.told: list[str] = []
        self.shown: dict[str, list[Any]] = {}
        self._number = 0
        capabilities = {"window": {"showDocument": {"support": opens}}}
        self.call("initialize", {"rootUri": root.as_uri(), "capabilities": capabilities})
        self.send({"method": "initialized", "params": {}})

    def send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def call(self, method: str, params: Any) -> Any:
        self._number += 1
        self.send({"id": self._number, "method": method, "params": params})
        while True:
            message = self._receive()
            if "method" not in message and message.get("id") == self._number:
                if "error" in message:
                    raise Refused(message["error"]["message"])
                return message["result"]
            self._react(message)

    def command(self, name: str, **arguments: Any) -> Any:
        return self.execute(f"samokoder.preview.{name}", arguments)

    def execute(self, command: str, arguments: dict[str, Any]) -> Any:
        params = {"command": command, "arguments": [arguments]}
        return self.call("workspace/executeCommand", params)

    def _react(self, message: dict[str, Any]) -> None:
        method, params = message.get("method", ""), message.get("params")
        if method == "window/showMessage":
            self.told.append(params["message"])
        if method == "textDocument/publishDiagnostics":
            self.shown[params["uri"]] = params["diagnostics"]
        if "id" not in message:
            return
        self.asked.append((method, params))
        answer: Any = None
        if method == "window/showMessageRequest":
            answer = {"title": "Only now"}
        elif method == "window/showDocument":
            answer = {"success": True}
        self.send({"id": message["id"], "result": answer})

    def _receive(self) -> dict[str, Any]:
        stream = self.process.stdout
        assert stream is not None
        length = 0
        while (line := stream.readline()) not in (b"\r\n", b""):
            if line.startswith(b"Content-Length:"):
                length = int(line.partition(b":")[2])
        found: dict[str, Any] = json.loads(stream.read(length))
        return found

    def until(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        """Take messages in until it holds; asking for lenses makes some come."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.shown
            self.call("textDocument/codeLens", {"textDocument": {"uri": "file:///x"}})
            time.sleep(0.1)

    def close(self) -> None:
        self.call("shutdown", None)
        self.send({"method": "exit"})
        assert self.process.wait(30) == 0
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()
