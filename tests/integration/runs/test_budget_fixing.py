"""A fix with a model that is of no use: so many calls and no more, and not a byte is changed."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from engine_room import engine_room, order, scripted

from samokoder.agents.models.script import Rule
from samokoder.agents.models.scripted import ScriptedModel
from samokoder.agents.repair.fix import FixRequest
from samokoder.agents.repair.kinds import kinds
from samokoder.agents.repair.workshop import Tools
from samokoder.agents.runs.view import RunView
from samokoder.agents.sandbox.scratch import ScratchPool

BROKEN = "def double(x):\n    return x ** 3\n"
TEST = (
    "import unittest\nfrom calc import double\n\n\nclass T(unittest.TestCase):\n"
    "    def test_d(self):\n        self.assertEqual(double(4), 8)\n"
)


@pytest.fixture
async def tools(tmp_path: Path) -> AsyncIterator[Tools]:
    pool = ScratchPool(tmp_path / "scratch")
    yield Tools(pool)
    await pool.close()


def block(new: str, old: str = "    return x ** 3") -> str:
    return f"calc.py\n<<<<<<< SEARCH\n{old}\n=======\n    return {new}\n>>>>>>> REPLACE\n"


def lay(root: Path) -> dict[str, bytes]:
    root.mkdir()
    (root / "calc.py").write_text(BROKEN)
    (root / "test_calc.py").write_text(TEST)
    return tree(root)


def tree(root: Path) -> dict[str, bytes]:
    """Every file with its bytes."""
    return {p.name: p.read_bytes() for p in root.rglob("*") if p.is_file()}


async def fixed(root: Path, tools: Tools, model: ScriptedModel, attempts: int) -> RunView:
    """The fix with this model alone."""
    request = FixRequest(command=f"{sys.executable} -B -m unittest -q", rungs=("L2",))
    async with engine_room(*kinds(tools).values(), model=model) as engine:
        flags = {"fix.attempts": attempts, "sandbox.unconfined": True}
        wanted = order(root, "fix", consent=True, headless=True, flags=flags)
        params = msgspec.Raw(msgspec.json.encode(request))
        wanted = msgspec.structs.replace(wanted, params=params)
        run = await engine.finished(await engine.submit(wanted))
        return await engine.view(run.id)


@pytest.mark.parametrize("attempts", [3, 8])
async def test_an_always_wrong_model_is_asked_exactly_so_often(
    tmp_path: Path, tools: Tools, attempts: int
) -> None:
    """R16: another wrong answer every time; none is accepted for want of tries."""
    before = lay(tmp_path / "work")
    model = scripted(
        tmp_path / "log", Rule(answers=tuple(block(f"x + {n}0") for n in range(1, 40)))
    )
    view = await fixed(tmp_path / "work", tools, model, attempts)
    assert len(model.calls) == attempts == view.used.calls
    assert tree(tmp_path / "work") == before
    assert view.summary.state != "succeeded" and view.changes == ()


async def test_a_model_that_goes_in_circles_is_stopped_and_the_state_named(
    tmp_path: Path, tools: Tools
) -> None:
    """R16: A, B, A, B …: nothing new is seen, whatever tries are left."""
    before = lay(tmp_path / "work")
    circle = (block("x + 10"), block("x + 20")) * 30
    model = scripted(tmp_path / "log", Rule(answers=circle))
    view = await fixed(tmp_path / "work", tools, model, 50)
    assert len(model.calls) <= 10
    assert "came back" in view.summary.reason and "test_d" in view.summary.reason
    assert view.summary.state == "limited"
    assert tree(tmp_path / "work") == before
