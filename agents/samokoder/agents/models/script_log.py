"""What a scripted model was asked and what it answered: the ground truth a ledger is held against.

JSON lines, appended whole, in two steps: ``asked`` before anything is answered, ``ended`` when the
answer is out or was given up. An ``asked`` without its ``ended`` was in flight when the process
died. Times are seconds since 1970.
"""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from samokoder.agents.models.model import Usage

OK: Final = "ok"


class Call(Struct, omit_defaults=True):
    """One call. Tokens are what was billed: nothing for a call that was turned away."""

    n: int
    rule: int = -1
    model: str = ""
    hash: str = ""
    """Of messages, limit, temperature, seed and schema: equal calls have equal ones."""
    prompt_chars: int = 0
    max_tokens: int = 0
    messages: tuple[tuple[str, str], ...] = ()
    arrived: float = 0.0
    """First byte of the request."""
    asked: float = 0.0
    """Request complete."""
    answered: float = 0.0
    """First byte of the answer."""
    ended: float = 0.0
    outcome: str = ""
    """"ok", the fault's kind, "gone" (the client left), or empty while in flight."""
    status: int = 0
    sent_chars: int = 0
    input: int = 0
    output: int = 0
    cached: int = 0


class ScriptLog:
    """Appends to the log, or keeps it in memory without a path. Safe for threads."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._calls: dict[int, Call] = {c.n: c for c in read(path)} if path else {}
        self._used = Counter(c.rule for c in self._calls.values())

    @property
    def used(self) -> Counter[int]:
        """How often each rule answered, over restarts."""
        return self._used

    @property
    def calls(self) -> list[Call]:
        with self._lock:
            return [msgspec.structs.replace(c) for c in self._calls.values()]

    def begin(self, call: Call) -> Call:
        """Number a call and write it down; its rule is used from here on."""
        with self._lock:
            call.n = max(self._calls, default=0) + 1
            self._calls[call.n] = call
            self._used[call.rule] += 1
            self._append("asked", call)
        return call

    def end(self, call: Call, outcome: str, usage: Usage | None = None) -> None:
        """Write down how a call ended and what it took."""
        with self._lock:
            call.outcome = outcome
            if usage is not None:
                call.input = usage.input_tokens
                call.output = usage.output_tokens
                call.cached = usage.cached_tokens
            self._append("ended", call)

    def _append(self, event: str, call: Call) -> None:
        if self._path is None:
            return
        fields: dict[str, Any] = msgspec.to_builtins(call)
        if event == "ended":
            fields.pop("messages", None)
        line = msgspec.json.encode({"event": event, **fields}) + b"\n"
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line)
        finally:
            os.close(file)


def read(path: Path) -> Iterator[Call]:
    """The calls of a log, in order; a torn last line is left out."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    calls: dict[int, Call] = {}
    for line in data.split(b"\n")[:-1]:
        call = msgspec.json.decode(line, type=Call)
        known = calls.get(call.n)
        if known is not None:
            call.messages = known.messages
        calls[call.n] = call
    yield from calls.values()


def total(calls: list[Call]) -> Usage:
    """Tokens of all calls together."""
    return Usage(
        sum(c.input for c in calls), sum(c.output for c in calls), sum(c.cached for c in calls)
    )
