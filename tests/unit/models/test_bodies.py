"""What is sent to each provider, and the quirks of each."""

from typing import Any

import pytest

from samokoder.agents.models import anthropic, gemini, openai, providers
from samokoder.agents.models.model import ChatRequest, Message
from samokoder.agents.models.openai import Quirks
from samokoder.agents.models.providers import PROVIDERS
from samokoder.agents.models.schemas import for_gemini, is_closed

OPEN = {"type": "object", "properties": {"a": {"type": "string"}}}
CLOSED = {**OPEN, "required": ["a"], "additionalProperties": False}


def _request(**more: Any) -> ChatRequest:
    return ChatRequest((Message("system", "s"), Message("user", "u")), **more)


def _openai(provider: str, model: str = "m", *, custom: bool = False, **more: Any) -> Any:
    quirks = providers.quirks(PROVIDERS[provider], model, custom=custom)
    return openai.body(model, _request(**more), quirks)


def test_limits_have_different_names() -> None:
    assert _openai("openai")["max_completion_tokens"] == 1024
    assert "max_tokens" not in _openai("openai")
    assert _openai("deepseek")["max_tokens"] == 1024
    assert _openai("openai", custom=True)["max_tokens"] == 1024


def test_reasoning_models_take_no_temperature() -> None:
    for name in ("o3", "gpt-5-mini"):
        body = _openai("openai", name, stop=("x",), seed=1)
        assert not {"temperature", "stop", "seed"} & body.keys()
    assert _openai("openai", "gpt-4.1", stop=("x",), seed=1)["stop"] == ["x"]


def test_usage_is_asked_for_where_it_may_be() -> None:
    assert _openai("openai")["stream_options"] == {"include_usage": True}
    assert "stream_options" not in _openai("mistral")
    assert _openai("mistral", seed=5)["random_seed"] == 5


def test_schemas() -> None:
    strict = _openai("openai", schema=CLOSED)["response_format"]
    assert strict["type"] == "json_schema" and strict["json_schema"]["strict"] is True
    assert "strict" not in _openai("openai", schema=OPEN)["response_format"]["json_schema"]
    plain = _openai("deepseek", schema=CLOSED)
    assert plain["response_format"] == {"type": "json_object"}
    assert '"additionalProperties"' in plain["messages"][-1]["content"]


def test_prefills() -> None:
    request = ChatRequest((Message("user", "u"), Message("assistant", "def  ")))
    assert openai.body("m", request, Quirks(prefix=True))["messages"][-1]["prefix"] is True
    assert "prefix" not in openai.body("m", request, Quirks())["messages"][-1]
    assert anthropic.body("m", request)["messages"][-1]["content"][0]["text"] == "def"


def test_anthropic_marks_what_is_stable() -> None:
    request = ChatRequest(
        (
            Message("system", "rules"),
            Message("system", "guide"),
            Message("user", "files"),
            Message("user", "question"),
        )
    )
    body = anthropic.body("m", request)
    marks = ["cache_control" in block for block in body["system"]]
    marks += ["cache_control" in m["content"][0] for m in body["messages"]]
    assert marks == [False, True, True, False]


def test_anthropic_binds_by_a_forced_tool() -> None:
    body = anthropic.body("m", _request(schema=CLOSED, stop=(" ", "x")))
    assert body["tools"][0]["input_schema"] == CLOSED
    assert body["tool_choice"]["name"] == body["tools"][0]["name"]
    assert body["stop_sequences"] == ["x"]


def test_gemini_has_its_own_schema() -> None:
    config = gemini.body(_request(schema=CLOSED, seed=4))["generationConfig"]
    assert config["responseSchema"] == {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
    }
    assert (config["seed"], config["responseMimeType"]) == (4, "application/json")


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({"const": "x"}, {"enum": ["x"], "type": "string"}),
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        (
            {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            {"type": "integer", "nullable": True},
        ),
        (
            {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]},
            {"anyOf": [{"type": "integer"}, {"type": "string"}], "nullable": True},
        ),
        (
            {
                "$ref": "#/$defs/P",
                "$defs": {
                    "P": {"type": "array", "items": {"$ref": "#/$defs/Q"}},
                    "Q": {"type": "number", "title": "Q"},
                },
            },
            {"type": "array", "items": {"type": "number"}},
        ),
        ({"oneOf": [{"type": "string"}]}, {"anyOf": [{"type": "string"}]}),
    ],
)
def test_schemas_for_gemini(schema: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert for_gemini(schema) == wanted


def test_a_recursive_schema_ends() -> None:
    tree = {"$ref": "#/$defs/T", "$defs": {"T": {"type": "array", "items": {"$ref": "#/$defs/T"}}}}
    assert for_gemini(tree)["type"] == "array"


@pytest.mark.parametrize(
    ("schema", "closed"),
    [
        (CLOSED, True),
        (OPEN, False),
        ({"type": "array", "items": OPEN}, False),
        ({"anyOf": [CLOSED, {"type": "null"}]}, True),
        ({**CLOSED, "required": []}, False),
        ({"type": "string", "enum": [{"type": "object"}]}, True),
    ],
)
def test_closed_schemas(schema: dict[str, Any], closed: bool) -> None:
    assert is_closed(schema) is closed


@pytest.mark.parametrize(
    ("name", "small"),
    [
        ("qwen2.5-coder:1.5b", True),
        ("Qwen2.5-Coder-0.5B-Instruct", True),
        ("gemma-3-4b-it", True),
        ("qwen2.5-coder:7b", False),
        ("llama-3.3-70b-versatile", False),
        ("qwen3-coder-30b-a3b", False),
        ("gpt-4.1", False),
        ("model-8bit", False),
    ],
)
def test_small_models_by_name(name: str, small: bool) -> None:
    assert providers.is_small(name) is small
