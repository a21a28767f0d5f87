"""Events as single providers send them, where they differ from the common form."""

import json
from typing import Any

import pytest

from samokoder.agents.errors import AnswerUnusable, ModelError, ModelUnavailable
from samokoder.agents.models import anthropic, gemini, openai
from samokoder.agents.models.attempt import Piece
from samokoder.agents.models.http import Endpoint
from samokoder.agents.models.model import Usage
from samokoder.agents.models.sse import Event

THERE = Endpoint("there", "http://127.0.0.1/v1", "key")


def _event(value: Any, name: str = "message") -> Event:
    return Event(value if isinstance(value, str) else json.dumps(value), name)


@pytest.mark.parametrize(
    ("event", "piece"),
    [
        ("[DONE]", Piece(done=True)),
        (" ", None),
        ({"choices": []}, Piece()),
        ({"choices": None, "usage": None}, Piece()),
        ({"choices": [{"delta": {"content": None, "reasoning_content": "hm"}}]}, Piece()),
        (
            {
                "choices": [
                    {"delta": {"content": [{"type": "thinking"}, {"type": "text", "text": "a"}]}}
                ]
            },
            Piece("a"),
        ),
        ({"choices": [{"delta": {}, "finish_reason": "model_length"}]}, Piece(finish="length")),
        ({"choices": [{"delta": {}, "finish_reason": "surprise"}]}, Piece(finish="stop")),
        (
            {
                "choices": [],
                "usage": {"prompt_tokens": 5, "completion_tokens": 2, "prompt_cache_hit_tokens": 4},
            },
            Piece(usage=Usage(5, 2, 4)),
        ),
        (
            {"x_groq": {"usage": {"prompt_tokens": 5, "completion_tokens": 2}}},
            Piece(usage=Usage(5, 2)),
        ),
        ({"choices": [], "usage": {"total_tokens": 5}}, Piece()),
        ({"choices": [{"text": "unknown keys", "delta": {"content": "x"}}], "id": 1}, Piece("x")),
    ],
    ids=lambda v: json.dumps(v)[:60] if not isinstance(v, Piece) else "",
)
def test_openai(event: Any, piece: Piece | None) -> None:
    assert openai.Reader(THERE).read(_event(event)) == piece


def test_openai_says_no_in_its_own_field() -> None:
    reader = openai.Reader(THERE)
    assert reader.read(_event({"choices": [{"delta": {"refusal": "I "}}]})) == Piece("I ")
    last = reader.read(_event({"choices": [{"delta": {}, "finish_reason": "stop"}]}))
    assert last == Piece(finish="refused")


def test_thoughts_are_paid_and_not_shown() -> None:
    chunk = {
        "candidates": [
            {
                "content": {"parts": [{"text": "hm", "thought": True}, {"text": "yes"}]},
                "finishReason": "STOP",
            }
        ],
        "usageMetadata": {
            "promptTokenCount": 9,
            "candidatesTokenCount": 2,
            "thoughtsTokenCount": 30,
            "cachedContentTokenCount": 4,
        },
        "modelVersion": "g-1",
    }
    piece = gemini.Reader(THERE).read(_event(chunk))
    assert piece == Piece("yes", Usage(9, 32, 4), "stop", "g-1")


def test_gemini_refuses_prompts_without_candidates() -> None:
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}}
    assert gemini.Reader(THERE).read(_event(blocked)) == Piece(finish="refused")


def test_anthropic_thinks_in_blocks_of_its_own() -> None:
    reader = anthropic.Reader(THERE, bound=False)
    thought = {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "hm"}}
    assert reader.read(_event(thought)) == Piece("")
    assert reader.read(_event({"type": "brand_new_event"})) is None
    start = {
        "type": "message_start",
        "message": {
            "model": "c-1",
            "usage": {
                "input_tokens": 3,
                "cache_read_input_tokens": 100,
                "cache_creation_input_tokens": 20,
                "output_tokens": 1,
            },
        },
    }
    assert reader.read(_event(start)) == Piece(usage=Usage(123, 1, 100), model="c-1")
    end = {
        "type": "message_delta",
        "delta": {"stop_reason": "refusal"},
        "usage": {"output_tokens": 7},
    }
    assert reader.read(_event(end)) == Piece(usage=Usage(123, 7, 100), finish="refused")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"type": "overloaded_error", "message": "Overloaded"}, ModelUnavailable),
        ({"message": "Provider returned error", "code": 502}, ModelUnavailable),
        ({"message": "try again later"}, ModelUnavailable),
        ({"message": "bad"}, ModelError),
        ("something", ModelError),
    ],
)
def test_errors_inside_a_stream(error: Any, kind: type[ModelError]) -> None:
    for reader in (openai.Reader(THERE), gemini.Reader(THERE)):
        with pytest.raises(ModelError) as raised:
            reader.read(_event({"error": error}))
        assert type(raised.value) is kind
    with pytest.raises(ModelError) as raised:
        anthropic.Reader(THERE, bound=False).read(
            _event({"type": "error", "error": error}, "error")
        )
    assert type(raised.value) is kind


@pytest.mark.parametrize(
    "data", ["{", "[]", "null", '{"choices": 3}', '{"candidates": 3}', "1e999"]
)
def test_what_is_not_the_format(data: str) -> None:
    readers = (openai.Reader(THERE), gemini.Reader(THERE), anthropic.Reader(THERE, bound=False))
    errors: list[str] = []
    for reader in readers:
        try:
            reader.read(_event(data))
        except AnswerUnusable as error:
            errors.append(str(error))
    assert len(errors) >= (1 if "s" in data else 3)
    assert all(data in error for error in errors)
