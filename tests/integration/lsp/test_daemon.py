"""One daemon per user: who may use it, who starts it, how it makes room and how it ends."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import PROBE, WAIT, daemon_pid, environment, is_running

from samokoder.server import endpoint
from samokoder.server.version import VERSION

HELLO = {"samokoder": 1, "want": "lsp", "version": VERSION, "python": sys.executable, "token": ""}


def connect(runtime: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(WAIT)
    sock.connect(str(runtime / "daemon.sock"))
    return sock


def greet(sock: socket.socket, **more: str) -> dict[str, object]:
    sock.sendall(json.dumps({**HELLO, **more}).encode() + b"\n")
    with sock.makefile("rb") as stream:
        line = stream.readline()
    return dict(json.loads(line)) if line else {}


def wait_until_gone(pid: int, seconds: float = WAIT) -> None:
    deadline = time.monotonic() + seconds
    while is_running(pid):
        assert time.monotonic() < deadline, f"{pid} is still there"
        time.sleep(0.01)


def rss(pid: int) -> int:
    """Resident memory in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) >> 10


def test_ten_editors_at_once_start_one_daemon(forwarder, own_runtime):
    peers = [forwarder() for _ in range(10)]
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda peer: peer.initialize(), peers))
    served = {json.dumps(peer.run("probe.facts")["clients"]) for peer in peers}
    assert served == {"10"}, "all ten speak to the same process"
    for peer in peers:
        peer.call("shutdown")
        peer.notify("exit")
        assert peer.exit_code() == 0


def test_twenty_clients_are_kept_apart(forwarder, own_runtime, tmp_path):
    peers = [forwarder() for _ in range(20)]
    for number, peer in enumerate(peers):
        peer.initialize()
        peer.open(tmp_path / "same.py", f"text of {number}")
    buffers = peers[0].run("probe.buffer", path=str(tmp_path / "same.py"))
    assert sorted(text for _, _, text in buffers) == sorted(f"text of {n}" for n in range(20))
    peers[3].call("shutdown")
    peers[3].notify("exit")
    assert peers[3].exit_code() == 0
    assert peers[4].run("probe.echo", value=4) == 4, "one client's end is nobody else's"
    pid = daemon_pid(own_runtime)
    assert pid is not None
    assert rss(pid) <= 100


def test_the_socket_is_for_its_user_alone(forwarder, own_runtime):
    forwarder().initialize()
    assert (own_runtime / "daemon.sock").stat().st_mode & 0o777 == 0o600
    assert own_runtime.stat().st_mode & 0o777 == 0o700
    assert (own_runtime / "daemon.pid").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_a_process_of_another_user_is_refused(forwarder, own_runtime):
    forwarder().initialize()
    own_runtime.chmod(0o777)
    (own_runtime / "daemon.sock").chmod(0o777)
    script = (
        "import os, socket, sys\n"
        "os.chdir(sys.argv[1]); os.setgid(65534); os.setuid(65534)\n"
        "s = socket.socket(socket.AF_UNIX); s.connect('daemon.sock')\n"
        "try: s.sendall(sys.argv[2].encode() + b'\\n'); print(repr(s.recv(100)))\n"
        "except ConnectionError: print(repr(b''))\n"
    )
    argv = [sys.executable, "-c", script, str(own_runtime), json.dumps(HELLO)]
    answer = subprocess.run(argv, capture_output=True, text=True, timeout=WAIT, check=False)
    assert answer.stdout.strip() == "b''", answer.stderr
    own_runtime.chmod(0o700)


def test_a_dead_daemons_socket_is_taken_over(forwarder, own_runtime):
    first = forwarder()
    first.initialize()
    pid = daemon_pid(own_runtime)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert first.exit_code() == 1, "its editor is told that the connection is lost"
    assert (own_runtime / "daemon.sock").exists()
    second = forwarder()
    second.initialize()
    assert second.run("probe.echo", value=2) == 2
    assert daemon_pid(own_runtime) != pid


def test_a_newer_version_replaces_an_idle_daemon(forwarder, own_runtime):
    peer = forwarder()
    peer.initialize()
    peer.call("shutdown")
    peer.notify("exit")
    peer.exit_code()
    pid = daemon_pid(own_runtime)
    assert pid is not None
    with connect(own_runtime) as sock:
        assert greet(sock, version="9.9.9") == {"ok": False, "retry": True}
    wait_until_gone(pid)
    other = forwarder()
    other.initialize()
    assert daemon_pid(own_runtime) not in (None, pid)


def test_an_update_is_served_by_a_new_daemon_once_the_old_is_idle(forwarder, own_runtime):
    old = forwarder(PROBE_VERSION="0.0.1")
    assert old.initialize()["result"]["serverInfo"]["version"] == "0.0.1"
    meanwhile = forwarder()
    assert meanwhile.initialize()["result"]["serverInfo"]["version"] == "0.0.1"
    assert "another version" in meanwhile.errors.read_text(), "said, not hidden"
    for peer in (old, meanwhile):
        peer.call("shutdown")
        peer.notify("exit")
        peer.exit_code()
    new = forwarder()
    assert new.initialize()["result"]["serverInfo"]["version"] == VERSION


@pytest.mark.parametrize("reason", ["client", "run"])
def test_a_busy_daemon_serves_other_versions_too(forwarder, own_runtime, reason):
    peer = forwarder()
    peer.initialize()
    if reason == "run":
        peer.run("probe.busy", enabled=True)
        peer.call("shutdown")
        peer.notify("exit")
        peer.exit_code()
    pid = daemon_pid(own_runtime)
    with connect(own_runtime) as sock:
        answer = greet(sock, version="9.9.9")
    assert answer["ok"] is True
    assert answer["version"] == VERSION, "the newcomer can tell"
    assert answer["pid"] == pid


def test_an_idle_daemon_ends_and_a_busy_one_does_not(forwarder, own_runtime):
    peer = forwarder(PROBE_IDLE_SECONDS="0.4")
    peer.initialize()
    pid = daemon_pid(own_runtime)
    assert pid is not None
    time.sleep(0.8)
    assert is_running(pid), "a client is connected"
    peer.run("probe.busy", enabled=True)
    peer.hang_up()
    peer.exit_code()
    time.sleep(0.8)
    assert is_running(pid), "a run is active"
    other = forwarder()
    other.initialize()
    other.run("probe.busy", enabled=False)
    other.hang_up()
    wait_until_gone(pid)
    left = sorted(path.name for path in own_runtime.iterdir())
    assert left == ["daemon.lock", "daemon.log", "start.lock"]


def test_sigterm_ends_in_good_order_and_at_once(forwarder, own_runtime):
    peer = forwarder()
    peer.initialize()
    running = peer.command("probe.sleep", seconds=60)
    time.sleep(0.1)
    pid = daemon_pid(own_runtime)
    assert pid is not None
    begin = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    assert peer.answer(running)["error"]["code"] == -32800, "the request is answered"
    assert peer.exit_code() == 1
    wait_until_gone(pid)
    assert time.monotonic() - begin < 2
    assert not (own_runtime / "daemon.sock").exists()
    assert not (own_runtime / "daemon.pid").exists()


def test_a_second_daemon_does_not_get_in(forwarder, own_runtime):
    forwarder().initialize()
    argv = [sys.executable, str(PROBE), "daemon"]
    env = {**environment(own_runtime), "PROBE_TAKEOVER_SECONDS": "0.2"}
    second = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 1
    assert "running already" in second.stderr


def test_status_and_stop_by_the_line_before_the_protocol(forwarder, own_runtime):
    forwarder().initialize()
    pid = daemon_pid(own_runtime)
    assert pid is not None
    with connect(own_runtime) as sock:
        status = greet(sock, want="status")
    assert status["pid"] == pid
    assert status["clients"] == 1
    assert status["busy"] is False
    assert json.loads(endpoint.ask(str(own_runtime), "status"))["pid"] == pid
    with connect(own_runtime) as sock:
        assert greet(sock, want="stop")["ok"] is True
    wait_until_gone(pid)


@pytest.mark.parametrize("line", [b"{}\n", b"{bad\n", b'{"want":"dance"}\n', b"{" + b"x" * 100_000])
def test_nonsense_before_the_protocol_harms_nobody(forwarder, own_runtime, line):
    peer = forwarder()
    peer.initialize()
    with connect(own_runtime) as sock, contextlib.suppress(OSError):
        sock.sendall(line)
        assert b'"ok":true' not in sock.recv(1000)
    assert peer.run("probe.echo", value=1) == 1


def test_an_editor_may_speak_to_the_socket_itself(forwarder, own_runtime):
    forwarder().initialize()
    body = json.dumps(
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}
    ).encode()
    with connect(own_runtime) as sock:
        sock.sendall(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert sock.recv(100).startswith(b"Content-Length: ")


def test_a_client_that_does_not_read_costs_bounded_memory_and_harms_nobody(forwarder, own_runtime):
    peer = forwarder()
    peer.initialize()
    pid = daemon_pid(own_runtime)
    assert pid is not None
    before = rss(pid)
    message = json.dumps(
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "workspace/executeCommand",
            "params": {"command": "probe.echo", "arguments": [{"value": "z" * 1_000_000}]},
        }
    ).encode()
    init = b'{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"capabilities":{}}}'
    sent = 0
    with connect(own_runtime) as sock:
        greet(sock)
        sock.sendall(b"Content-Length: %d\r\n\r\n" % len(init) + init)
        sock.settimeout(2)
        try:
            for number in range(150):
                sock.sendall(b"Content-Length: %d\r\n\r\n" % len(message) + message)
                sent = number + 1
                if number % 10 == 0:
                    assert peer.run("probe.echo", value=number) == number
        except OSError:
            pass
    assert sent < 150, "it was disconnected"
    assert rss(pid) - before < 80, "the cap is 16 MiB, and what is being worked on"
    assert peer.run("probe.echo", value=1) == 1


def test_a_daemon_that_cannot_start_is_an_lsp_error_with_the_reason(own_runtime, tmp_path):
    script = tmp_path / "broken.py"
    script.write_text(
        "import sys\n"
        "if sys.argv[1:] == ['lsp']:\n"
        "    from samokoder.server import forward\n"
        "    sys.exit(forward.main((sys.executable, __file__, 'daemon')))\n"
        "raise SystemExit('the disk is on fire')\n"
    )
    body = b'{"jsonrpc":"2.0","id":"first","method":"initialize","params":{}}'
    got = subprocess.run(
        [sys.executable, str(script), "lsp"],
        input=b"Content-Length: %d\r\n\r\n" % len(body) + body,
        env=environment(own_runtime),
        capture_output=True,
        timeout=WAIT,
        check=False,
    )
    answer = json.loads(got.stdout.partition(b"\r\n\r\n")[2])
    assert answer["id"] == "first"
    assert answer["error"]["code"] == -32603
    assert "the disk is on fire" in answer["error"]["message"]
    assert str(own_runtime / "daemon.log") in answer["error"]["message"]
    assert b"the disk is on fire" in got.stderr
    assert got.returncode == 1


def test_a_runtime_folder_that_cannot_be_used_is_an_lsp_error(tmp_path):
    (tmp_path / "file").write_text("")
    body = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}'
    got = subprocess.run(
        [sys.executable, str(PROBE), "lsp"],
        input=b"Content-Length: %d\r\n\r\n" % len(body) + body,
        env=environment(tmp_path / "file" / "below"),
        capture_output=True,
        timeout=WAIT,
        check=False,
    )
    assert "cannot be made" in json.loads(got.stdout.partition(b"\r\n\r\n")[2])["error"]["message"]


def test_loopback_tcp_with_a_token(forwarder, own_runtime):
    tcp = {"SAMOKODER_TRANSPORT": "tcp"}
    peer = forwarder(**tcp)
    peer.initialize()
    assert peer.run("probe.echo", value="é") == "é"
    file = own_runtime / "daemon.port"
    assert file.stat().st_mode & 0o777 == 0o600
    port, token = file.read_text().split()
    assert len(token) == 64
    for wrong in ("", "0" * 64):
        with socket.create_connection(("127.0.0.1", int(port)), WAIT) as sock:
            assert greet(sock, token=wrong) == {}, "no token, no word"
    with socket.create_connection(("127.0.0.1", int(port)), WAIT) as sock:
        sock.sendall(b"Content-Length: 2\r\n\r\n{}")
        assert sock.recv(100) == b"", "not even the protocol"
    peer.call("shutdown")
    peer.notify("exit")
    assert peer.exit_code() == 0


def test_a_workspace_cannot_lend_the_daemon_a_module(own_runtime, tmp_path):
    """The forwarder's own daemon command ignores the working folder and PYTHONPATH."""
    from samokoder.server import forward

    for name in ("anyio", "json", "lsprotocol"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken over')\n")
    flags = forward._DAEMON[1:3]
    got = subprocess.run(
        [sys.executable, *flags, "-c", "import anyio, json, lsprotocol; print('sound')"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=False,
    )
    assert got.stdout == "sound\n", got.stderr
