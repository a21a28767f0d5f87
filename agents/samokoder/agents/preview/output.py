"""What containers print, as lines with their stream and time."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from samokoder.agents.preview.engine import Engine
from samokoder.agents.preview.spec import LogLine, Source

KEPT: Final = 64 << 10
"""Bytes of a preview's output that stay in the state when its containers are gone."""
_LINE: Final = 16 << 10
"""Characters of one line that are kept."""
_FRACTION = re.compile(r"\.(\d+)")


class Reader:
    """Reads what one container printed since the last time."""

    def __init__(self, engine: Engine, container: str, service: str = "") -> None:
        self._engine = engine
        self._container = container
        self._service = service
        self._last = {Source.OUTPUT: "", Source.ERROR: ""}

    async def read(self, tail: int | None = None) -> list[LogLine]:
        """The lines since the last call, both streams in the order of their times."""
        found: list[tuple[str, LogLine]] = []
        for source in self._last:
            found += await self._read(source, tail)
        found.sort(key=lambda pair: pair[0])
        return [line for _, line in found]

    async def _read(self, source: Source, tail: int | None) -> list[tuple[str, LogLine]]:
        last = self._last[source]
        raw: bytes = await self._engine.call(
            self._engine.client.logs,
            self._container,
            stdout=source is Source.OUTPUT,
            stderr=source is Source.ERROR,
            timestamps=True,
            tail="all" if tail is None else tail,
            # whole seconds: what was seen already is told by the full stamp
            since=int(_seconds(last)) if last else None,
        )
        found = []
        for line in raw.decode("utf-8", "replace").splitlines():
            stamp, _, text = line.partition(" ")
            if stamp <= last or not stamp[:1].isdigit():
                continue
            at = int(_seconds(stamp) * 1000)
            found.append((stamp, LogLine(text[:_LINE], source, self._service, at)))
        if found:
            self._last[source] = found[-1][0]
        return found


def _seconds(stamp: str) -> float:
    """RFC 3339 with nanoseconds, as engines write it."""
    whole = _FRACTION.sub(lambda m: "." + m[1][:6].ljust(6, "0"), stamp)
    return datetime.fromisoformat(whole.replace("Z", "+00:00")).timestamp()


def encoded(lines: Iterable[LogLine]) -> bytes:
    """The last lines that fit into what is kept."""
    kept: list[LogLine] = []
    size = 0
    for line in reversed(list(lines)):
        size += len(line.text) + 40
        if size > KEPT:
            break
        kept.append(line)
    return msgspec.json.encode(kept[::-1])


def decoded(stored: bytes | None) -> tuple[LogLine, ...]:
    """What was kept."""
    return msgspec.json.decode(stored, type=tuple[LogLine, ...]) if stored else ()


def last_words(lines: Iterable[LogLine]) -> str:
    """The line that says most about why a program ended: the last it wrote to stderr, or wrote."""
    spoken = [line for line in lines if line.text.strip()]
    errors = [line for line in spoken if line.source is Source.ERROR] or spoken
    return errors[-1].text.strip()[:300] if errors else ""
