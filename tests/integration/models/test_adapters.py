"""Contract of the adapters: each provider's documented wire format, over a real socket."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream
from model_bench import DIALECTS, KEY, asked, hear

from samokoder.agents.errors import (
    AnswerUnusable,
    InvalidInput,
    ModelError,
    ModelRefusedKey,
    ModelUnavailable,
    PromptTooLong,
    RateLimited,
    StreamCut,
    StreamStalled,
)
from samokoder.agents.models.http import KEPT, Connections, Endpoint, Limits
from samokoder.agents.models.model import ChatRequest, Message, Profile, Usage
from samokoder.agents.models.openai import OpenAIModel, Quirks

Start = Callable[..., Any]
TEXT = 'Привет, ✓ 𝄞!\n\u2028 line\x0b two \x85 "quoted" \\ end'


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "form",
    [
        {},
        {"chunk": 1},
        {"chunk": 0},
        {"split": 1},
        {"split": 7, "line_end": "crlf"},
        {"split": 1, "line_end": "cr", "comments": True},
        {"comments": True},
    ],
    ids=json.dumps,
)
async def test_text_usage_finish_and_model(bench: Start, dialect: str, form: Any) -> None:
    usage = {"input": 120, "output": 34, "cached": 100}
    there = await bench({"answer": TEXT, "usage": usage, **form})
    heard = await hear(there.model(dialect))
    assert heard.text == TEXT
    assert heard.usage == Usage(120, 34, 100)
    assert heard.finish == "stop"
    assert heard.model == "m-1"
    assert heard.deltas[-1].finish == "stop", "the end comes last"


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_the_server_understood(bench: Start, dialect: str) -> None:
    there = await bench({"answer": "ok"}, prompts=True)
    request = ChatRequest(
        (
            Message("system", "rules"),
            Message("user", "first"),
            Message("assistant", "second"),
            Message("user", "third"),
        ),
        max_tokens=77,
        temperature=0.5,
        stop=("END",),
    )
    await hear(there.model(dialect), request)
    (call,) = there.server.calls
    assert call.messages == tuple((m.role, m.text) for m in request.messages)
    assert (call.max_tokens, call.model, call.prompt_chars) == (77, "m-1", request.chars)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_answers_bound_to_a_schema(bench: Start, dialect: str) -> None:
    schema = {
        "type": "object",
        "properties": {"fix": {"type": "string"}},
        "required": ["fix"],
        "additionalProperties": False,
    }
    there = await bench({"answer": '{"fix": "a ✓"}', "chunk": 3})
    heard = await hear(there.model(dialect), asked(schema=schema))
    assert json.loads(heard.text) == {"fix": "a ✓"}
    assert heard.finish == "stop"


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("finish", ["stop", "length", "refused"])
async def test_finish_reasons(bench: Start, dialect: str, finish: str) -> None:
    there = await bench({"answer": "x", "finish": finish})
    assert (await hear(there.model(dialect))).finish == finish


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_output_limit_is_sent(bench: Start, dialect: str) -> None:
    there = await bench({"answer": "word " * 400})
    heard = await hear(there.model(dialect), asked(max_tokens=10))
    assert (len(heard.text), heard.finish) == (40, "length")
    assert heard.usage is not None and heard.usage.output_tokens == 10


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_silent_servers_are_estimated(bench: Start, dialect: str) -> None:
    there = await bench({"answer": "12345678", "silent": True})
    request = asked()
    heard = await hear(there.model(dialect), request)
    assert heard.usage == Usage(-(-request.chars // 4), 2, estimated=True)
    (call,) = there.server.calls
    assert (call.input, call.output) == (heard.usage.input_tokens, heard.usage.output_tokens)


STATUSES = [
    (401, {}, "", ModelRefusedKey, None),
    (403, {}, "", ModelRefusedKey, None),
    (402, {}, "", ModelRefusedKey, None),
    (400, {}, '{"error": {"message": "bad field"}}', ModelError, None),
    (404, {}, "", ModelError, None),
    (307, {"location": "http://127.0.0.1:1/"}, "", ModelError, None),
    (413, {}, "", PromptTooLong, None),
    (
        400,
        {},
        '{"error": {"message": "This model\'s maximum context length is 8192 tokens", '
        '"code": "context_length_exceeded"}}',
        PromptTooLong,
        None,
    ),
    (
        400,
        {},
        '{"type":"error","error":{"type":"invalid_request_error","message":'
        '"prompt is too long: 210000 tokens > 200000 maximum"}}',
        PromptTooLong,
        None,
    ),
    (
        400,
        {},
        '{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum '
        'number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}',
        PromptTooLong,
        None,
    ),
    (
        400,
        {},
        '{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.",'
        '"status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}',
        ModelRefusedKey,
        None,
    ),
    (
        429,
        {},
        '{"error":{"message":"You exceeded your current quota, please check your plan and billing '
        'details.","type":"insufficient_quota","code":"insufficient_quota"}}',
        ModelRefusedKey,
        None,
    ),
    (429, {}, "", RateLimited, None),
    (429, {"retry-after": "7"}, "", RateLimited, 7),
    (429, {"retry-after": "120ms"}, "", RateLimited, 0.12),
    (429, {"x-ratelimit-reset-requests": "59.5s"}, "", RateLimited, 59.5),
    (429, {"x-ratelimit-reset-tokens": "6m0s"}, "", RateLimited, 360),
    (429, {"x-ratelimit-reset-tokens": "1h2m3s"}, "", RateLimited, 3723),
    (429, {"retry-after-ms": "1500"}, "", RateLimited, 1.5),
    (
        429,
        {},
        '{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"@type":'
        '"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"17s"}]}}',
        RateLimited,
        17,
    ),
    (429, {}, '{"error":{"message":"Please try again in 1.2s."}}', RateLimited, 1.2),
    (500, {}, "", ModelUnavailable, None),
    (502, {"content-type": "text/html"}, "<html><b>Bad gateway</b></html>", ModelUnavailable, None),
    (503, {"retry-after": "3"}, "", ModelUnavailable, 3),
    (529, {}, "", ModelUnavailable, None),
]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("case", STATUSES, ids=lambda c: f"{c[0]}-{c[3].__name__}-{c[4]}")
async def test_refusals(bench: Start, dialect: str, case: Any) -> None:
    status, headers, body, error, wait = case
    there = await bench({"fault": {"status": status, "headers": headers, "body": body}})
    with pytest.raises(ModelError) as raised:
        await hear(there.model(dialect))
    assert type(raised.value) is error, str(raised.value)
    assert getattr(raised.value, "retry_after", None) == (wait and pytest.approx(wait))
    assert str(status) in str(raised.value)
    assert "<" not in str(raised.value)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "cut", "after": 9}, StreamCut),
        ({"kind": "cut"}, StreamCut),
        ({"kind": "end", "after": 9}, StreamCut),
        ({"kind": "reset"}, StreamCut),
        ({"kind": "garbage", "after": 9}, AnswerUnusable),
        ({"kind": "garbage", "body": "[1, 2"}, AnswerUnusable),
        ({"kind": "garbage", "body": "[]"}, AnswerUnusable),
        ({"kind": "error", "status": 529, "after": 9}, ModelUnavailable),
        ({"kind": "error", "status": 429, "after": 9}, RateLimited),
        ({"kind": "error", "status": 500}, ModelUnavailable),
        (
            {"status": 200, "headers": {"content-type": "text/html"}, "body": "<h1>Hi</h1>"},
            AnswerUnusable,
        ),
        ({"status": 200, "body": '{"ok": true}'}, AnswerUnusable),
        ({"status": 200, "body": '{"error": {"message": "API key not valid"}}'}, ModelRefusedKey),
    ],
    ids=lambda v: json.dumps(v) if isinstance(v, dict) else v.__name__,
)
async def test_faults(bench: Start, dialect: str, fault: Any, error: type[ModelError]) -> None:
    there = await bench({"answer": "some answer that never ends well", "chunk": 3, "fault": fault})
    with pytest.raises(ModelError) as raised:
        await hear(there.model(dialect))
    assert type(raised.value) is error, str(raised.value)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_usage_known_before_a_cut_is_kept(bench: Start, dialect: str) -> None:
    there = await bench({"answer": "some answer", "fault": {"kind": "cut", "after": 8}})
    usages, text = [], ""
    with pytest.raises(StreamCut):
        async for delta in there.model(dialect).stream(asked()):
            usages.append(delta.usage)
            text += delta.text
    assert text == "some ans"
    assert any(usages) is (dialect == "anthropic"), "only Anthropic says so in advance"


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("after", [0, 6])
async def test_a_stalled_stream_is_cut(bench: Start, dialect: str, after: int) -> None:
    there = await bench(
        {"answer": "0123456789", "chunk": 3, "fault": {"kind": "stall", "after": after}},
        limits=Limits(stall=0.2, total=20),
    )
    begun = anyio.current_time()
    with pytest.raises(StreamStalled, match=r"0\.2 s"):
        await hear(there.model(dialect))
    assert 0.2 <= anyio.current_time() - begun < 2
    await _gone(there)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_slow_drip_meets_the_total(bench: Start, dialect: str) -> None:
    there = await bench(
        {"answer": "x" * 1000, "chunk": 1, "pace": 0.02}, limits=Limits(stall=5, total=0.4)
    )
    begun = anyio.current_time()
    with pytest.raises(StreamStalled, match="time allowed"):
        await hear(there.model(dialect))
    assert anyio.current_time() - begun < 2
    await _gone(there)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_silent_beginning(bench: Start, dialect: str) -> None:
    there = await bench({"answer": "x", "delay": 5}, limits=Limits(stall=0.1, total=9, first=0.3))
    begun = anyio.current_time()
    with pytest.raises(StreamStalled):
        await hear(there.model(dialect))
    assert 0.3 <= anyio.current_time() - begun < 2


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_closing_the_generator_closes_the_socket(bench: Start, dialect: str) -> None:
    there = await bench({"answer": "x" * 1000, "chunk": 1, "pace": 0.01})
    stream = there.model(dialect).stream(asked())
    async for delta in stream:
        if delta.text:
            break
    begun = anyio.current_time()
    await stream.aclose()
    await _gone(there)
    assert anyio.current_time() - begun < 0.5


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("rule", [{"delay": 30}, {"fault": {"kind": "stall", "after": 3}}], ids=str)
async def test_cancelling_closes_the_socket(bench: Start, dialect: str, rule: Any) -> None:
    there = await bench({"answer": "answer", **rule})
    with anyio.move_on_after(0.2) as scope:
        await hear(there.model(dialect))
    assert scope.cancelled_caught
    await _gone(there)


async def _gone(there: Any) -> None:
    """Wait until the server has seen the client leave."""
    with anyio.fail_after(1):
        while there.server.calls[-1].outcome != "gone":
            await anyio.sleep(0.005)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_endless_answer_is_cut(bench: Start, dialect: str) -> None:
    there = await bench({"answer": "la " * 100, "chunk": 0, "fault": {"kind": "endless"}})
    heard = await hear(there.model(dialect), asked(max_tokens=50))
    assert heard.finish == "length"
    assert len(heard.text) <= 50 * 32 + 4096 + 300
    await _gone(there)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_one_huge_event(bench: Start, dialect: str) -> None:
    there = await bench({"answer": "é" * 400_000, "chunk": 0})
    heard = await hear(there.model(dialect), asked(max_tokens=100_000))
    assert (len(heard.text), heard.finish) == (400_000, "stop")


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_connections_are_used_again(bench: Start, dialect: str) -> None:
    there = await bench({"answer": "ok"})
    model = there.model(dialect)
    for _ in range(3):
        await hear(model)
    assert there.server.connections == 1


async def test_an_idle_connection_is_left_before_its_server_leaves_it(bench: Start) -> None:
    there = await bench({"answer": "ok"})
    model = there.model("openai")
    await hear(model)
    await anyio.sleep(KEPT + 0.5)
    await hear(model)
    assert there.server.connections == 2
    assert 1 <= KEPT < 5


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_key_never_shows(bench: Start, dialect: str) -> None:
    body = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}. Bearer {KEY}"}})
    there = await bench(
        {"times": 1, "fault": {"status": 401, "body": body}},
        {"times": 1, "fault": {"kind": "garbage", "body": f"no json {KEY}"}},
        {"fault": {"status": 200, "headers": {"content-type": "text/plain"}, "body": f"x {KEY}"}},
    )
    model = there.model(dialect)
    for _ in range(3):
        with pytest.raises(ModelError) as raised:
            await hear(model)
        assert KEY not in str(raised.value) and KEY not in repr(raised.value)
    assert KEY not in repr(vars(model))


@asynccontextmanager
async def _raw(*parts: bytes, forever: bool = False) -> AsyncIterator[Endpoint]:
    """A server that answers with these bytes and hangs up, as HTTP/1.0 ones do."""

    async def answer(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()
            with suppress(anyio.BrokenResourceError):
                await stream.send(b"HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
                for part in parts:
                    await stream.send(part)
                while forever:
                    await stream.send(parts[-1])

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, answer)
        port = listener.extra(SocketAttribute.local_port)
        yield Endpoint("openai", f"http://127.0.0.1:{port}/v1", model="m")
        tasks.cancel_scope.cancel()
    await listener.aclose()


async def _hear_raw(endpoint: Endpoint, request: ChatRequest | None = None) -> Any:
    connections = Connections()
    profile = Profile("openai", "m")
    try:
        model = OpenAIModel(profile, endpoint, connections, Limits(2, 20), Quirks())
        return await hear(model, request)
    finally:
        await connections.aclose()


CHUNK = b'data: {"choices": [{"delta": {"content": "half"}}]}\n\n'
LAST = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n'


async def test_a_stream_that_ends_inside_an_event_is_cut() -> None:
    async with _raw(CHUNK, CHUNK[:30]) as there:
        with pytest.raises(StreamCut, match="inside an event"):
            await _hear_raw(there)


async def test_a_finish_reason_is_an_end_too() -> None:
    async with _raw(CHUNK, LAST) as there:
        heard = await _hear_raw(there)
    assert (heard.text, heard.finish) == ("half", "stop")
    async with _raw(CHUNK, b"data: [DONE]") as there:
        assert (await _hear_raw(there)).finish == "stop"


async def test_endless_bytes_without_text_are_cut() -> None:
    async with _raw(CHUNK, b": thinking\n\n" * 4096, forever=True) as there:
        heard = await _hear_raw(there, asked(max_tokens=10))
    assert (heard.text, heard.finish) == ("half", "length")


async def test_something_that_is_no_http() -> None:
    async def answer(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(b"220 mail.example.org ESMTP\r\n")

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, answer)
        port = listener.extra(SocketAttribute.local_port)
        with pytest.raises(StreamCut):
            await _hear_raw(Endpoint("openai", f"http://127.0.0.1:{port}/v1", model="m"))
        tasks.cancel_scope.cancel()
    await listener.aclose()


async def test_a_port_where_nobody_listens() -> None:
    connections = Connections()
    there = Endpoint("openai", "http://127.0.0.1:9/v1", KEY, {"authorization": f"Bearer {KEY}"})
    model = OpenAIModel(Profile("openai", "m"), there, connections, Limits(2, 5), Quirks())
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        await hear(model)
    await connections.aclose()


async def test_a_key_that_cannot_be_sent(bench: Start) -> None:
    there = await bench({"answer": "ok"})
    for key in ("a\nb", "ключ"):
        bad = Endpoint("openai", there.server.url, key, {"authorization": f"Bearer {key}"})
        model = OpenAIModel(Profile("openai", "m"), bad, there.connections, Limits(2, 5), Quirks())
        with pytest.raises(ModelError) as raised:
            await hear(model)
        assert key not in str(raised.value)


async def test_loopback_never_goes_through_a_proxy(
    bench: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    there = await bench({"answer": "direct"})
    assert (await hear(there.model("openai"))).text == "direct"


async def test_anthropic_wants_an_object(bench: Start) -> None:
    there = await bench({"answer": "[]"})
    with pytest.raises(InvalidInput):
        await hear(there.model("anthropic"), asked(schema={"type": "array"}))


async def test_calls_at_the_same_time(bench: Start) -> None:
    there = await bench(*({"match": f"q{n}!", "answer": f"a{n}", "pace": 0.01} for n in range(20)))
    model = there.model("openai")
    heard: dict[int, str] = {}

    async def one(n: int) -> None:
        heard[n] = (await hear(model, asked(f"q{n}!"))).text

    async with anyio.create_task_group() as tasks:
        for n in range(20):
            tasks.start_soon(one, n)
    assert heard == {n: f"a{n}" for n in range(20)}
