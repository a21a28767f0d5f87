"""How long an editor waits for ``initialize``: warm and cold, beside another language server.

    python tests/benchmarks/startup.py [--runs N]

All are started in turn in the same run, from the command an editor would configure. Warm means that
the daemon runs already. Prints medians and the daemon's idle memory; exits with 1 when the warm
median is over 0.6 times the other server's, or the idle daemon over 100 MiB.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MAX_RATIO = 0.6
MAX_IDLE_MIB = 100
SETTLE_SECONDS = 3.0
"""A daemon is warm when it has opened its engine."""
BIN = Path(sys.executable).parent
OURS = (str(BIN / "samokoder"), "lsp")
OTHER = (str(BIN / "pyright-langserver"), "--stdio")


def frame(message: dict[str, object]) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def initialize_seconds(argv: tuple[str, ...], folder: Path, env: dict[str, str]) -> float:
    """Seconds from starting the process to the whole answer to ``initialize``."""
    params = {
        "processId": os.getpid(),
        "rootUri": folder.as_uri(),
        "capabilities": {"workspace": {"applyEdit": True}},
        "workspaceFolders": [{"uri": folder.as_uri(), "name": "bench"}],
    }
    request = frame({"id": 1, "method": "initialize", "params": params})
    begin = time.perf_counter()
    process = subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(request)
    process.stdin.flush()
    while True:
        length = 0
        while line := process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if not length:
            raise SystemExit(f"{argv[0]} ended before it answered")
        message = json.loads(process.stdout.read(length))
        if message.get("id") == 1 and "method" not in message:
            seconds = time.perf_counter() - begin
            break
    if "error" in message:
        raise SystemExit(f"{argv[0]}: {message['error']}")
    process.stdin.write(frame({"method": "initialized", "params": {}}))
    process.stdin.write(frame({"id": 2, "method": "shutdown"}))
    process.stdin.write(frame({"method": "exit"}))
    process.stdin.close()
    process.stdout.read()
    process.wait(10)
    process.stdout.close()
    return seconds


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def end_daemon(runtime: Path) -> None:
    try:
        pid = int((runtime / "daemon.pid").read_text())
        os.kill(pid, signal.SIGTERM)
    except (OSError, ValueError):
        return
    while is_running(pid):
        time.sleep(0.005)


def idle_mib(runtime: Path) -> int:
    pid = int((runtime / "daemon.pid").read_text())
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) >> 10


def show(name: str, seconds: list[float]) -> None:
    low, high = min(seconds), max(seconds)
    median = statistics.median(seconds)
    print(f"{name:30} {median * 1000:8.1f} ms   ({low * 1000:.1f} to {high * 1000:.1f})")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=9)
    runs = max(7, parser.parse_args().runs)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        env = dict(os.environ)
        for folder in ("state", "cache", "config", "runtime"):
            (home / folder).mkdir(mode=0o700)
            env[f"SAMOKODER_{folder.upper()}_DIR"] = str(home / folder)
        runtime, work = home / "runtime", home / "work"
        work.mkdir()
        cold, warm, other = [], [], []
        try:
            initialize_seconds(OTHER, work, env)  # its first start may fetch its parts
            for _ in range(runs):
                end_daemon(runtime)
                cold.append(initialize_seconds(OURS, work, env))
            time.sleep(SETTLE_SECONDS)
            for _ in range(runs):
                warm.append(initialize_seconds(OURS, work, env))
                other.append(initialize_seconds(OTHER, work, env))
            memory = idle_mib(runtime)
        finally:
            end_daemon(runtime)
    ratio = statistics.median(warm) / statistics.median(other)
    print(f"initialize, medians of {runs}:")
    show("samokoder lsp, warm daemon", warm)
    show("samokoder lsp, cold", cold)
    show("pyright-langserver", other)
    print(f"warm / pyright {ratio:.3f} (at most {MAX_RATIO})")
    print(f"daemon, idle   {memory} MiB (at most {MAX_IDLE_MIB})")
    return 0 if ratio <= MAX_RATIO and memory <= MAX_IDLE_MIB else 1


if __name__ == "__main__":
    sys.exit(main())
