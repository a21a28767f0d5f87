"""Kinds of runs: what each one takes, does and returns."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from samokoder.agents.runs.context import Run
from samokoder.state.runs import RunState


@dataclass(frozen=True, slots=True)
class Kind:
    """``params`` and ``result`` are types msgspec can encode.

    ``writes``: it may change the workspace, so it holds the workspace's lease. ``runs_commands``:
    it runs the project's own commands, so the workspace must be trusted. ``ended`` tells the final
    state and the reason in plain words from the result.
    """

    name: str
    params: type[Any]
    result: type[Any]
    body: Callable[[Run, Any], Awaitable[Any]]
    ended: Callable[[Any], tuple[RunState, str]]
    writes: bool = False
    runs_commands: bool = False


Kinds = Mapping[str, Kind]
