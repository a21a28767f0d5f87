"""A preview from an editor: the question of trust, the page, its lens, the end."""

import json
import os
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from images import PYTHON
from preview_room import HELLO

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]


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
                assert "error" not in message, message
                return message["result"]
            self._react(message)

    def command(self, name: str, **arguments: Any) -> Any:
        params = {"command": f"samokoder.preview.{name}", "arguments": [arguments]}
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


@pytest.mark.parametrize("opens", [True, False])
def test_from_the_lens_to_the_page(container_engine: str, tmp_path: Path, opens: bool) -> None:
    file = tmp_path / "app.py"
    file.write_text("\n".join(line[4:] for line in HELLO.splitlines()))
    editor = Editor(tmp_path, opens=opens)
    document = {"textDocument": {"uri": file.as_uri()}}
    try:
        (lens,) = editor.call("textDocument/codeLens", document)
        assert lens["command"]["title"] == "▶ Preview"
        arguments = {**lens["command"]["arguments"][0], "image": PYTHON, "port": 8000}
        status = editor.command("start", **arguments)
        (question, *_rest) = [p["message"] for m, p in editor.asked if "MessageRequest" in m]
        assert f"run {tmp_path.name} in a container" in question
        pages = [p["uri"] for m, p in editor.asked if m == "window/showDocument"]
        assert pages == ([status["url"]] if opens else [])
        assert any(status["url"] in text for text in editor.told) is not opens
        lenses = editor.call("textDocument/codeLens", document)
        assert [one["command"]["title"] for one in lenses] == [f"Preview: {status['url']}", "Stop"]
        lines = editor.command("logs")["lines"]
        assert [line["text"] for line in lines] == ["serving"]
        stopped = editor.command("stop", **lenses[1]["command"]["arguments"][0])["previews"]
        assert [one["phase"] for one in stopped] == ["stopped"]
        assert editor.command("status")["previews"] == []
    finally:
        editor.close()


BROKEN = HELLO.replace('b"hello"', "b'' + undefined")
AT = next(number for number, line in enumerate(BROKEN.splitlines()) if "undefined" in line)


def test_what_fails_is_shown_at_its_line_until_it_is_mended(
    container_engine: str, tmp_path: Path
) -> None:
    file = tmp_path / "app.py"
    uri = file.as_uri()
    file.write_text(textwrap.dedent(BROKEN))
    editor = Editor(tmp_path, opens=False)
    try:
        status = editor.command("start", image=PYTHON, port=8000)
        # the head of the answer is sent before it fails
        urllib.request.urlopen(status["url"], timeout=10).close()
        editor.until(lambda: bool(editor.shown.get(uri)))
        (one,) = editor.shown[uri]
        assert one["range"]["start"]["line"] == AT
        assert "undefined" in one["message"]
        file.write_text(textwrap.dedent(HELLO))
        editor.until(lambda: not editor.shown[uri])
        file.write_text("import nowhere\n")
        editor.until(lambda: bool(editor.shown[uri]))
        assert "nowhere" in editor.shown[uri][0]["message"]
        editor.command("stop")
        editor.until(lambda: not editor.shown[uri])
    finally:
        editor.close()


def test_what_does_not_come_up_is_shown_at_its_line(container_engine: str, tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text("import os\n\nprint(os.environ['NOBODY_SETS_IT'])\n")
    editor = Editor(tmp_path, opens=False)
    try:
        with pytest.raises(AssertionError, match="did not come up"):
            editor.command("start", image=PYTHON, port=8000, command="python app.py")
        editor.until(lambda: bool(editor.shown.get(file.as_uri())))
        (one,) = editor.shown[file.as_uri()]
        assert one["range"]["start"]["line"] == 2
    finally:
        editor.close()
