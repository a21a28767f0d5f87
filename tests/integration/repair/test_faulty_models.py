"""Models that fail in every way (R8, R16): no damaged file, no false claim, bounded cost."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from engine_room import engine_room, order, scripted

from samokoder.agents.models.http import Limits
from samokoder.agents.models.script import Fault, Rule
from samokoder.agents.models.scripted import ScriptedModel
from samokoder.agents.repair.fix import FixRequest
from samokoder.agents.repair.kinds import kinds
from samokoder.agents.repair.workshop import Tools
from samokoder.agents.runs.view import RunView
from samokoder.agents.sandbox.scratch import ScratchPool

FILES = {
    "calc.py": 'def double(x):\n    return x ** 3\n\n\nNAME = "Удвоение"\n',
    "other.py": "LIMIT = 3\n",
    "test_calc.py": (
        "import unittest\nfrom calc import double\n\n\nclass T(unittest.TestCase):\n"
        "    def test_d(self):\n        self.assertEqual(double(4), 8)\n"
    ),
}
RIGHT = "calc.py\n<<<<<<< SEARCH\n    return x ** 3\n=======\n    return x * 2\n>>>>>>> REPLACE\n"
ELSEWHERE = "other.py\n<<<<<<< SEARCH\nLIMIT = 3\n=======\nLIMIT = 8\n>>>>>>> REPLACE\n"
OUTSIDE = "../escape.py\n<<<<<<< SEARCH\n=======\nprint('out')\n>>>>>>> REPLACE\n"
THE_TEST = (
    "test_calc.py\n<<<<<<< SEARCH\n        self.assertEqual(double(4), 8)\n=======\n"
    "        self.assertEqual(double(4), 64)\n>>>>>>> REPLACE\n"
)
ATTEMPTS = 2
CALLS = 24
"""What three rungs with two attempts each, four tries of every call, could need at most."""

FAULTS = {
    "a block that fits nowhere": Rule(answer=RIGHT.replace("x ** 3", "x ** 4")),
    "a block of lines that stand twice": Rule(answer=RIGHT.replace("    return x ** 3\n", "\n")),
    "another file": Rule(answer=ELSEWHERE),
    "a file outside": Rule(answer=OUTSIDE),
    "the test": Rule(answer=THE_TEST),
    "prose": Rule(answer="I would look at the exponent: doubling means to multiply by two."),
    "nothing": Rule(answer=""),
    "cut in the block": Rule(answer=RIGHT, fault=Fault("cut", after=60), chunk=10),
    "ends in the block": Rule(answer=RIGHT, fault=Fault("end", after=60), chunk=10),
    "refused for the rate": Rule(fault=Fault("status", 429, headers={"retry-after": "0"})),
    "broken inside": Rule(fault=Fault("status", 500)),
    "no answer at all": Rule(fault=Fault("reset")),
    "no JSON": Rule(fault=Fault("garbage")),
    "hangs": Rule(answer=RIGHT, fault=Fault("stall", after=30)),
    "never ends": Rule(answer="still thinking ", fault=Fault("endless")),
    "unfinished by the limit": Rule(answer=RIGHT[:70], finish="length"),
}


@pytest.fixture
async def tools(tmp_path: Path) -> AsyncIterator[Tools]:
    pool = ScratchPool(tmp_path / "scratch")
    yield Tools(pool)
    await pool.close()


def lay(root: Path) -> dict[str, bytes]:
    root.mkdir()
    for name, text in FILES.items():
        (root / name).write_text(text)
    return tree(root)


def tree(root: Path) -> dict[str, bytes]:
    """Every file with its bytes."""
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


async def fixed(root: Path, tools: Tools, model: ScriptedModel) -> RunView:
    """The fix with the rungs that ask a model."""
    command = f"{sys.executable} -B -m unittest -q"
    request = FixRequest(command=command, rungs=("L2", "L3", "L4"))
    async with engine_room(*kinds(tools).values(), model=model) as engine:
        flags = {"fix.attempts": ATTEMPTS, "sandbox.unconfined": True}
        wanted = order(root, "fix", consent=True, headless=True, flags=flags)
        params = msgspec.Raw(msgspec.json.encode(request))
        run = await engine.finished(
            await engine.submit(msgspec.structs.replace(wanted, params=params))
        )
        return await engine.view(run.id)


def faulty(log: Path, *rules: Rule) -> ScriptedModel:
    """A model with these rules that is cut after half a second without a byte."""
    model = scripted(log, *rules)
    model._limits = Limits(stall=0.5, total=3.0)
    return model


@pytest.mark.parametrize("name", FAULTS)
async def test_a_faulty_model_does_no_harm(name: str, tmp_path: Path, tools: Tools) -> None:
    before = lay(tmp_path / "work")
    model = faulty(tmp_path / "log", FAULTS[name])
    view = await fixed(tmp_path / "work", tools, model)
    assert tree(tmp_path / "work") == before, "no file is touched"
    assert not (tmp_path / "escape.py").exists()
    assert view.summary.state != "succeeded", "nothing is claimed"
    assert 1 <= len(model.calls) <= CALLS
    assert view.used.tokens < 200_000, "the budget of a run"


@pytest.mark.parametrize("name", ["cut in the block", "broken inside", "hangs", "no JSON"])
async def test_after_one_fault_the_fix_is_made(name: str, tmp_path: Path, tools: Tools) -> None:
    lay(tmp_path / "work")
    once = msgspec.structs.replace(FAULTS[name], times=1)
    model = faulty(tmp_path / "log", once, Rule(answer=RIGHT))
    view = await fixed(tmp_path / "work", tools, model)
    assert view.summary.state == "succeeded"
    assert tree(tmp_path / "work")["calc.py"].decode() == FILES["calc.py"].replace("** 3", "* 2")
    assert len(model.calls) <= 3
