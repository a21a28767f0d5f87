"""What a project needs is installed beside its copy, and its checks see it (R5)."""

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import pytest
from engine_room import engine_room, kind, order
from package_index import package_index

from samokoder.agents.checks.check import Check
from samokoder.agents.execute import installed
from samokoder.agents.execute.command import Command
from samokoder.agents.execute.grants import ONLINE
from samokoder.agents.execute.installed import Outcome
from samokoder.agents.execute.needs import Needs, needs_of
from samokoder.agents.execute.store import equipped
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


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The paths that were asked for."""
    with package_index() as (address, asked):
        monkeypatch.setenv("PIP_INDEX_URL", address)
        yield asked


@pytest.fixture
async def pool(tmp_path: Path) -> AsyncIterator[ScratchPool]:
    pool = ScratchPool(tmp_path / "scratch")
    yield pool
    await pool.close()


def project(folder: Path) -> Path:
    folder.mkdir()
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "test_x.py").write_text(TEST)
    return folder


CHECK = Check("tests", "unittest", (sys.executable, "-m", "unittest", "-q"))
FINE = Check("fine", "command", ("true",))


@pytest.mark.parametrize("network", ["never", "ask", "always"])
async def test_what_checks_lack_is_installed_with_a_grant(
    tmp_path: Path, pool: ScratchPool, index: list[str], network: str
) -> None:
    """Without one, they count as not run; the other checks say what they say."""
    workspace, granted = project(tmp_path / "работа"), network == "always"
    found: list[Outcome] = []

    async def body(run: Run, params: object) -> str:
        async with equipped(run, await Tools(pool, engine.db).workshop(run.settings)) as workshop:
            for key, checks in (("some", (CHECK, FINE)), ("again", (CHECK,))):
                found.append(await installed.results(run, workshop, run.snapshot, checks, key=key))
        return "done"

    async with engine_room(kind("exec", body)) as engine:
        flags = {"execute.network": network}
        run_id = await engine.submit(order(workspace, "exec", headless=True, flags=flags))
        with anyio.fail_after(55):
            run = await engine.finished(run_id)
        assert run.state is RunState.SUCCEEDED, run.reason
        async with engine.db.reading() as s:
            ran = [row.command for row in await executions.listing(s, run_id)]
    first, again = found
    assert {r.check.id: r.ok for r in first.results} == (
        {"tests": True, "fine": True} if granted else {"fine": True}
    )
    assert [r.ok for r in again.results] == ([True] if granted else [])
    assert bool(index) is granted
    if not granted:
        why = "greeting_of_the_test is not installed: it needs the network"
        assert first.unrun["tests"].startswith(why)
        assert again.unrun["tests"].startswith(why)
    assert sum(" install " in command for command in ran) == granted, "once is enough"
    assert sorted(p.name for p in workspace.iterdir()) == ["pyproject.toml", "test_x.py"]


async def test_what_the_index_does_not_have_is_said(
    tmp_path: Path, pool: ScratchPool, index: list[str]
) -> None:
    workspace = project(tmp_path / "w")
    (workspace / "pyproject.toml").write_text(PROJECT.replace(">=1", ">=2"))
    found: list[Outcome] = []

    async def body(run: Run, params: object) -> str:
        async with equipped(run, await Tools(pool).workshop(run.settings)) as workshop:
            found.append(await installed.results(run, workshop, run.snapshot, (CHECK,), key="k"))
        return "done"

    async with engine_room(kind("exec", body)) as engine:
        flags = {"execute.network": "always"}
        run_id = await engine.submit(order(workspace, "exec", headless=True, flags=flags))
        with anyio.fail_after(55):
            await engine.finished(run_id)
    assert "No matching distribution found for greeting-of-the-test>=2" in found[0].unrun["tests"]
    assert found[0].results == ()


async def test_after_a_crash_it_is_installed_again_without_asking(
    tmp_path: Path, pool: ScratchPool, index: list[str]
) -> None:
    """What lay beside the copies died with the process; the grant did not."""
    workspace, state = project(tmp_path / "w"), tmp_path / "state.db"
    found: list[Outcome] = []
    reached = anyio.Event()
    stop = True

    async def body(run: Run, params: object) -> str:
        async with equipped(run, await Tools(pool).workshop(run.settings)) as workshop:
            tree = run.snapshot
            found.append(await installed.results(run, workshop, tree, (CHECK,), key="one"))
            if stop:
                reached.set()
                await anyio.sleep_forever()
            found.append(await installed.results(run, workshop, tree, (CHECK,), key="two"))
        return "done"

    async with engine_room(kind("exec", body), state=state) as engine:
        run_id = await engine.submit(order(workspace, "exec", headless=False))
        with anyio.fail_after(55):
            while not (view := await engine.view(run_id)).questions:
                await anyio.sleep(0.02)
            assert "greeting-of-the-test>=1'` needs network access" in view.questions[0].text
            await engine.answer(run_id, "", ONLINE, by="test")
            await reached.wait()
    stop = False
    async with engine_room(kind("exec", body), state=state) as engine:
        await engine.take_up()
        with anyio.fail_after(55):
            run = await engine.finished(run_id)
        assert run.state is RunState.SUCCEEDED, run.reason
        assert len((await engine.view(run_id)).questions) == 1
    assert [[r.ok for r in outcome.results] for outcome in found] == [[True]] * 3


async def needs(folder: Path, **files: str) -> Needs:
    for name in ("pyproject.toml", "requirements.txt", "package.json", "package-lock.json"):
        (folder / name).unlink(missing_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", "-").replace("_", ".")).write_text(text)
    return await needs_of(await Tree(folder).capture())


async def test_what_a_project_names_is_read_without_building_it(tmp_path: Path) -> None:
    async def commands(**files: str) -> list[tuple[str, ...]]:
        return [c.argv for c in (await needs(tmp_path, **files)).commands("py")]

    assert await commands() == []
    assert await commands(pyproject_toml="[project]\nname = 'x'\n") == []
    assert await commands(pyproject_toml="not toml [") == []
    assert await commands(requirements_txt="\n# flask\n") == []
    assert (await commands(pyproject_toml=PROJECT))[-1][-1] == "greeting-of-the-test>=1"
    lines = "flask>=3  # pages\n\nrequests\n"
    assert (await commands(requirements_txt=lines))[-1][-2:] == ("flask>=3", "requests")
    pinned = "flask==3.0 \\\n    --hash=sha256:00\n"
    assert (await commands(requirements_txt=pinned))[-1][-2:] == ("-r", "requirements.txt")
    assert await commands(package_json="{}") == []
    depends = '{"devDependencies": {"vite": "8"}}'
    assert (await commands(package_json=depends))[0][:2] == ("npm", "install")
    both = await commands(package_json=depends, package__lock_json="{}")
    assert both[0][:2] == ("npm", "ci")


@pytest.mark.parametrize(
    "files",
    [
        {"requirements_txt": "flask\n--index-url http://evil/simple\n"},
        {"requirements_txt": "x @ http://evil/x.whl\n"},
        {"requirements_txt": "-e git+ssh://host/x\n"},
        {"requirements_txt": "../elsewhere\n"},
        {"requirements_txt": "-c constraints.txt\n"},
        {"pyproject_toml": "[project]\ndependencies = ['x @ file:///etc/x']\n"},
        {"package_json": '{"dependencies": {"x": "git+ssh://host/x"}}'},
        {"package_json": '{"dependencies": {"x": "file:../x"}}'},
        {"package_json": '{"dependencies": {"x": "github:user/x"}}'},
    ],
)
async def test_what_leads_away_from_the_index_is_not_installed(
    tmp_path: Path, files: dict[str, str]
) -> None:
    found = await needs(tmp_path, **files)
    assert found.commands("py") == ()
    assert "is not a plain package of the configured index" in found.refused


@pytest.mark.parametrize(
    ("module", "named"),
    [
        ("flask", True), ("flask.views", True), ("yaml", True), ("PIL", True), ("own", False),
        ("requests_of_mine", False), ("@scope/x", True), ("vite", True), ("./store.js", False),
    ],
)  # fmt: skip
def test_whether_a_missing_module_is_one_the_project_names(module: str, named: bool) -> None:
    wanted = Needs(("Flask>=3", "PyYAML", "pillow", "requests"), "", ("@scope/x", "vite"))
    assert wanted.names(module) is named


def test_only_plain_words_come_from_the_project() -> None:
    assert Command(("pip", "install", "a>=1; b")).text == "pip install 'a>=1; b'"
