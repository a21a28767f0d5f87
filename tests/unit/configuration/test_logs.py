"""The log file: whole JSON lines, scrubbed, private, rotated, and never in the loop's way."""

import json
import logging
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from samokoder.agents import logs
from samokoder.agents.settings import LogSettings

log = logs.get("samokoder.agents.test")


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def test_a_line_says_when_where_what_and_which_run(home: Path) -> None:
    with logs.Logs(LogSettings(), "daemon") as opened:
        with logs.bound(run="01run", workspace="/w"):
            log.info("100% of a check ran", seconds=0.5, files=["a.py", Path("b.py")], ok=True)
        log.info("after")
    assert opened.path == home / "state" / "logs" / "daemon.jsonl"
    first, after = read(opened.path)
    assert first.pop("at")[-1] == "Z"
    assert first == {
        "level": "info",
        "log": "samokoder.agents.test",
        "event": "100% of a check ran",
        "run": "01run",
        "workspace": "/w",
        "seconds": 0.5,
        "files": ["a.py", "b.py"],
        "ok": True,
    }
    assert "run" not in after
    assert stat.S_IMODE(opened.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(opened.path.parent.stat().st_mode) == 0o700


async def test_every_task_has_its_own_run(tmp_path: Path) -> None:
    async def run(name: str) -> None:
        with logs.bound(run=name):
            for _ in range(5):
                await anyio.lowlevel.checkpoint()
                log.info(name)

    opened = await anyio.to_thread.run_sync(
        lambda: logs.Logs(LogSettings(), "daemon", folder=tmp_path)
    )
    async with anyio.create_task_group() as tasks:
        for name in ("a", "b", "c"):
            tasks.start_soon(run, name)
    await opened.aclose()
    lines = await anyio.to_thread.run_sync(read, opened.path)
    assert len(lines) == 15
    assert all(line["run"] == line["event"] for line in lines)


def test_secrets_do_not_reach_the_file(tmp_path: Path) -> None:
    """R13"""
    canaries = {
        "shape": "ghp_" + "a1B2c3D4e5" * 4,
        "named": "kq8Zr2vX1nT5wY7b",
        "known": "an unremarkable phrase",
    }
    with logs.Logs(LogSettings(), "daemon", folder=tmp_path, secrets=[canaries["known"]]) as opened:
        for canary in (canaries["shape"], canaries["known"]):
            log.info(f"in the event {canary}", fact=canary, deep={"a": [canary]})
            with logs.bound(header=canary):
                log.warning("bound")
            logging.getLogger("httpx").warning("GET /?x=%s", canary)
        try:
            raise ValueError(canaries["shape"])
        except ValueError:
            log.exception("with a trace")
        log.info("named", api_key=canaries["named"], deep={"password": canaries["named"]})
    text = opened.path.read_text("utf-8")
    for canary in canaries.values():
        assert canary not in text
    assert text.count("⟦secret⟧") == 13


def test_levels_and_other_libraries(tmp_path: Path) -> None:
    with logs.Logs(LogSettings(level="warning"), "daemon", folder=tmp_path) as opened:
        log.info("too quiet")
        log.warning("said")
        opened.level("debug")
        log.debug("now said")
        logging.getLogger("other").info("not ours")
        logging.getLogger("other").error("their %s", "fault")
    assert [line["event"] for line in read(opened.path)] == ["said", "now said", "their fault"]
    assert not logging.getLogger().handlers or opened.path.exists()
    before = opened.path.read_bytes()
    log.error("after the end")
    opened.close()
    assert opened.path.read_bytes() == before


def test_a_trace_is_one_line(tmp_path: Path) -> None:
    with logs.Logs(LogSettings(), "daemon", folder=tmp_path) as opened:
        try:
            {}["missing"]
        except KeyError:
            log.exception("failed", line="a\nb\u2028c\udcff")
    (line,) = read(opened.path)
    assert "KeyError: 'missing'" in line["trace"]
    assert line["level"] == "error"


def test_files_are_rotated_and_old_ones_go(tmp_path: Path) -> None:
    with logs.Logs(LogSettings(max_size=1), "daemon", folder=tmp_path) as opened:
        for number in range(400):
            log.info("x", number=number, text="words " * 3_000)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["daemon.jsonl", *(f"daemon.jsonl.{n}" for n in range(1, 5))]
    assert all(path.stat().st_size <= 1 << 20 for path in tmp_path.iterdir())
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in tmp_path.iterdir())
    assert read(opened.path)[-1]["number"] == 399


def test_a_slow_disk_costs_lines_not_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer hangs on a real pipe that nobody reads."""
    monkeypatch.setattr(logs, "BACKLOG", 10)
    pipe = tmp_path / "daemon.jsonl"
    os.mkfifo(pipe)
    opened = logs.Logs(LogSettings(), "daemon", folder=tmp_path)
    start = time.perf_counter()
    for number in range(1000):
        log.info("x", number=number)
    assert time.perf_counter() - start < 0.5
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.extend(pipe.read_text("utf-8").splitlines()))
    reader.start()
    opened.close()
    reader.join(10)
    lines = [json.loads(line) for line in got]
    missing = [line["lines"] for line in lines if "missing" in line["event"]]
    assert len(lines) < 30
    assert len(lines) - len(missing) + sum(missing) == 1000, "every line is there or counted"


def test_a_full_disk_harms_nobody(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "daemon.jsonl").symlink_to("/dev/full")
    with logs.Logs(LogSettings(), "daemon", folder=tmp_path):
        log.info("lost")
        log.info("lost as well")
    assert capfd.readouterr() == ("", "")


def test_a_file_that_was_rotated_away_is_not_written_on(tmp_path: Path) -> None:
    path = tmp_path / "daemon.jsonl"
    with logs.Logs(LogSettings(), "daemon", folder=tmp_path):
        log.info("before")
        while not (path.exists() and path.stat().st_size):
            time.sleep(0.001)
        path.rename(tmp_path / "daemon.jsonl.1")
        log.info("after")
    assert [line["event"] for line in read(path)] == ["after"]


def test_two_processes_may_share_a_file(tmp_path: Path) -> None:
    """Each notices that the other has rotated; nobody writes into an old file for long."""
    script = (
        "import sys; from pathlib import Path; from samokoder.agents import logs;"
        "from samokoder.agents.settings import LogSettings\n"
        "with logs.Logs(LogSettings(max_size=1), 'shell', folder=Path(sys.argv[1])):\n"
        "    for n in range(300):\n"
        "        logs.get('samokoder.x').info('x', who=sys.argv[2], n=n, text='words ' * 1_500)\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path), who]) for who in "ab"]
    assert [process.wait(50) for process in running] == [0, 0]
    files = list(tmp_path.iterdir())
    assert 2 <= len(files) <= logs.FILES
    assert all(path.stat().st_size <= (1 << 20) + 20_000 for path in files)
    assert all(line["event"] == "x" for path in files for line in read(path)), "no torn line"
