"""Generations on a real engine, state and sandbox, with a scripted model and editors in memory."""

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import msgspec
from briefs import ACCEPT, fenced

from samokoder.agents import configuration
from samokoder.agents.generate.kinds import kinds
from samokoder.agents.generate.request import GenerateRequest, GenerateResult
from samokoder.agents.models.model import Model, Profile, Role
from samokoder.agents.models.script import Script
from samokoder.agents.models.script_log import Call, ScriptLog
from samokoder.agents.models.scripted import ScriptedModel
from samokoder.agents.repair.workshop import Tools
from samokoder.agents.runs.engine import Engine, open_engine
from samokoder.agents.runs.order import Order, RunSummary
from samokoder.agents.runs.view import QuestionView
from samokoder.agents.sandbox.scratch import ScratchPool
from samokoder.agents.settings import Settings
from samokoder.agents.workspace.desk import Desk
from samokoder.state.database import Database
from samokoder.state.runs import FINISHED

UNITTEST = f"{sys.executable} -m unittest -q"


@dataclass
class _One:
    model_: Model

    async def model(self, root: Path, settings: Settings, role: Role) -> Model | None:
        return self.model_


@dataclass
class Workroom:
    """An engine that can generate in ``root``."""

    root: Path
    engine: Engine
    desk: Desk
    model: ScriptedModel
    flags: dict[str, Any] = field(default_factory=dict)

    @property
    def calls(self) -> list[Call]:
        return self.model.calls

    def asked(self, words: str) -> list[Call]:
        """Calls whose prompt holds these words."""
        return [c for c in self.calls if any(words in text for _, text in c.messages)]

    async def start(self, request: GenerateRequest, *, headless: bool = True, **flags: Any) -> str:
        """Submit a generation."""
        order = Order(
            kind="generate",
            root=str(self.root),
            title="Generate",
            params=msgspec.Raw(msgspec.json.encode(request)),
            origin="shell",
            headless=headless,
            consent=True,
            flags={"sandbox.unconfined": True, **self.flags, **flags},
        )
        return await self.engine.submit(order)

    async def outcome(self, run_id: str) -> tuple[RunSummary, GenerateResult]:
        """Wait for the end."""
        await self.engine.ended(run_id)
        summary, _, stored = await self.engine.outcome(run_id)
        assert stored is not None, summary.reason
        return summary, msgspec.json.decode(stored, type=GenerateResult)

    async def question(self, run_id: str, *, after: str = "") -> QuestionView:
        """The open question of a run, once there is one (another than ``after``)."""
        with anyio.fail_after(30):
            while True:
                view = await self.engine.view(run_id)
                found = [q for q in view.questions if q.answer is None and q.key != after]
                if found:
                    return found[0]
                assert view.summary.state not in FINISHED, view.summary.reason
                await anyio.sleep(0.02)

    async def generate(self, brief: str = "make it", **more: Any) -> GenerateResult:
        """The whole of it."""
        request = GenerateRequest(brief=brief, **more)
        return (await self.outcome(await self.start(request)))[1]

    @property
    def plan(self) -> str:
        return (self.root / ".samokoder" / "plan.md").read_text()


@asynccontextmanager
async def workroom(
    root: Path,
    rules: tuple[Mapping[str, Any], ...],
    *,
    state: Path | None = None,
    parallel: int = 64,
    small: bool = False,
    flags: Mapping[str, Any] | None = None,
) -> AsyncIterator[Workroom]:
    """A workroom whose model follows these rules."""
    await anyio.Path(root).mkdir(exist_ok=True)
    script = msgspec.convert({"rules": rules, "prompts": True, "small": small}, Script)
    profile = Profile("scripted", "test", remote=False, parallel=parallel, small=small)
    model = ScriptedModel(profile, script, ScriptLog(None))
    desk = Desk()
    pool = ScratchPool(root.parent / "scratch")

    async def configure(order: Order) -> Settings:
        return (await configuration.load(Path(order.root), flags=order.flags)).settings

    try:
        async with (
            Database.open(state) as db,
            open_engine(
                db,
                editors=desk,
                models=_One(model),
                configure=configure,
                kinds=kinds(Tools(pool)),
                parallel=4,
            ) as engine,
        ):
            yield Workroom(root, engine, desk, model, dict(flags or {}))
    finally:
        await pool.close()


def planning(tasks: list[dict[str, Any]], *, design: str = "") -> list[dict[str, Any]]:
    """Rules of the planning roles, and a reviewer that accepts."""
    text = msgspec.json.encode
    return [
        {
            "match": "You write specifications",
            "answer": text({"title": "It", "demands": ["it works"]}).decode(),
        },
        {
            "match": "You are a software architect",
            "answer": text({"overview": design or "Plain files."}).decode(),
        },
        {"match": "You are a tech lead", "answer": text({"tasks": tasks}).decode()},
        {"match": "You review changes", "answer": ACCEPT},
        {"match": "You are a technical writer", "answer": "NO CHANGE"},
    ]


def module(n: int, *, body: str = "") -> dict[str, Any]:
    """A task that makes a module and its test."""
    return {
        "id": f"T{n}",
        "title": f"Number {n}",
        "works": [
            {"path": f"m{n}.py", "purpose": f"number {n}"},
            {"path": f"test_m{n}.py", "purpose": f"tests of {n}"},
        ],
    }


def module_rules(n: int, *, value: int | None = None, **more: Any) -> list[dict[str, Any]]:
    """The developer's answers for :func:`module`; another ``value`` makes its test fail."""
    made = n if value is None else value
    code = (
        f'"""Number {n}."""\n\n\ndef number() -> int:\n    """The number."""\n    return {made}\n'
    )
    test = (
        f"import unittest\n\nfrom m{n} import number\n\n\nclass T{n}(unittest.TestCase):\n"
        f"    def test_number(self):\n        self.assertEqual(number(), {n})\n"
    )
    return [
        {"regex": rf"^Write m{n}[.]py:", "answer": fenced(code), **more},
        {"regex": rf"^Write test_m{n}[.]py:", "answer": fenced(test), **more},
    ]
