"""The log: one JSON object a line, rotated, 0600, scrubbed, with the run's id on every line.

    log = logs.get(__name__)
    with logs.bound(run=run_id):
        log.info("a check was run", check=check.id, seconds=0.4)

Lines are put on a queue and written by a thread of their own, so the event loop never waits for
the disk; when that thread cannot keep up, lines are dropped and their number is written. Records
of other libraries (``logging``) go the same way, from warnings up.
"""

import contextvars
import json
import logging
import logging.handlers
import os
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Self

import anyio.to_thread

from samokoder.agents.models.redact import SCRUBBED, scrub
from samokoder.agents.settings import LogSettings
from samokoder.state.paths import private, state_dir

FILES = 5
"""Log files kept of each name, the current one included."""

BACKLOG = 10_000
"""Lines that may wait for the disk."""

ROOT = "samokoder"

_context: contextvars.ContextVar[Mapping[str, object]] = contextvars.ContextVar(
    "log_context",
    default={},  # noqa: B039 - never changed, only replaced
)


class Log:
    """Writes events with facts; the same call shape at every level."""

    __slots__ = ("_logger",)

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def debug(self, event: str, **facts: object) -> None:
        self._write(logging.DEBUG, event, facts)

    def info(self, event: str, **facts: object) -> None:
        self._write(logging.INFO, event, facts)

    def warning(self, event: str, **facts: object) -> None:
        self._write(logging.WARNING, event, facts)

    def error(self, event: str, **facts: object) -> None:
        self._write(logging.ERROR, event, facts)

    def exception(self, event: str, **facts: object) -> None:
        """An error with the traceback of the exception being handled."""
        self._write(logging.ERROR, event, facts, trace=True)

    def _write(
        self, level: int, event: str, facts: Mapping[str, object], *, trace: bool = False
    ) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, event, exc_info=trace, extra={"facts": facts})


def get(name: str) -> Log:
    """The log of a module; ``name`` is its ``__name__``."""
    return Log(logging.getLogger(name))


@contextmanager
def bound(**facts: object) -> Iterator[None]:
    """Facts (``run=…``) on every line written inside, in tasks started there too."""
    token = _context.set({**_context.get(), **facts})
    try:
        yield
    finally:
        _context.reset(token)


class Logs:
    """The open log of this process. Close it to have everything written."""

    def __init__(
        self,
        settings: LogSettings,
        name: str,
        *,
        folder: Path | None = None,
        secrets: Iterable[str] = (),
    ) -> None:
        """``name`` tells processes apart (``daemon``, ``shell``); ``secrets`` are scrubbed
        whatever they look like. Reads and makes files: not on the event loop.
        """
        self.path = private(folder or state_dir() / "logs") / f"{name}.jsonl"
        self._file = _File(self.path, settings.max_size << 20, tuple(secrets))
        lines: SimpleQueue[logging.LogRecord] = SimpleQueue()
        self._handler = _Handler(lines)
        self._listener = logging.handlers.QueueListener(lines, self._file)
        self._listener.start()
        self._root_level = logging.getLogger().level
        logging.getLogger().addHandler(self._handler)
        logging.getLogger().setLevel(logging.WARNING)
        self.level(settings.level)

    def level(self, level: str) -> None:
        """``debug``, ``info``, ``warning`` or ``error`` for the product's own lines."""
        logging.getLogger(ROOT).setLevel(level.upper())

    def close(self) -> None:
        """Write what waits and end the thread. Blocks; harmless when called again."""
        root = logging.getLogger()
        if self._handler not in root.handlers:
            return
        root.removeHandler(self._handler)
        root.setLevel(self._root_level)
        logging.getLogger(ROOT).setLevel(logging.NOTSET)
        if self._handler.dropped:
            self._handler.put_dropped()
        self._listener.stop()
        self._file.close()

    async def aclose(self) -> None:
        """As :meth:`close`, without blocking the event loop."""
        await anyio.to_thread.run_sync(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Handler(logging.handlers.QueueHandler):
    """Takes a record where it arises, with its context; never waits."""

    queue: SimpleQueue[Any]

    def __init__(self, lines: SimpleQueue[logging.LogRecord]) -> None:
        super().__init__(lines)
        self.dropped = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        record.msg, record.args = record.getMessage(), None
        record.context = _context.get()
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        if self.queue.qsize() >= BACKLOG:
            self.dropped += 1
            return
        if self.dropped:
            self.put_dropped()
        self.queue.put(record)

    def put_dropped(self) -> None:
        """A line about the lines that are missing here."""
        facts = {"lines": self.dropped}
        self.dropped = 0
        record = logging.makeLogRecord(
            {
                "name": __name__,
                "levelno": logging.WARNING,
                "levelname": "WARNING",
                "msg": "the log could not keep up; lines are missing",
                "facts": facts,
            }
        )
        self.queue.put(record)


class _File(logging.Handler):
    """Runs in the listener's thread. A full disk costs lines, nothing else."""

    def __init__(self, path: Path, size: int, secrets: tuple[str, ...]) -> None:
        super().__init__()
        self.path, self.size, self.secrets = path, size, secrets
        self._fd = -1

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record).encode("utf-8", "backslashreplace") + b"\n"
        with suppress(OSError):
            self._make_room(len(line))
            os.write(self._fd, line)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        super().close()

    def _make_room(self, more: int) -> None:
        """An open file that holds ``more`` bytes; another process may have rotated it away."""
        if self._fd >= 0:
            now = os.fstat(self._fd)
            if now.st_size and now.st_size + more > self.size and self._is_current(now):
                for number in range(FILES - 1, 0, -1):
                    with suppress(FileNotFoundError):
                        os.replace(self._named(number - 1), self._named(number))
            elif self._is_current(now):
                return
            os.close(self._fd)
            self._fd = -1
        self._fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def _is_current(self, now: os.stat_result) -> bool:
        try:
            return os.path.samestat(now, os.stat(self.path))
        except FileNotFoundError:
            return False

    def _named(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}") if number else self.path

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "at": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "log": record.name,
            "event": record.msg,
            **getattr(record, "context", {}),
            **getattr(record, "facts", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["trace"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(self._scrubbed(line), ensure_ascii=False)

    def _scrubbed(self, value: object) -> object:
        match value:
            case bool() | int() | float() | None:
                return value
            case Mapping():
                return {str(key): self._item(str(key), item) for key, item in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self._scrubbed(item) for item in value]
            case _:
                return scrub(str(value), self.secrets)

    def _item(self, key: str, value: object) -> object:
        """A value under a telling name (``token=…``) is a secret even where its shape is not."""
        if isinstance(value, str) and scrub(pair := f'{key}="{value}"') != pair:
            return SCRUBBED
        return self._scrubbed(value)
