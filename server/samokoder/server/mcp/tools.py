"""The tools other agents may call, made from the commands editors and the shell have.

What is a person's to decide is no argument of a tool: consent, running without confinement, which
model is asked, answering a run's question.
"""

import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from samokoder.server.commands.command import Command

HIDDEN = frozenset(
    ("yes", "unconfined", "model", "env", "egress", "runtime", "image", "open", "remember")
)
"""Arguments of commands that are no arguments of tools: consent, secrets, ways out, settings."""
ELSEWHERE = HIDDEN | {"all", "forget"}
"""The same for commands whose ``all`` goes beyond the workspace."""
PREVIEWS = ELSEWHERE | {"preview"}
"""The same for previews: it is always about the workspace's own."""
COMMAND_LINES = ("check", "command")
"""Arguments that are command lines: what an agent brings itself is asked for each time."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A command as a tool. ``writes``: it changes files; ``again``: twice is the same as once."""

    command: str
    hint: str = ""
    reads: bool = False
    writes: bool = False
    again: bool = False
    hidden: frozenset[str] = HIDDEN


OFFERS: dict[str, Offer] = {
    "fix": Offer(
        "samokoder.fix",
        "What is proven is applied, anything else is only reported. With `wait` false it answers "
        "at once with the run, which `run_show` follows.",
        writes=True,
    ),
    "review": Offer("samokoder.review", "Nothing is changed."),
    "check": Offer("samokoder.check", "Nothing is changed."),
    "explain": Offer("samokoder.explain", "Nothing is changed."),
    "preview_start": Offer("samokoder.preview.start"),
    "preview_status": Offer("samokoder.preview.status", reads=True, again=True, hidden=ELSEWHERE),
    "preview_logs": Offer(
        "samokoder.preview.logs", reads=True, again=True, hidden=PREVIEWS | {"follow"}
    ),
    "preview_stop": Offer("samokoder.preview.stop", again=True, hidden=PREVIEWS),
    "run_list": Offer("samokoder.run.list", reads=True, again=True, hidden=ELSEWHERE),
    "run_show": Offer("samokoder.run.show", reads=True, again=True),
    "run_cancel": Offer("samokoder.run.cancel", again=True),
    "run_undo": Offer("samokoder.run.undo", "Later edits stay.", writes=True, again=True),
}


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool with its schemas; ``bare``: the result is no object and comes as ``result``."""

    name: str
    offer: Offer
    command: Command
    takes: dict[str, Any]
    gives: dict[str, Any]
    result: Any
    bare: bool

    def described(self) -> dict[str, Any]:
        """The tool as ``tools/list`` shows it."""
        return {
            "name": self.name,
            "title": self.command.summary.rstrip("."),
            "description": f"{self.command.summary} {self.offer.hint}".strip(),
            "inputSchema": self.takes,
            "outputSchema": self.gives,
            "annotations": {
                "readOnlyHint": self.offer.reads,
                "destructiveHint": self.offer.writes,
                "idempotentHint": self.offer.again,
                "openWorldHint": False,
            },
        }

    def shown(self, result: Any) -> str:
        """The result in the shell's words."""
        return self.command.show(msgspec.convert(result, self.result)).rstrip()

    def structured(self, result: Any) -> dict[str, Any]:
        """The result as the output schema describes it."""
        return {"result": result} if self.bare else dict(result)


def load() -> dict[str, Tool]:
    """Every tool by its name; imports for half a second, so not on the loop."""
    from samokoder.server.commands.registry import COMMANDS

    return made(COMMANDS)


def made(commands: Mapping[str, Command]) -> dict[str, Tool]:
    """The tools that can be made of these commands."""
    return {
        name: _tool(name, offer, commands[offer.command])
        for name, offer in OFFERS.items()
        if offer.command in commands
    }


def _tool(name: str, offer: Offer, command: Command) -> Tool:
    takes = _flat(msgspec.json.schema(command.args, ref_template="#/$defs/{name}"))
    for hidden in offer.hidden:
        takes.get("properties", {}).pop(hidden, None)
    takes.setdefault("properties", {})
    result = typing.get_type_hints(command.run)["return"]
    gives = _flat(msgspec.json.schema(result, ref_template="#/$defs/{name}"))
    bare = gives.get("type") != "object"
    if bare:
        definitions = gives.pop("$defs", {})
        gives = {"type": "object", "properties": {"result": gives}, "required": ["result"]}
        gives |= {"$defs": definitions} if definitions else {}
    return Tool(name, offer, command, takes, gives, result, bare)


def _flat(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its outermost type in place, as clients expect it."""
    definitions = dict(schema.get("$defs", {}))
    reference = schema.get("$ref")
    if reference is None:
        return dict(schema)
    outer = dict(definitions.pop(reference.rpartition("/")[2]))
    return {**outer, "$defs": definitions} if definitions else outer
