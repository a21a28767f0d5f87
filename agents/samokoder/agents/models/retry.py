"""How long to wait before another attempt: what the provider said, else backing off by itself.

The engine sleeps; this module only computes, so that the figures can be tested exactly.
"""

import json
import random
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from samokoder.agents.errors import ModelError, ModelUnavailable

BASE: Final = 1.0
"""Seconds the first own wait may take; doubles with each attempt."""

CAP: Final = 60.0
"""Seconds an own wait may take at most."""

PATIENCE: Final = 900.0
"""Seconds a provider may ask for before giving up at once is kinder than waiting."""

_UNIT: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+\Z")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?\Z")
_SPOKEN: Final = re.compile(
    r"(?i)(?:try again|retry|wait)[^.\d]{0,40}?"
    r"((?:\d+(?:\.\d+)?\s?(?:ms|milliseconds?|s|sec(?:ond)?s?|m|min(?:ute)?s?|h|hours?)(?![a-z])\s?)+)"
)
_SPOKEN_PART: Final = re.compile(r"(?i)(\d+(?:\.\d+)?)\s?(ms|milli|s|m|h)")
_SPOKEN_UNIT: Final = {"milli": "ms"}
_EPOCH: Final = 1_000_000_000
"""Numbers above are moments (seconds since 1970), below are waits."""


def duration(text: str) -> float | None:
    """Seconds of ``120ms``, ``59.5s``, ``6m0s``, ``1h2m3s`` or a plain number; None otherwise."""
    text = text.strip().lower()
    if _NUMBER.match(text):
        return float(text)
    if not _DURATION.match(text):
        return None
    return sum(float(number) * _UNIT[unit] for number, unit in _PART.findall(text))


def retry_after(
    headers: Mapping[str, str], body: str | bytes = "", *, now: datetime | None = None
) -> float | None:
    """Seconds the provider asks to wait, from its headers first and its text then; None if silent.

    Known: ``retry-after-ms``; ``retry-after`` as seconds, duration or HTTP date; the wait named in
    the body (``retryDelay``, ``retry_after``, "try again in 1.2s"); ``…ratelimit…reset…`` headers
    as durations, dates or moments: of what is used up, else of tokens, else the longest.
    """
    now = now or datetime.now(UTC)
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    milliseconds = duration(lower.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    said = _moment(lower.get("retry-after", ""), now)
    if said is None:
        said = _body(body)
    return said if said is not None else _reset(lower, now)


def delay(
    error: ModelError,
    attempt: int,
    *,
    attempts: int = 4,
    chance: random.Random | None = None,
    patience: float = PATIENCE,
) -> float | None:
    """Seconds to wait after failed attempt number ``attempt`` (from 1); None: do not try again.

    The provider's wait is honoured exactly. Without one: exponential with full jitter, capped.
    """
    if attempt >= attempts or not isinstance(error, ModelUnavailable):
        return None
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= patience else None
    most = min(CAP, BASE * 2 ** (attempt - 1))
    return (chance or random).uniform(0, most)


def _moment(text: str, now: datetime) -> float | None:
    seconds = duration(text)
    if seconds is not None:
        return seconds if seconds < _EPOCH else max(0.0, _epoch(seconds) - now.timestamp())
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = parse(text)
        except ValueError:
            continue
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - now).total_seconds())
    return None


def _epoch(number: float) -> float:
    return number / 1000 if number > _EPOCH * 100 else number


def _body(body: str | bytes) -> float | None:
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    if not text:
        return None
    try:
        found = _key(json.loads(text), 0)
    except (ValueError, RecursionError):
        found = None
    if found is not None:
        return found
    spoken = _SPOKEN.search(text)
    if spoken is None:
        return None
    total = 0.0
    for number, unit in _SPOKEN_PART.findall(spoken.group(1)):
        total += float(number) * _UNIT[_SPOKEN_UNIT.get(unit.lower(), unit.lower())]
    return total


def _key(value: Any, depth: int) -> float | None:
    """The wait under a telling key of an error body, wherever it stands."""
    if depth > 6:
        return None
    if isinstance(value, dict):
        for name in ("retryDelay", "retry_after", "retry_after_seconds", "retryAfter"):
            if isinstance(value.get(name), str | int | float):
                found = duration(str(value[name]))
                if found is not None:
                    return found
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            found = _key(item, depth + 1)
            if found is not None:
                return found
    return None


def _reset(headers: Mapping[str, str], now: datetime) -> float | None:
    waits: dict[str, float] = {}
    for name, value in headers.items():
        if "ratelimit" in name and "reset" in name:
            wait = _moment(value, now)
            if wait is not None:
                waits[name] = wait
    spent = [w for n, w in waits.items() if headers.get(n.replace("reset", "remaining")) == "0"]
    tokens = [w for n, w in waits.items() if "token" in n]
    return max(spent or tokens or waits.values(), default=None)
