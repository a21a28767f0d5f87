"""R14: what a provider asks for is understood exactly, in every form it is said."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from samokoder.agents.errors import (
    AnswerUnusable,
    ModelRefusedKey,
    ModelUnavailable,
    PromptTooLong,
    RateLimited,
    StreamCut,
)
from samokoder.agents.models.retry import CAP, delay, duration, retry_after

NOW = datetime(2026, 11, 22, 3, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120ms", 0.12),
        ("59.5s", 59.5),
        ("6m0s", 360),
        ("1h2m3s", 3723),
        ("17s", 17),
        ("2m59.56s", 179.56),
        ("1d", 86400),
        ("0", 0),
        ("30", 30),
        ("1.5", 1.5),
        ("", None),
        ("soon", None),
        ("5 apples", None),
        ("-3", None),
        ("3sm", None),
    ],
)
def test_durations(text: str, seconds: float | None) -> None:
    assert duration(text) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"Retry-After": "7"}, "", 7),
        ({"retry-after": "120ms"}, "", 0.12),
        ({"retry-after": "6m0s"}, "", 360),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=42), usegmt=True)}, "", 42),
        ({"retry-after": format_datetime(NOW - timedelta(seconds=42), usegmt=True)}, "", 0),
        ({"retry-after-ms": "250", "retry-after": "1"}, "", 0.25),
        ({"x-ratelimit-reset-requests": "59.5s"}, "", 59.5),
        (
            {
                "x-ratelimit-reset-requests": "2m59.56s",
                "x-ratelimit-remaining-requests": "14370",
                "x-ratelimit-reset-tokens": "7.66s",
                "x-ratelimit-remaining-tokens": "0",
            },
            "",
            7.66,
        ),
        (
            {
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-tokens": "6m0s",
                "x-ratelimit-remaining-tokens": "3000",
            },
            "",
            1,
        ),
        (
            {
                "x-ratelimit-reset-requests": "2m59.56s",
                "x-ratelimit-remaining-requests": "14370",
                "x-ratelimit-reset-tokens": "7.66s",
                "x-ratelimit-remaining-tokens": "120",
            },
            "",
            7.66,
        ),
        (
            {
                "anthropic-ratelimit-tokens-reset": "2026-11-22T03:00:09Z",
                "anthropic-ratelimit-tokens-remaining": "0",
            },
            "",
            9,
        ),
        ({"x-ratelimit-reset": str(int(NOW.timestamp() + 5) * 1000)}, "", 5),
        ({"x-ratelimit-reset": str(int(NOW.timestamp() + 5))}, "", 5),
        ({"ratelimit-reset": "12"}, "", 12),
        (
            {},
            '{"error": {"code": 429, "details": [{"@type": '
            '"type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17s"}]}}',
            17,
        ),
        ({}, '[{"error": {"details": [{"retryDelay": "0.5s"}]}}]', 0.5),
        ({}, "Rate limit reached. Please try again in 1.2s. Visit …", 1.2),
        ({}, '{"error": {"message": "Please try again in 6m0s."}}', 360),
        ({}, "Please try again in 120ms.", 0.12),
        ({}, "Please retry after 20 seconds.", 20),
        ({}, "try again in 1h2m3s", 3723),
        ({"x-ratelimit-reset-tokens": "1s"}, "Please try again in 3s", 3),
        ({}, "", None),
        ({"retry-after": "whenever"}, "no idea", None),
        ({}, "[" * 100_000, None),
    ],
)
def test_what_the_provider_said(headers: dict[str, str], body: str, seconds: float | None) -> None:
    said = retry_after(headers, body, now=NOW)
    assert said == (None if seconds is None else pytest.approx(seconds, abs=0.001))
    assert retry_after(headers, body.encode(), now=NOW) == said


def test_the_provider_is_honoured_exactly() -> None:
    assert delay(RateLimited("x", retry_after=59.5), 1) == 59.5
    assert delay(RateLimited("x", retry_after=0.12), 3) == 0.12
    assert delay(RateLimited("x", retry_after=360), 1) == 360


def test_its_own_wait_doubles_is_random_and_capped() -> None:
    chance = random.Random(1)
    for attempt, most in ((1, 1.0), (2, 2.0), (3, 4.0)):
        waits = [delay(StreamCut("x"), attempt, chance=chance) for _ in range(200)]
        assert all(wait is not None and 0 <= wait <= most for wait in waits)
        assert max(w for w in waits if w is not None) > most * 0.8
    last = delay(ModelUnavailable("x"), 30, attempts=99, chance=chance)
    assert last is not None and last <= CAP


@pytest.mark.parametrize(
    ("error", "attempt"),
    [
        (ModelRefusedKey("x"), 1),
        (PromptTooLong("x"), 1),
        (AnswerUnusable("x"), 1),
        (RateLimited("x", retry_after=1), 4),
        (RateLimited("x", retry_after=86400), 1),
    ],
)
def test_no_further_attempt(error: ModelUnavailable, attempt: int) -> None:
    assert delay(error, attempt) is None
