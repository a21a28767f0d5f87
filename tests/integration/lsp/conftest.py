"""A raw JSON-RPC peer over real pipes, talking to the probe server in its two forms."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PROBE = Path(__file__).with_name("probe_server.py")
WAIT = 10.0
"""Seconds a test waits for what must come at once; generous because machines are busy."""


class Peer:
    """A client that says exactly what it is told to say."""

    def __init__(self, argv: list[str], env: dict[str, str], errors: Path) -> None:
        with errors.open("ab") as log:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=env
            )
        self.errors = errors
        self.inbox: list[dict[str, Any]] = []
        self._queue: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._next = 0
        self.ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while (line := stream.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                if name == b"Content-Length":
                    length = int(value)
            if not line:
                self._queue.put(None)
                return
            self._queue.put(json.loads(stream.read(length)))

    def raw(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def body(self, body: bytes) -> None:
        self.raw(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def send(self, **message: Any) -> None:
        self.body(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def notify(self, method: str, params: Any = None) -> None:
        self.send(method=method, params=params if params is not None else {})

    def request(self, method: str, params: Any = None, **more: Any) -> int:
        self._next += 1
        message: dict[str, Any] = {"id": self._next, "method": method, **more}
        if params is not None:
            message["params"] = params
        self.send(**message)
        return self._next

    def command(self, name: str, /, **args: Any) -> int:
        return self.request("workspace/executeCommand", {"command": name, "arguments": [args]})

    def pump(self, seconds: float) -> bool:
        """Take one message in; False when none came."""
        try:
            message = self._queue.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return False
        if message is None:
            self.ended = True
            return False
        self.inbox.append(message)
        return True

    def find(
        self, wanted: Callable[[dict[str, Any]], bool], seconds: float = WAIT
    ) -> dict[str, Any]:
        """The first message that is wanted, taken out of the inbox."""
        deadline = time.monotonic() + seconds
        while True:
            for message in self.inbox:
                if wanted(message):
                    self.inbox.remove(message)
                    return message
            if not self.pump(deadline - time.monotonic()):
                raise AssertionError(f"nothing came; in the inbox: {self.inbox}")

    def answer(self, id: int | str | None, seconds: float = WAIT) -> dict[str, Any]:
        return self.find(lambda m: "method" not in m and m.get("id") == id, seconds)

    def incoming(self, method: str, seconds: float = WAIT) -> dict[str, Any]:
        return self.find(lambda m: m.get("method") == method, seconds)

    def call(self, method: str, params: Any = None) -> dict[str, Any]:
        return self.answer(self.request(method, params))

    def run(self, name: str, /, **args: Any) -> Any:
        """The result of a command."""
        return self.answer(self.command(name, **args))["result"]

    def silence(self, seconds: float = 0.15) -> list[dict[str, Any]]:
        """What comes within a short time, and was not waited for."""
        deadline = time.monotonic() + seconds
        while self.pump(deadline - time.monotonic()):
            pass
        return self.inbox

    def initialize(self, capabilities: Any = None, **more: Any) -> dict[str, Any]:
        params = {
            "processId": os.getpid(),
            "rootUri": None,
            "capabilities": capabilities or {},
            **more,
        }
        result = self.call("initialize", params)
        self.notify("initialized")
        return result

    def open(self, path: Path, text: str, version: int = 1) -> str:
        uri = path.as_uri()
        item = {"uri": uri, "languageId": "python", "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return uri

    def change(self, uri: str, version: int, *changes: Any) -> None:
        document = {"uri": uri, "version": version}
        params = {"textDocument": document, "contentChanges": list(changes)}
        self.notify("textDocument/didChange", params)

    def hang_up(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def exit_code(self, seconds: float = WAIT) -> int:
        return self.process.wait(seconds)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            try:
                stream.close()
            except BrokenPipeError:
                pass


Start = Callable[..., Peer]


def environment(runtime: Path) -> dict[str, str]:
    return {**os.environ, "SAMOKODER_RUNTIME_DIR": str(runtime)}


def daemon_pid(runtime: Path) -> int | None:
    try:
        return int((runtime / "daemon.pid").read_text())
    except (OSError, ValueError):
        return None


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def end_daemon(runtime: Path) -> None:
    pid = daemon_pid(runtime)
    if pid is None or not is_running(pid):
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 5
    while is_running(pid):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


@pytest.fixture(scope="session")
def shared_runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The runtime folder of one daemon that serves many tests."""
    runtime = tmp_path_factory.mktemp("runtime")
    yield runtime
    end_daemon(runtime)


@pytest.fixture
def own_runtime(tmp_path: Path) -> Iterator[Path]:
    """A runtime folder of this test alone; its daemon is ended afterwards."""
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    yield runtime
    end_daemon(runtime)


@pytest.fixture(scope="session", params=["in-process", "daemon"])
def argv(request: pytest.FixtureRequest) -> list[str]:
    """The command line of the server, in both of its forms."""
    options = ["--in-process"] if request.param == "in-process" else []
    return [sys.executable, str(PROBE), "lsp", *options]


@pytest.fixture
def start(argv: list[str], shared_runtime: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts clients of the server."""
    peers: list[Peer] = []

    def starter() -> Peer:
        peer = Peer(argv, environment(shared_runtime), tmp_path / "errors.log")
        peers.append(peer)
        return peer

    yield starter
    for peer in peers:
        peer.end()


@pytest.fixture(scope="session")
def shared(
    argv: list[str], shared_runtime: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Peer]:
    errors = tmp_path_factory.mktemp("shared") / "errors.log"
    client = Peer(argv, environment(shared_runtime), errors)
    client.initialize()
    yield client
    client.end()


@pytest.fixture
def living(shared: Peer) -> Peer:
    """A client that others use too: for tests after which the server must be as before."""
    assert shared.process.poll() is None, "an earlier test has ended the server"
    assert shared.inbox == [], "an earlier test has got more answers than it waited for"
    return shared


@pytest.fixture
def peer(start: Start) -> Peer:
    """A client that has initialized."""
    client = start()
    client.initialize()
    return client


@pytest.fixture
def forwarder(own_runtime: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts forwarders to a daemon of this test's own."""
    peers: list[Peer] = []

    def starter(**env: str) -> Peer:
        argv = [sys.executable, str(PROBE), "lsp"]
        client = Peer(argv, {**environment(own_runtime), **env}, tmp_path / "errors.log")
        peers.append(client)
        return client

    yield starter
    for client in peers:
        client.end()
