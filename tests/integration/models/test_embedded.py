"""The embedded model's process, with the smallest weights there are: the protocol, not quality."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from model_bench import asked, hear

from samokoder.agents.errors import ModelMissing, PromptTooLong
from samokoder.agents.models import embedded_serve
from samokoder.agents.models.embedded import EmbeddedModel
from samokoder.agents.models.http import Connections

_DEFAULT = Path(__file__).parents[3] / "build" / "weights" / "smollm2-135m.gguf"
WEIGHTS = Path(os.environ.get("SAMOKODER_TEST_WEIGHTS", _DEFAULT))

needs_weights = pytest.mark.skipif(
    not WEIGHTS.is_file(),
    reason="no weights: `samokoder model pull smollm2-135m`, then SAMOKODER_TEST_WEIGHTS=FILE",
)


@pytest.fixture
async def model() -> AsyncIterator[EmbeddedModel]:
    connections = Connections()
    made = EmbeddedModel("smollm2-135m", WEIGHTS, connections, context=1024, threads=1)
    yield made
    await made.aclose()
    await connections.aclose()


def _alive(pid: int) -> bool:
    """Running, and no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@needs_weights
@pytest.mark.local_model
async def test_the_life_of_the_embedded_model(model: EmbeddedModel) -> None:
    assert model.pid is None, "nothing runs before the first call"
    heard = await hear(model, asked("Say hello.", max_tokens=8))
    assert heard.text and heard.finish in ("stop", "length")
    assert heard.usage is not None and heard.usage.input_tokens > 5
    assert 0 < heard.usage.output_tokens <= 8
    first = model.pid
    assert first is not None

    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer", "minimum": 0, "maximum": 9}},
        "required": ["n"],
        "additionalProperties": False,
    }
    bound = await hear(model, asked("Give a digit.", max_tokens=64, schema=schema))
    assert set(json.loads(bound.text)) == {"n"}

    with pytest.raises(PromptTooLong):
        await hear(model, asked("word " * 3000))

    stream = model.stream(asked("Tell a long story.", max_tokens=600))
    async for delta in stream:
        if delta.text:
            break
    await stream.aclose()
    with anyio.fail_after(20):
        await hear(model, asked("Say hello.", max_tokens=4))
    assert model.pid == first, "one process for all calls"

    os.kill(first, signal.SIGKILL)
    with anyio.fail_after(5):
        while model.pid is not None:
            await anyio.sleep(0.01)
    assert (await hear(model, asked("Say hello.", max_tokens=4))).text, "started again"
    second = model.pid
    assert second not in (None, first)
    await model.aclose()
    assert second is not None and not _alive(second)


@needs_weights
@pytest.mark.local_model
async def test_no_key_no_answer(model: EmbeddedModel) -> None:
    import httpx

    await hear(model, asked("Say hello.", max_tokens=2))
    assert model._child is not None
    endpoint = model._child.model._endpoint
    async with httpx.AsyncClient(trust_env=False) as client:
        url = f"{endpoint.base_url}/chat/completions"
        body = {"model": "x", "messages": [{"role": "user", "content": "x"}], "max_tokens": 1}
        assert (await client.post(url, json=body)).status_code == 401
    command = await anyio.Path(f"/proc/{model.pid}/cmdline").read_bytes()
    environment = await anyio.Path(f"/proc/{model.pid}/environ").read_bytes()
    assert endpoint.key.encode() not in command + environment
    assert endpoint.key not in repr(endpoint)


@needs_weights
@pytest.mark.local_model
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_it_dies_with_its_parent() -> None:
    code = f"""
import anyio, os
from pathlib import Path
from samokoder.agents.models.embedded import EmbeddedModel
from samokoder.agents.models.http import Connections
from samokoder.agents.models.model import ChatRequest, Message
async def main():
    model = EmbeddedModel("x", Path({str(WEIGHTS)!r}), Connections(), context=512, threads=1)
    async for _ in model.stream(ChatRequest((Message("user", "hi"),), max_tokens=1)):
        pass
    print(model.pid, flush=True)
    await anyio.sleep(60)
anyio.run(main)
"""
    parent = await anyio.open_process([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    try:
        assert parent.stdout is not None
        pid = int((await parent.stdout.receive()).decode())
        assert _alive(pid)
    finally:
        parent.kill()
        await parent.wait()
        await parent.aclose()
    with anyio.fail_after(5):
        while _alive(pid):
            await anyio.sleep(0.02)


async def test_weights_that_are_none(tmp_path: Path) -> None:
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF and nothing else")
    connections = Connections()
    model = EmbeddedModel("bad", bad, connections, context=512, threads=1)
    with pytest.raises(ModelMissing, match="cannot be served"):
        await hear(model)
    assert model.pid is None
    await model.aclose()
    await connections.aclose()


def test_threads_and_processor() -> None:
    assert embedded_serve.threads(3) == 3
    assert 1 <= embedded_serve.threads(0) <= 8
    assert 1 <= embedded_serve.cores() <= (os.cpu_count() or 1)
    assert isinstance(embedded_serve.has_avx2(), bool)
