"""An engine with toy kinds of runs, over a real state and the scripted model."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from samokoder.agents import configuration
from samokoder.agents.models.model import ChatRequest, Message, Model, Profile, Role
from samokoder.agents.models.script import Rule, Script
from samokoder.agents.models.script_log import ScriptLog
from samokoder.agents.models.scripted import ScriptedModel
from samokoder.agents.runs.context import Run
from samokoder.agents.runs.engine import Engine, open_engine
from samokoder.agents.runs.kinds import Kind
from samokoder.agents.runs.order import Order
from samokoder.agents.settings import Settings
from samokoder.agents.workspace.target import Editors, NoEditors
from samokoder.state.database import Database
from samokoder.state.runs import RunState


@dataclass
class OneModel:
    """The scripted model for every role."""

    one: Model | None

    async def model(self, root: Path, settings: Settings, role: Role) -> Model | None:
        return self.one


class Empty(msgspec.Struct, frozen=True):
    """No parameters."""


def scripted(log: Path, *rules: Rule, honours_limit: bool = True) -> ScriptedModel:
    """A scripted model that counts its calls in a file."""
    profile = Profile("scripted", "test", remote=False, honours_limit=honours_limit, parallel=64)
    return ScriptedModel(profile, Script(rules or (Rule(answer="yes"),)), ScriptLog(log))


def kind(name: str, body: Callable[[Run, Any], Awaitable[Any]], *, writes: bool = False) -> Kind:
    """A toy kind whose result is a string; "failed" fails."""

    def ended(result: str) -> tuple[RunState, str]:
        return (RunState.FAILED if result == "failed" else RunState.SUCCEEDED), result

    return Kind(name, Empty, str, body, ended, writes=writes)


def question(text: str, tokens: int = 16) -> ChatRequest:
    """A small request."""
    return ChatRequest((Message("user", text),), max_tokens=tokens)


def order(root: Path, kind: str, **more: Any) -> Order:
    """An order from the shell."""
    more.setdefault("origin", "shell")
    return Order(kind=kind, root=str(root), title=kind, **more)


@asynccontextmanager
async def engine_room(
    *kinds: Kind,
    model: Model | None = None,
    state: Path | None = None,
    editors: Editors | None = None,
    parallel: int = 8,
) -> AsyncIterator[Engine]:
    """An engine of these kinds."""

    async def configure(order: Order) -> Settings:
        return (await configuration.load(Path(order.root), flags=order.flags)).settings

    async with (
        Database.open(state) as db,
        open_engine(
            db,
            editors=editors or NoEditors(),
            models=OneModel(model),
            configure=configure,
            kinds={k.name: k for k in kinds},
            parallel=parallel,
        ) as engine,
    ):
        yield engine
