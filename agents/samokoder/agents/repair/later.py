"""A rung that is loaded when it is climbed: most problems are solved below it."""

from collections.abc import AsyncGenerator
from importlib import import_module
from typing import Any

from samokoder.agents.repair.case import Candidate, Case, Rung


class Later:
    """Stands for the class ``rung`` of the module ``home`` of this package."""

    def __init__(self, name: str, home: str, rung: str, *given: Any) -> None:
        self.name = name
        self._home, self._rung, self._given = home, rung, given

    def propose(self, case: Case) -> AsyncGenerator[Candidate, str]:
        module = import_module(f"samokoder.agents.repair.{self._home}")
        made: Rung = getattr(module, self._rung)(*self._given)
        return made.propose(case)
