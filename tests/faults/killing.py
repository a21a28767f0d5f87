"""Kills the daemon at a boundary or a moment of a run, lets a plain one take over, looks closely.

The scripted model is a process of its own that is never killed: its log is the truth about what
was asked and what it took.
"""

import contextlib
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE
from typing import Any

import anyio
import msgspec
from anyio.to_thread import run_sync
from shapes import CHECK, Shape
from watching import Change, Watcher

from samokoder.agents.models import script_log
from samokoder.server import client as lsp

KILLING = (sys.executable, str(Path(__file__).with_name("killing_forward.py")))
PLAIN = lsp.SERVER
LEFT = ("queued", "running", "waiting")
PATIENCE = 30.0
"""Seconds a run may take."""


@dataclass
class Model:
    """A scripted model's address and the log of what it was asked."""

    url: str
    log: Path

    async def calls(self) -> list[script_log.Call]:
        return await run_sync(lambda: list(script_log.read(self.log)))


@contextlib.asynccontextmanager
async def scripted(shape: Shape, folder: Path) -> AsyncIterator[Model]:
    """The shape's model as a server of its own."""
    script, log = folder / "script.json", folder / "calls.jsonl"
    script.write_bytes(msgspec.json.encode({"rules": shape.rules, "prompts": True}))
    argv = [sys.executable, "-m", "samokoder.agents.models.scripted_server"]
    argv += ["--script", str(script), "--log", str(log)]
    async with await anyio.open_process(argv, stdout=PIPE, stderr=None) as process:
        assert process.stdout is not None
        line = await process.stdout.receive()
        try:
            yield Model(line.decode().split()[-1], log)
        finally:
            process.kill()


@dataclass
class Room:
    """A home and a workspace of their own, with a daemon to be killed."""

    folder: Path
    shape: Shape
    model: Model

    def __post_init__(self) -> None:
        for name in ("state", "cache", "config", "runtime", "tmp", "work"):
            (self.folder / name).mkdir(mode=0o700)
        for name, text in self.shape.files.items():
            (self.work / name).write_text(text)
        (self.folder / "config" / "config.toml").write_text(
            f'[model]\nbase_url = "{self.model.url}/v1"\n'
        )

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def env(self, kill_at: int = 0) -> dict[str, str]:
        names = ("state", "cache", "config", "runtime")
        return {
            **{f"SAMOKODER_{n.upper()}_DIR": str(self.folder / n) for n in names},
            "TMPDIR": str(self.folder / "tmp"),
            "KILL_AT": str(kill_at),
            "KILL_LOG": str(self.folder / "boundaries"),
        }

    def boundaries(self) -> list[str]:
        """Names of the boundaries that were reached."""
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / "boundaries").read_text().split()
        return []

    def tree(self) -> dict[str, bytes]:
        """The contents of every file of the workspace, our temporary ones too."""
        files = (p for p in sorted(self.work.rglob("*")) if p.is_file())
        return {p.relative_to(self.work).as_posix(): p.read_bytes() for p in files}

    def daemon(self) -> int:
        try:
            return int((self.folder / "runtime" / "daemon.pid").read_text())
        except (OSError, ValueError):
            return 0

    @contextlib.contextmanager
    def state(self) -> Iterator[sqlite3.Connection]:
        """A copy of the state file as it is at this moment, also while a daemon writes to it."""
        with tempfile.TemporaryDirectory(prefix="state-", dir=self.folder) as copy:
            for file in (self.folder / "state").glob("*.db*"):
                if not file.name.endswith("-shm") and "backup" not in file.name:
                    shutil.copy(file, copy)
            (database,) = Path(copy).glob("*.db")
            with contextlib.closing(sqlite3.connect(database)) as connection:
                yield connection

    def fix(self) -> dict[str, Any]:
        return {
            "root": str(self.work),
            "check": CHECK,
            "yes": True,
            "model": "openai:scripted",
            "rungs": ["L2"],
            "unconfined": True,
            **self.shape.fix,
        }


@dataclass
class Journal:
    """What the state held right after the kill."""

    answered: int = 0
    in_flight: int = 0
    applying: list[set[str]] = field(default_factory=list)
    events: int = 0


def journal(room: Room) -> Journal:
    """Read the state a killed daemon has left."""
    try:
        with room.state() as db:
            states = [row[0] for row in db.execute("select state from model_calls order by id")]
            sets = db.execute("select id from change_sets where state = 'applying'").fetchall()
            paths = (
                "select p.path from file_changes f join paths p on p.id = f.path_id "
                "where f.change_set_id = ?"
            )
            (last,) = db.execute("select coalesce(max(number), 0) from events").fetchone()
            return Journal(
                states.count("ok"),
                states.count("in_flight"),
                [{name for (name,) in db.execute(paths, row)} for row in sets],
                last,
            )
    except ValueError:  # killed before there was a file
        return Journal()
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        return Journal()  # killed before there was a schema


@dataclass
class Outcome:
    """How a case ended; ``faults`` is empty when all is well."""

    shape: str
    where: str
    faults: list[str]
    tree: dict[str, bytes]
    buffers: dict[str, str]
    boundaries: list[str]
    seconds: float
    """From the command to its answer, in the run that nobody interrupts."""
    killed: bool
    calls: int = 0
    again: int = 0
    """Requests that were sent twice because they were in flight."""
    recovered: int = 0
    """Change sets that were cut short."""


@contextlib.asynccontextmanager
async def _editor(
    room: Room, argv: tuple[str, ...], texts: dict[str, str], kill_at: int = 0
) -> AsyncIterator[lsp.Client]:
    """A client with these documents open; their texts are kept in ``texts`` when it is gone."""
    client = None
    try:
        async with lsp.connect(argv, env=room.env(kill_at)) as client:
            await client.initialize(room.work)
            for name, text in texts.items():
                uri = (room.work / name).as_uri()
                client.documents[uri] = lsp.Document(text)
                item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
                await client.notify("textDocument/didOpen", {"textDocument": item})
            yield client
    except* (lsp.RequestFailed, anyio.BrokenResourceError, anyio.ClosedResourceError):
        if argv == PLAIN:
            raise  # nobody kills this one
        assert client is not None and client.closed.is_set(), "the server went away unkilled"
    finally:
        if client is not None:
            for name in texts:
                texts[name] = client.documents[(room.work / name).as_uri()].text


@contextlib.asynccontextmanager
async def _stranger(room: Room) -> AsyncIterator[None]:
    """An editor elsewhere, by which the daemon is up long before ours is back."""
    if not room.shape.late:
        yield
        return
    async with lsp.connect(PLAIN, env=room.env()) as client:
        await client.initialize(room.folder / "config")
        await client.command("samokoder.daemon.status")
        await anyio.sleep(room.shape.late)
        yield


async def _finished(client: lsp.Client) -> dict[str, Any] | None:
    """The one run, once it is at its end; None when none was recorded."""
    known: list[dict[str, Any]] = []
    with anyio.move_on_after(PATIENCE):
        while True:
            known = await client.command("samokoder.run.list")
            if not known or known[0]["state"] not in LEFT:
                break
            await anyio.sleep(0.03)
    return known[0] if known else None


async def _killed(
    room: Room, texts: dict[str, str], at: int, moment: float | None, command: str, args: Any
) -> tuple[bool, float]:
    """Do the command until the kill (False: it came to its end before), and how long that took."""
    done, seconds = False, 0.0
    async with _editor(room, KILLING, texts, at) as client:

        async def ask() -> None:
            nonlocal done, seconds
            began = time.monotonic()
            with contextlib.suppress(anyio.BrokenResourceError):
                try:
                    await client.command(command, args)
                    done, seconds = True, time.monotonic() - began
                except lsp.RequestFailed:
                    if not client.closed.is_set():
                        raise

        async with anyio.create_task_group() as tasks:
            if moment is not None:
                tasks.start_soon(_kill_later, room, moment)
            await ask()
            tasks.cancel_scope.cancel()
    return not done, seconds


async def _kill_later(room: Room, moment: float) -> None:
    await anyio.sleep(moment)
    os.kill(room.daemon(), signal.SIGKILL)


async def case(
    shape: Shape, model: Model, wanted: Outcome | None, *, at: int = 0, moment: float | None = None
) -> Outcome:
    """One run that is killed at boundary ``at`` or after ``moment`` seconds, and its recovery.

    ``wanted`` is the outcome of the run that nobody interrupts; that one itself without it.
    """
    with tempfile.TemporaryDirectory(prefix="kill-") as folder:
        room = Room(Path(folder), shape, model)
        try:
            return await _case(room, wanted, at, moment)
        finally:
            await stop(room)


async def _case(room: Room, wanted: Outcome | None, at: int, moment: float | None) -> Outcome:
    shape, faults = room.shape, list[str]()
    texts = {name: shape.files[name] for name in shape.held}
    command, args = "samokoder.fix", room.fix()
    asked_before = len(await room.model.calls())
    if shape.undo:
        async with _editor(room, PLAIN, texts) as client:
            fixed = await client.command(command, args)
        await stop(room)
        command, args = "samokoder.run.undo", {"run": fixed["run"]["id"], "yes": True}
    allowed: dict[str, set[bytes | None]] = {n: {t.encode()} for n, t in shape.files.items()}
    for name, data in {**room.tree(), **(wanted.tree if wanted else {})}.items():
        allowed[name].add(data)
    if wanted is None:
        for name, text in shape.files.items():
            allowed[name].add(text.replace("x ** ", "x * ").encode())
    with Watcher(room.work, allowed) as watcher:
        killed, seconds = await _killed(room, texts, at, moment, command, args)
        where = f"moment {moment:.3f}" if moment is not None else f"boundary {at}"
        reached = room.boundaries()
        if at:
            where += f" {reached[-1] if reached else '?'}"
            if not killed:
                faults.append(f"never reached: there were {len(reached)} boundaries")
        kept, asked_then = journal(room), len(await room.model.calls())
        pending = _pending(room, kept, wanted)
        changed = len(watcher.changes)
        async with _stranger(room), _editor(room, PLAIN, texts) as client:
            run = await _finished(client)
            if shape.undo and killed:
                faults += await _undone(client, room, kept, args)
            elif run is None:  # killed before the run was recorded
                await client.command(command, args)
            run = await _finished(client)
            assert run is not None
            shown = await client.command("samokoder.run.show", {"run": run["id"]})
            usage = await client.command("samokoder.usage", {"root": str(room.work)})
        faults += _recovered(room, kept, pending, watcher.changes[changed:])
        await stop(room)
    faults += watcher.wrong
    calls = (await room.model.calls())[asked_before:]
    outcome = Outcome(
        shape.name, where, faults, room.tree(), dict(texts), reached, seconds, killed, len(calls)
    )
    expected_state = "undone" if shape.undo else "succeeded"
    if run["state"] != expected_state:
        faults.append(f"the run is {run['state']}: {run['reason']}")
    if wanted is not None:
        faults += _different(outcome, wanted)
    outcome.recovered = len(kept.applying)
    outcome.again = _bought(faults, calls, kept, asked_then - asked_before, shown, usage)
    faults += left(room)
    return outcome


def _pending(room: Room, kept: Journal, wanted: Outcome | None) -> set[str]:
    """Files on disk that the change set that was cut short has not reached yet."""
    names = set().union(*kept.applying)
    tree = room.tree()
    return {n for n in names if wanted is not None and tree.get(n) != wanted.tree.get(n)}


async def _undone(client: lsp.Client, room: Room, kept: Journal, args: dict[str, Any]) -> list[str]:
    """Wait for recovery, then ask for the undo again, as its user would."""
    if kept.applying:
        with anyio.move_on_after(10):
            while journal(room).applying:
                await anyio.sleep(0.03)
        if journal(room).applying:
            return ["the undo that was cut short is neither finished nor rolled back"]
    try:
        await client.command("samokoder.run.undo", args)
    except lsp.RequestFailed as error:
        if "nothing" not in str(error):
            return [f"undo again: {error}"]
    return []


def _recovered(room: Room, kept: Journal, pending: set[str], later: list[Change]) -> list[str]:
    """Whether what was cut short was dealt with before anything else was written."""
    faults = []
    first = {change.name for change in later[: len(pending)]}
    if pending and later and not first <= pending:
        faults.append(f"{sorted(first - pending)} were written before {sorted(pending)}")
    with room.state() as db:
        kinds = [
            kind
            for (kind,) in db.execute(
                "select kind from events where number > ? and kind in ('recovered', 'applied') "
                "order by number",
                (kept.events,),
            )
        ]
        (open_sets,) = db.execute(
            "select count(*) from change_sets where state = 'applying'"
        ).fetchone()
    if kept.applying and kinds[:1] != ["recovered"]:
        faults.append(f"a change set was cut short, and then: {kinds}")
    if open_sets:
        faults.append(f"{open_sets} change sets are still being applied")
    return faults


def _different(outcome: Outcome, wanted: Outcome) -> list[str]:
    """Where files and open documents are not those of the run that nobody interrupted."""
    pairs: tuple[tuple[str, Mapping[str, object], Mapping[str, object]], ...] = (
        ("tree", outcome.tree, wanted.tree),
        ("buffer", outcome.buffers, wanted.buffers),
    )
    return [
        f"{what} {name}: {have.get(name)!r}"
        for what, have, want in pairs
        for name in sorted({*have, *want})
        if have.get(name) != want.get(name)
    ]


def _bought(
    faults: list[str],
    calls: list[script_log.Call],
    kept: Journal,
    asked_then: int,
    shown: dict[str, Any],
    usage: dict[str, Any],
) -> int:
    """Hold the journal and the ledger against the model's log; how many calls were repeated."""
    answered = {call.hash for call in calls[: kept.answered]}
    later = [call.hash for call in calls[asked_then:]]
    twice = answered.intersection(later)
    if twice:
        faults.append(f"{len(twice)} journalled answers were bought again")
    counts = Counter(call.hash for call in calls)
    again = sum(counts.values()) - len(counts)
    if again > kept.in_flight:
        faults.append(f"{again} calls were repeated, {kept.in_flight} were in flight")
    ledger = shown["used"]["calls"]
    sums = sum(s["calls"] for s in usage["sums"])
    if ledger != sums:
        faults.append(f"the run has {ledger} calls, the usage {sums}")
    # a call that was killed between its row and its first byte is in the ledger alone
    if not len(calls) <= ledger <= len(calls) + kept.in_flight:
        faults.append(f"{ledger} calls in the ledger, {len(calls)} in the model's log")
    tokens = sum(c.input + c.output for c in calls if c.outcome == "ok")
    booked = shown["used"]["input_tokens"] + shown["used"]["output_tokens"]
    if kept.in_flight == 0 and tokens != booked:
        faults.append(f"{booked} tokens in the ledger, {tokens} in the model's log")
    return again


async def stop(room: Room) -> None:
    """End the room's daemon in good order and wait until it is gone."""
    pid = room.daemon()
    with contextlib.suppress(ProcessLookupError):
        if pid:
            os.kill(pid, signal.SIGTERM)
    with anyio.move_on_after(15):
        while processes(room):
            await anyio.sleep(0.02)


def processes(room: Room) -> list[str]:
    """Processes that belong to the room: by environment, command line or working folder."""
    mark, found = str(room.folder), []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            place = os.readlink(entry / "cwd")
        except OSError:
            continue
        if mark.encode() in words or place.startswith(mark):
            found.append(words.split(b"\0SHELL")[0][:80].decode(errors="replace"))
    return found


def left(room: Room) -> list[str]:
    """What is there although the daemon is stopped."""
    found = [f"process {name}" for name in processes(room)]
    found += [f"temporary {p.name}" for p in room.work.rglob(".samokoder-*")]
    found += [f"temporary {p.name}" for p in (room.folder / "tmp").iterdir()]
    found += [f"scratch {p.name}" for p in (room.folder / "cache").glob("scratch/*/*")]
    runtime = room.folder / "runtime"
    found += [f"runtime {p.name}" for p in runtime.iterdir() if p.suffix in (".sock", ".pid")]
    return found
