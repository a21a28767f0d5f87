"""What a project needs is installed beside its copy, and its checks see it (R5)."""

import hashlib
import io
import sys
import threading
import zipfile
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anyio
import pytest
from engine_room import engine_room, kind, order

from samokoder.agents.checks.check import Check, CheckResult
from samokoder.agents.execute import installed
from samokoder.agents.execute.command import Checked, Command
from samokoder.agents.execute.executor import Executor
from samokoder.agents.execute.installing import install_commands
from samokoder.agents.repair.workshop import Tools
from samokoder.agents.runs.context import Run
from samokoder.agents.sandbox.scratch import ScratchPool
from samokoder.agents.workspace.capture import Tree
from samokoder.state import executions
from samokoder.state.runs import RunState

PROJECT = """[project]
name = "x"
version = "1"
dependencies = ["greeting-of-the-test>=1"]
"""
TEST = """import unittest

from greeting_of_the_test import hello


class T(unittest.TestCase):
    def test_it(self):
        self.assertEqual(hello(), "привет")
"""


def wheel() -> bytes:
    data, info = io.BytesIO(), "greeting_of_the_test-1.0.dist-info"
    files = {
        "greeting_of_the_test.py": "def hello():\n    return 'привет'\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: greeting-of-the-test\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(data, "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
        record = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
        packed.writestr(f"{info}/RECORD", record)
    return data.getvalue()


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A package index on this machine's loopback; the paths that were asked for."""
    body, asked = wheel(), list[str]()
    file = "greeting_of_the_test-1.0-py3-none-any.whl"
    link = f'<a href="/{file}#sha256={hashlib.sha256(body).hexdigest()}">{file}</a>'

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            answer = body if self.path.endswith(".whl") else link.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
    yield asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
async def pool(tmp_path: Path) -> AsyncIterator[ScratchPool]:
    pool = ScratchPool(tmp_path / "scratch")
    yield pool
    await pool.close()


@pytest.mark.parametrize("granted", [False, True])
async def test_dependencies_are_installed_only_with_a_grant(
    tmp_path: Path, pool: ScratchPool, index: list[str], granted: bool
) -> None:
    workspace = tmp_path / "работа"
    workspace.mkdir()
    (workspace / "pyproject.toml").write_text(PROJECT)
    (workspace / "test_x.py").write_text(TEST)
    check = Check("tests", "unittest", (sys.executable, "-m", "unittest", "-q"))
    found: list[Checked] = []

    async def body(run: Run, params: object) -> str:
        commands = await install_commands(run.snapshot, sys.executable)
        executor = Executor(pool)
        found.append(await executor.check(run, run.snapshot, commands, (check,), key="tests"))
        return "done"

    async with engine_room(kind("exec", body)) as engine:
        flags = {"execute.network": "always" if granted else "never"}
        run_id = await engine.submit(order(workspace, "exec", headless=True, flags=flags))
        with anyio.fail_after(55):
            run = await engine.finished(run_id)
        assert run.state is RunState.SUCCEEDED, run.reason
    (checked,) = found
    assert checked.ok is granted, checked.results[0].output
    assert checked.installed.ok is granted, checked.installed.results[-1].output
    assert bool(index) is granted
    if not granted:
        assert "network" in checked.installed.results[-1].refused
        assert "greeting_of_the_test" in checked.results[0].output
    assert sorted(p.name for p in workspace.iterdir()) == ["pyproject.toml", "test_x.py"]


@pytest.mark.parametrize("granted", [False, True])
async def test_checks_that_lack_something_get_it_with_a_grant(
    tmp_path: Path, pool: ScratchPool, index: list[str], granted: bool
) -> None:
    workspace = tmp_path / "w"
    workspace.mkdir()
    (workspace / "pyproject.toml").write_text(PROJECT)
    (workspace / "test_x.py").write_text(TEST)
    check = Check("tests", "unittest", (sys.executable, "-m", "unittest", "-q"))
    fine = Check("fine", "command", ("true",))
    found: list[tuple[CheckResult, ...]] = []

    async def body(run: Run, params: object) -> str:
        workshop = await Tools(pool, engine.db).workshop(run.settings)
        for key, checks in (("some", (check,)), ("none", (fine,))):
            found.append(await installed.results(run, workshop, run.snapshot, checks, key=key))
        return "done"

    async with engine_room(kind("exec", body)) as engine:
        flags = {"execute.network": "always" if granted else "never"}
        run_id = await engine.submit(order(workspace, "exec", headless=True, flags=flags))
        with anyio.fail_after(55):
            run = await engine.finished(run_id)
        assert run.state is RunState.SUCCEEDED, run.reason
        async with engine.db.reading() as s:
            ran = await executions.listing(s, run_id)
    assert [r.ok for results in found for r in results] == [granted, True]
    assert [" install " in row.command for row in ran] == ([False, True] if granted else [False])


async def test_what_a_project_names_is_read_without_building_it(tmp_path: Path) -> None:
    async def commands(**files: str) -> list[tuple[str, ...]]:
        for name in ("pyproject.toml", "requirements.txt", "package.json", "package-lock.json"):
            (tmp_path / name).unlink(missing_ok=True)
        for name, text in files.items():
            (tmp_path / name.replace("__", "-").replace("_", ".")).write_text(text)
        return [c.argv for c in await install_commands(await Tree(tmp_path).capture(), "py")]

    assert await commands() == []
    assert await commands(pyproject_toml="[project]\nname = 'x'\n") == []
    assert await commands(pyproject_toml="not toml [") == []
    assert await commands(requirements_txt="\n") == []
    assert (await commands(pyproject_toml=PROJECT))[-1][-1] == "greeting-of-the-test>=1"
    assert (await commands(requirements_txt="flask\n"))[-1][-2:] == ("-r", "requirements.txt")
    evil = "[project]\ndependencies = ['--index-url=http://x']\n"
    assert await commands(pyproject_toml=evil) == [], "an option is no dependency"
    assert await commands(package_json="{}") == []
    depends = '{"devDependencies": {"vite": "8"}}'
    assert (await commands(package_json=depends))[0][:2] == ("npm", "install")
    both = await commands(package_json=depends, package__lock_json="{}")
    assert both[0][:2] == ("npm", "ci")


def test_only_plain_words_come_from_the_project() -> None:
    assert Command(("pip", "install", "a>=1; b")).text == "pip install 'a>=1; b'"
