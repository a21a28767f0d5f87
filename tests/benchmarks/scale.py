"""One machine, many clients: latency and loop lag of a daemon with a long history (R-scale).

    python tests/benchmarks/scale.py [--clients 500] [--history 10000] [--active 20] [--seconds 20]

A daemon of its own gets a history of runs, active fix runs with the scripted model (whose answers
stream slowly, as real ones do) and clients on its socket, each with a document open, each listening
to events. Every client asks in turn for `run.list`, `usage` and code actions at random moments.
Latency is seen from the client; its own loop's lag is printed beside it. Exit code 1 when a bound
is missed.
"""

import argparse
import asyncio
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from samokoder.server.version import VERSION
from samokoder.state import clock, schema, workspaces
from samokoder.state.database import Database

P95_MS, LAG_MS = 50.0, 20.0
COMMANDS = ("samokoder.run.list", "samokoder.usage", "textDocument/codeAction")
EVERY = 12.0
"""Seconds between two requests of one client, on average."""
PROGRAM = "def double(x):\n    return x ** 3\n"
CHECK = "echo 'app.py:2: error: wrong' >&2\nexit 1\n"


@dataclass
class Client:
    """A client that can do no more than this benchmark needs."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    waiting: dict[int, asyncio.Future[Any]] = field(default_factory=dict)
    last: int = 0
    events: int = 0
    uri: str = ""

    def send(self, method: str, params: Any, id: int | None = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        self._write(message if id is None else {**message, "id": id})

    def _write(self, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        self.writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    async def ask(self, method: str, params: Any) -> Any:
        self.last += 1
        answer = self.waiting[self.last] = asyncio.get_running_loop().create_future()
        self.send(method, params, self.last)
        return await answer

    async def command(self, name: str, **args: Any) -> Any:
        return await self.ask("workspace/executeCommand", {"command": name, "arguments": [args]})

    async def read(self) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await self.reader.readuntil(b"\r\n\r\n")
                body = await self.reader.readexactly(int(head.split(b":")[1].split(b"\r")[0]))
                message = json.loads(body)
                if "method" not in message:
                    waiting = self.waiting.pop(message["id"])
                    if not waiting.cancelled():
                        waiting.set_result(message)
                elif message["method"] == "samokoder/event":
                    self.events += 1
                elif "id" in message:
                    self._write({"jsonrpc": "2.0", "id": message["id"], "result": None})


async def connect(path: Path, root: Path, number: int) -> Client:
    """A client that has said hello, opened its workspace and one document."""
    reader, writer = await asyncio.open_unix_connection(path)
    hello = {"samokoder": 1, "want": "lsp", "version": VERSION, "python": "", "token": ""}
    writer.write(json.dumps(hello).encode() + b"\n")
    await reader.readuntil(b"\n")
    client = Client(reader, writer, number, uri=(root / "app.py").as_uri())
    client.task = asyncio.create_task(client.read())  # type: ignore[attr-defined]
    options = {"events": f"client-{number}"}
    folders = [{"uri": root.as_uri(), "name": root.name}]
    await client.ask(
        "initialize",
        {
            "processId": os.getpid(),
            "workspaceFolders": folders,
            "capabilities": {},
            "initializationOptions": options,
        },
    )
    client.send("initialized", {})
    item = {"uri": client.uri, "languageId": "python", "version": 1, "text": PROGRAM * 50}
    client.send("textDocument/didOpen", {"textDocument": item})
    return client


async def history(file: Path, roots: list[Path], count: int) -> None:
    """Finished runs, each with two calls in the ledger and its sums, and some events."""
    async with Database.open(file) as db:
        async with db.session() as s:
            ids = [(await workspaces.ensure(s, str(root))).id for root in roots]
        for start in range(0, count, 1000):
            numbers = range(start, min(start + 1000, count))
            past = [_past(number, ids[number % len(ids)]) for number in numbers]
            async with db.session() as s:
                await s.execute(insert(schema.Run), past)
                await s.execute(insert(schema.ModelCall), [c for run in past for c in _calls(run)])
                await s.execute(insert(schema.Event), [e for run in past for e in _events(run)])
        now = clock.now_ms()
        sums = [
            _sum(workspace_id, clock.midnight(now) - day * clock.DAY_MS, model)
            for workspace_id in ids
            for day in range(30)
            for model in range(7)
        ]
        async with db.session() as s:
            await s.execute(insert(schema.Usage), sums)


def _past(number: int, workspace_id: int) -> dict[str, Any]:
    at = clock.now_ms()
    return {
        "id": clock.new_id(),
        "workspace_id": workspace_id,
        "kind": "fix",
        "title": f"fix {number}",
        "state": "succeeded",
        "reason": "fixed and proven",
        "client": "",
        "arguments": b'{"kind":"fix"}',
        "result": b"{" + b" " * 4000 + b"}",
        "created_at": at,
        "started_at": at,
        "finished_at": at,
    }


def _calls(run: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "run_id": run["id"],
            "key": f"k{part}",
            "request_hash": os.urandom(32),
            "attempt": 1,
            "role": "coder",
            "agent": "L2",
            "provider": "openai",
            "model": f"model-{part}",
            "state": "answered",
            "tokens_in": 900,
            "tokens_out": 100,
            "tokens_cached": 0,
            "estimated": False,
            "micros": 1200,
            "error_code": "",
            "error": "",
            "started_at": run["created_at"],
            "finished_at": run["created_at"],
        }
        for part in range(2)
    ]


def _events(run: dict[str, Any]) -> list[dict[str, Any]]:
    facts = '{"message":"Running tests","percent":null}'
    one = {"run_id": run["id"], "workspace_id": run["workspace_id"], "at": run["created_at"]}
    return [{**one, "kind": "progress", "facts": facts} for _ in range(10)]


def _sum(workspace_id: int, day: int, model: int) -> dict[str, Any]:
    counts = {"calls": 10, "failed": 1, "unknown": 0, "tokens_in": 9000, "tokens_out": 1000}
    rest = {"tokens_cached": 0, "micros": 12_000, "unpriced": 0}
    key = {"provider": "openai", "model": f"model-{model}", "role": "coder", "agent": "L2"}
    return {"day": day, "workspace_id": workspace_id, **key, **counts, **rest}


@contextmanager
def home(active: int) -> Iterator[Path]:
    """Folders of its own for the daemon, settings included."""
    folder = Path(tempfile.mkdtemp(prefix="scale-"))
    for name in ("state", "cache", "config", "runtime"):
        (folder / name).mkdir(mode=0o700)
        os.environ[f"SAMOKODER_{name.upper()}_DIR"] = str(folder / name)
    settings = f"[run]\nparallel = {active}\n[model]\nparallel = {active}\n"
    (folder / "config" / "config.toml").write_text(settings)
    answer = (
        "app.py\n<<<<<<< SEARCH\n    return x ** 3\n=======\n    return x * %d\n>>>>>>> REPLACE\n"
    )
    answers = [("I think about it. " * 200) + answer % n for n in range(2, 60)]
    script = {"rules": [{"answers": answers, "pace": 0.1, "chunk": 24}]}
    (folder / "script.json").write_text(json.dumps(script))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def workspace(folder: Path, number: int) -> Path:
    """A small program whose check fails."""
    root = folder / f"work{number}"
    root.mkdir()
    (root / "app.py").write_text(PROGRAM)
    (root / "check.sh").write_text(CHECK)
    return root


async def lag(seen: list[float]) -> None:
    """How late this process's own loop is."""
    while True:
        due = time.monotonic() + 0.05
        await asyncio.sleep(0.05)
        seen.append(time.monotonic() - due)


async def load(client: Client, until: float, seen: dict[str, list[float]], chance: Any) -> None:
    """Ask now and then, one thing at a time."""
    where = {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 4}}
    wrong = {"range": where, "message": "wrong", "source": "pyright", "severity": 1}
    action = {
        "textDocument": {"uri": client.uri},
        "range": where,
        "context": {"diagnostics": [wrong]},
    }
    await asyncio.sleep(chance.random() * min(EVERY, until - time.monotonic()))
    while time.monotonic() < until:
        name = chance.choice(COMMANDS)
        started = time.monotonic()
        if name.startswith("samokoder."):
            answer = await client.command(name)
        else:
            answer = await client.ask(name, action)
        seen[name].append((time.monotonic() - started) * 1000)
        assert answer.get("result"), answer
        pause = chance.expovariate(1 / EVERY)
        if time.monotonic() + pause > until:
            return
        await asyncio.sleep(pause)


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


async def status(path: Path) -> dict[str, Any]:
    """The daemon's own facts."""
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(json.dumps({"samokoder": 1, "want": "status", "token": ""}).encode() + b"\n")
    answer: dict[str, Any] = json.loads(await reader.readuntil(b"\n"))
    writer.close()
    return answer


async def measure(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Everything, against one daemon."""
    roots = [workspace(folder, n) for n in range(max(1, given.active))]
    started = time.monotonic()
    await history(folder / "state" / "state.db", roots, given.history)
    filled = time.monotonic() - started
    daemon = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "samokoder.server.main", "daemon", stdout=asyncio.subprocess.PIPE
    )
    assert daemon.stdout is not None
    await daemon.stdout.readline()
    path = folder / "runtime" / "daemon.sock"
    own: list[float] = []
    try:
        tasks = [asyncio.create_task(lag(own))]
        clients = [await connect(path, roots[n % len(roots)], n) for n in range(given.clients)]
        for number, root in enumerate(roots[: given.active]):
            args = {
                "root": str(root),
                "check": "sh check.sh",
                "yes": True,
                "model": f"scripted:{folder / 'script.json'}",
                "rungs": ["L2"],
                "unconfined": True,
            }
            tasks.append(asyncio.create_task(clients[number].command("samokoder.fix", **args)))
        await asyncio.sleep(given.warm)
        own.clear()
        seen: dict[str, list[float]] = defaultdict(list)
        until, chance = time.monotonic() + given.seconds, random.Random(7)
        async with asyncio.TaskGroup() as group:
            for client in clients:
                group.create_task(load(client, until, seen, chance))
        facts = await status(path)
        listed = (await clients[0].command("samokoder.run.list", all=True, limit=50))["result"]
        for task in tasks:
            task.cancel()
        return {
            "filled_seconds": round(filled, 1),
            "clients": facts["clients"],
            "active": sum(run["state"] == "running" for run in listed),
            "requests": {name: len(values) for name, values in seen.items()},
            "p50_ms": {name: round(percentile(v, 0.5), 1) for name, v in seen.items()},
            "p95_ms": {name: round(percentile(v, 0.95), 1) for name, v in seen.items()},
            "events": sum(client.events for client in clients),
            "loop_lag_p99_ms": facts["loop_lag_p99_ms"],
            "client_lag_p99_ms": round(percentile(own, 0.99) * 1000, 1),
            "rss_mib": facts["rss_mib"],
            "load": [round(one, 1) for one in os.getloadavg()],
        }
    finally:
        daemon.send_signal(signal.SIGTERM)
        await daemon.wait()


def main() -> int:
    """Print the figures; returns 1 when a bound is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--history", type=int, default=10_000)
    parser.add_argument("--active", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--warm", type=float, default=5.0)
    given = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with home(given.active) as folder:
        figures = asyncio.run(measure(folder, given))
    print(json.dumps(figures, indent=1))
    slow = [name for name, value in figures["p95_ms"].items() if value > P95_MS]
    late = figures["loop_lag_p99_ms"] > LAG_MS
    for name in slow:
        print(f"{name}: p95 over {P95_MS:.0f} ms")
    if late:
        print(f"the loop was late by more than {LAG_MS:.0f} ms")
    return 1 if slow or late else 0


if __name__ == "__main__":
    sys.exit(main())
