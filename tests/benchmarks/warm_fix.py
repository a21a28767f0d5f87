"""What a warm fix of a one-line bug costs beside the model and the project's own test runs.

Ours: the daemon, driven over LSP, asks a scripted model over HTTP. The floor, timed in the same
run: a client of the standard library that makes one call, applies the edit and runs the test twice.

``python tests/benchmarks/warm_fix.py [--rounds N]``
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import median
from typing import Any

import anyio
from anyio.to_thread import run_sync

sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))

from crashing import AFTER, ANSWER, BEFORE, Room, editor, stop

from samokoder.agents.models import script_log

TARGETS = {"overhead": 0.100, "first_byte": 0.010, "chars": 3000, "calls": 1}
CHECK = f"{sys.executable} -m unittest -q"


@contextlib.asynccontextmanager
async def model_server(room: Room) -> AsyncIterator[str]:
    """The scripted model over HTTP; its address."""
    argv = [sys.executable, "-m", "samokoder.agents.models.scripted_server"]
    argv += ["--script", str(room.folder / "script.json"), "--port", "0"]
    argv += ["--log", str(room.folder / "http.jsonl"), "--dialect", "openai"]
    async with await anyio.open_process(argv, stderr=None) as process:
        assert process.stdout is not None
        line = (await process.stdout.receive()).decode()
        try:
            yield line.split()[-1]
        finally:
            process.terminate()


def floor(room: Room, url: str) -> float:
    """Seconds of the least anybody needs: run, ask, apply, run."""
    room.reset()
    started = time.monotonic()
    argv = [sys.executable, "-m", "unittest", "-q"]
    before = subprocess.run(argv, cwd=room.work, capture_output=True, text=True, check=False)
    program = (room.work / "calc.py").read_text()
    prompt = f"Fix this.\n{program}\n{before.stderr}"
    body = {"model": "m", "messages": [{"role": "user", "content": prompt}], "max_tokens": 500}
    request = urllib.request.Request(
        f"{url}/v1/chat/completions",
        json.dumps(body).encode(),
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        text = json.loads(answer.read())["choices"][0]["message"]["content"]
    old, new = text.split("<<<<<<< SEARCH\n")[1].split(">>>>>>> REPLACE")[0].split("=======\n")
    (room.work / "calc.py").write_text(program.replace(old, new))
    after = subprocess.run(argv, cwd=room.work, capture_output=True, check=False)
    assert before.returncode != 0
    assert after.returncode == 0
    return time.monotonic() - started


async def ours(room: Room, client: Any, url: str) -> dict[str, float]:
    """One fix through the daemon and what its parts took, in seconds."""
    room.reset()
    asked_before = len(list(script_log.read(room.folder / "http.jsonl")))
    started = time.monotonic()
    result = await client.command(
        "samokoder.fix", room.fix(check=CHECK, model="openai:m", rungs=["L0", "L2"])
    )
    wall = time.monotonic() - started
    assert result["solved"], result
    assert (room.work / "calc.py").read_text() == AFTER
    calls = list(script_log.read(room.folder / "http.jsonl"))[asked_before:]
    view = await client.command("samokoder.run.show", {"run": result["run"]["id"]})
    evidence = view["result"]["before"][0]["ended"]
    runs = {p["when"]: p["seconds"] for p in result["proof"]}
    model = sum(c.ended - c.arrived for c in calls)
    return {
        "wall": wall,
        "model": model,
        "tests": runs["before"] + runs["after"],
        "overhead": wall - model - runs["before"] - runs["after"],
        "first_byte": calls[0].arrived - evidence,
        "chars": calls[0].prompt_chars,
        "calls": len(calls),
    }


async def main() -> int:
    """Print the table; returns 1 when a target is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="warm-") as folder:
        room = Room(Path(folder))
        assert ANSWER.startswith("calc.py")
        assert BEFORE != AFTER
        try:
            async with model_server(room) as url:
                room.configure(f'[model]\nbase_url = "{url}/v1"\n')
                async with editor(room) as client:
                    for _ in range(3):
                        await ours(room, client, url)
                    pairs = []
                    for _ in range(rounds):
                        least = await run_sync(floor, room, url)
                        pairs.append((await ours(room, client, url), least))
        finally:
            await stop(room)
    figures = {name: median(p[0][name] for p in pairs) for name in pairs[0][0]}
    least = median(p[1] for p in pairs)
    print(f"rounds {rounds}; medians; floor {least * 1000:.0f} ms")
    print(f"wall {figures['wall'] * 1000:.0f} ms, {figures['wall'] / least:.2f} times the floor")
    missed = 0
    for name, target in TARGETS.items():
        value, unit = figures[name], ""
        if name in ("overhead", "first_byte"):
            value, target, unit = value * 1000, target * 1000, " ms"
        ok = value <= target
        missed += not ok
        print(f"{name:<12} {value:8.1f}{unit}  target {target:g}{unit}  {'ok' if ok else 'MISSED'}")
    print(f"model {figures['model'] * 1000:.1f} ms, tests {figures['tests'] * 1000:.0f} ms")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(anyio.run(main))
