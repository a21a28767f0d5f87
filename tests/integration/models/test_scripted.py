"""The scripted model: files, rules, faults, its own count, and the same over HTTP."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from model_bench import DIALECTS, asked, hear

from samokoder.agents.errors import (
    AnswerUnusable,
    InvalidInput,
    ModelError,
    ModelUnavailable,
    RateLimited,
    StreamCut,
    StreamStalled,
)
from samokoder.agents.models import script_log, scripted, tokens
from samokoder.agents.models.http import Connections, Endpoint, Limits
from samokoder.agents.models.model import Profile, Usage
from samokoder.agents.models.openai import OpenAIModel, Quirks
from samokoder.agents.models.scripted import ScriptedModel

RULES: list[dict[str, Any]] = [
    {"match": "once", "times": 1, "answer": "first"},
    {"match": "once", "answer": "then"},
    {"regex": r"^def \w+\(", "answer": "a function"},
    {"match": "turns", "answers": ["one", "two"]},
    {"match": "paid", "answer": "x", "usage": {"input": 7, "output": 3, "cached": 2}},
    {"match": "busy", "fault": {"status": 429, "headers": {"retry-after": "59.5s"}}},
    {"match": "down", "fault": {"status": 503}},
    {"match": "cut", "answer": "0123456789", "fault": {"kind": "cut", "after": 8}},
    {"match": "mute", "answer": "0123456789", "silent": True, "fault": {"kind": "cut", "after": 8}},
    {"match": "broken", "answer": "01234567", "fault": {"kind": "garbage", "after": 4}},
    {"match": "late", "answer": "0123", "fault": {"kind": "error", "status": 529, "after": 4}},
    {"match": "endless", "answer": "la", "chunk": 0, "repeat": 50, "fault": {"kind": "endless"}},
    {"match": "stall", "answer": "0123", "fault": {"kind": "stall", "after": 2}},
]


async def _model(folder: Path, rules: list[dict[str, Any]] = RULES, **more: Any) -> ScriptedModel:
    file = folder / "script.json"
    file.write_text(json.dumps({"rules": rules, **more}), encoding="utf-8")
    return await anyio.to_thread.run_sync(scripted.load, file, Limits(stall=0.1, total=5))


async def test_rules_are_tried_in_order(tmp_path: Path) -> None:
    model = await _model(tmp_path)
    said = [(await hear(model, asked(text))).text for text in ("once", "once", "once")]
    assert said == ["first", "then", "then"]
    assert (await hear(model, asked("see:\ndef f(x):"))).text == "a function"
    assert [(await hear(model, asked("turns"))).text for _ in range(3)] == ["one", "two", "two"]
    with pytest.raises(AnswerUnusable, match="no rule"):
        await hear(model, asked("unheard of"))
    assert [c.rule for c in model.calls] == [0, 1, 1, 2, 3, 3, 3, -1]


@pytest.mark.parametrize(
    ("prompt", "error"),
    [
        ("busy", RateLimited),
        ("down", ModelUnavailable),
        ("cut", StreamCut),
        ("mute", StreamCut),
        ("broken", AnswerUnusable),
        ("late", ModelUnavailable),
        ("stall", StreamStalled),
    ],
)
async def test_faults(tmp_path: Path, prompt: str, error: type[ModelError]) -> None:
    model = await _model(tmp_path)
    with pytest.raises(ModelError) as raised:
        await hear(model, asked(prompt))
    assert type(raised.value) is error
    if isinstance(raised.value, RateLimited):
        assert raised.value.retry_after == 59.5


async def test_an_endless_answer_ends(tmp_path: Path) -> None:
    heard = await hear(await _model(tmp_path), asked("endless", max_tokens=10))
    assert heard.finish == "length"
    assert len(heard.text) <= 10 * 32 + 4096


@pytest.mark.parametrize("dialect", [None, *DIALECTS])
async def test_its_own_count_is_what_a_ledger_would_say(
    bench: Callable[..., Any], tmp_path: Path, dialect: str | None
) -> None:
    prompts = ["once", "once", "paid", "busy", "down", "turns", "mute", "broken", "late"]
    there = None if dialect is None else await bench(*RULES)
    model = await _model(tmp_path) if there is None else there.model(dialect)
    ledger: list[Usage] = []
    for prompt in prompts:
        request, usage, text = asked(prompt), None, ""
        try:
            async for delta in model.stream(request):
                usage = delta.usage or usage
                text += delta.text
        except ModelError:
            usage = tokens.usage(request, len(text)) if text else Usage()
        assert usage is not None
        ledger.append(usage)
    calls = there.server.calls if there is not None else model.calls
    assert [(c.input, c.output) for c in calls] == [
        (u.input_tokens, u.output_tokens) for u in ledger
    ]
    assert script_log.total(calls).input_tokens == sum(u.input_tokens for u in ledger)


async def test_the_same_call_has_the_same_name_everywhere(
    bench: Callable[..., Any], tmp_path: Path
) -> None:
    model, there = await _model(tmp_path), await bench(*RULES)
    for request in (asked("once", seed=3), asked("once", temperature=0.7), asked("turns")):
        await hear(model, request)
        await hear(there.model("openai"), request)
    names = [c.hash for c in model.calls]
    assert names == [c.hash for c in there.server.calls]
    assert len(set(names)) == 3


async def test_the_log_survives_a_restart(tmp_path: Path) -> None:
    first = await _model(tmp_path, log="calls.jsonl")
    assert (await hear(first, asked("once"))).text == "first"
    again = await _model(tmp_path, log="calls.jsonl")
    assert (await hear(again, asked("once"))).text == "then"
    assert [c.n for c in again.calls] == [1, 2]
    log = tmp_path / "calls.jsonl"
    log.write_bytes(log.read_bytes() + b'{"event":"asked","n":3,"ru')
    calls = await anyio.to_thread.run_sync(lambda: list(script_log.read(log)))
    assert [c.outcome for c in calls] == ["ok", "ok"], "a torn line is left out"


async def test_a_cancelled_call_is_in_the_log(tmp_path: Path) -> None:
    model = await _model(tmp_path, [{"answer": "0123456789", "chunk": 1, "pace": 10}])
    with anyio.move_on_after(0.1):
        await hear(model)
    (call,) = model.calls
    assert (call.outcome, call.sent_chars) == ("gone", 1)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("s.toml", 'log = "x"\n[[rules]]\nmatch = "a"\nanswer = """b\nc"""\n'),
        ("s.json", '{"log": "x", "rules": [{"match": "a", "answer": "b\\nc"}]}'),
        ("s.jsonl", '{"script": {"log": "x"}}\n\n{"match": "a", "answer": "b\\nc"}\n'),
    ],
)
async def test_forms_of_a_script(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    model = await anyio.to_thread.run_sync(scripted.load, tmp_path / name)
    assert (await hear(model, asked("a"))).text == "b\nc"
    assert (tmp_path / "x").exists()
    assert model.profile.id == f"scripted:{tmp_path / name}"
    assert not model.profile.remote


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("s.json", '{"rules": [{"anwser": "x"}]}', "anwser"),
        ("s.json", '{"rules": [{"times": -1}]}', "times"),
        ("s.json", "{", "s.json"),
        ("s.json", '{"rules": [{"regex": "("}]}', "s.json"),
        ("s.jsonl", '{"answer": "x"}\n{"answer": 3}', "line 2"),
        ("s.toml", "[[rules]", "s.toml"),
        ("s.json", "\udcff", "s.json"),
    ],
)
def test_mistakes_in_a_script(tmp_path: Path, name: str, text: str, place: str) -> None:
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InvalidInput, match=place):
        scripted.load(tmp_path / name)


def test_a_script_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        scripted.load(tmp_path / "none.json")


async def test_the_server_as_a_process(tmp_path: Path) -> None:
    script, log = tmp_path / "s.jsonl", tmp_path / "log.jsonl"
    script.write_text('{"answer": "hi", "times": 1}\n{"answer": "ho", "delay": 30}\n')
    command = [sys.executable, "-m", "samokoder.agents.models.scripted_server"]
    command += ["--script", str(script), "--log", str(log), "--dialect", "openai"]
    process = await anyio.open_process(command, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    connections = Connections()
    try:
        line = (await process.stdout.receive()).decode()
        url = line.removeprefix("listening on ").strip()
        there = Endpoint("openai", f"{url}/v1", model="m")
        model = OpenAIModel(Profile("openai", "m"), there, connections, Limits(), Quirks())
        assert (await hear(model)).text == "hi"
        with anyio.move_on_after(0.3):
            await hear(model)
        with pytest.raises(ModelError, match="404"):
            wrong = Endpoint("openai", f"{url}/v2", model="m")
            async for _ in _gemini(wrong, connections).stream(asked()):
                pass
    finally:
        await connections.aclose()
        os.kill(process.pid, signal.SIGINT)
        await process.wait()
        await process.aclose()
    calls = await anyio.to_thread.run_sync(lambda: list(script_log.read(log)))
    assert [(c.n, c.outcome) for c in calls] == [(1, "ok"), (2, "gone")]
    first = calls[0]
    assert 0 < first.arrived <= first.asked <= first.answered <= first.ended


def _gemini(there: Endpoint, connections: Connections) -> Any:
    from samokoder.agents.models.gemini import GeminiModel

    return GeminiModel(Profile("gemini", "m"), there, connections, Limits())


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_answers_that_are_not_streamed(bench: Callable[..., Any], dialect: str) -> None:
    import httpx

    there = await bench({"answer": "whole"})
    paths = {
        "openai": "/v1/chat/completions",
        "anthropic": "/v1/messages",
        "gemini": "/v1beta/models/m:generateContent",
    }
    body: dict[str, Any] = {
        "model": "m",
        "max_tokens": 5,
        "messages": [{"role": "user", "content": "x"}],
        "contents": [{"role": "user", "parts": [{"text": "x"}]}],
    }
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = (await client.post(there.server.url + paths[dialect], json=body)).json()
        wrong = await client.post(there.server.url + paths[dialect], json={})
        lost = await client.get(there.server.url + "/nowhere")
    found = {
        "openai": lambda: answer["choices"][0]["message"]["content"],
        "anthropic": lambda: answer["content"][0]["text"],
        "gemini": lambda: answer["candidates"][0]["content"]["parts"][0]["text"],
    }
    assert found[dialect]() == "whole"
    assert (wrong.status_code, lost.status_code) == (400, 404)
