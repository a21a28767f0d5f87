"""From what the user typed to a command: ``/fix tests --check "pytest -q"`` or plain words.

A prompt that begins with a slash is read by the very parser of the shell. Plain words are decided
by rules, never by a model: what looks like a failure is fixed; otherwise the first telling verb
counts.
"""

import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import msgspec

from samokoder.agents.errors import InvalidInput
from samokoder.server.cli import options
from samokoder.server.commands.command import Command

SLASHES: dict[str, tuple[str, str]] = {
    "fix": ("samokoder.fix", "what to fix: a file, --check COMMAND, or a pasted error"),
    "review": ("samokoder.review", "files; empty means what is not committed"),
    "check": ("samokoder.check", "a file or folder; empty means everything"),
    "generate": ("samokoder.generate", "what to build"),
    "plan": ("samokoder.plan", "what to build"),
    "explain": ("samokoder.explain", "a run, a finding, an error"),
    "hunt": ("samokoder.hunt", "the failing command"),
    "new": ("samokoder.new", "template and name"),
    "runs": ("samokoder.run.list", ""),
    "show": ("samokoder.run.show", "a run; empty means the newest"),
    "apply": ("samokoder.run.apply", "a run; empty means the newest"),
    "undo": ("samokoder.run.undo", "a run; empty means the newest"),
    "resume": ("samokoder.run.resume", "a run; empty means the newest"),
    "preview": ("samokoder.preview.start", ""),
    "usage": ("samokoder.usage", ""),
    "doctor": ("samokoder.doctor", ""),
}
"""What is offered after a slash: the command, and a hint at what may follow."""

_TEXT = ("brief", "text")
"""Fields that take the user's own words as they are."""

_FAILURE = re.compile(
    r"Traceback \(most recent call last\)|^\s*File \".+\", line \d+|^\s+at .+:\d+(:\d+)?\)?$"
    r"|panicked at |^error(\[\w+\])?:|: (fatal )?error[: ]|^E   |^FAILED |^--- FAIL"
    r"|\b[A-Z]\w*(Error|Exception)\b: ",
    re.MULTILINE,
)
_VERBS = (
    ("samokoder.fix", r"fix\w*|repair\w*|debug\w*|broken|fails?|failing|crash\w*|bugs?"),
    ("samokoder.fix", r"почин\w*|исправ\w*|слома\w*|падает|не работает|ошибк\w*"),
    ("samokoder.review", r"review\w*|audit\w*|ревью|проверь код\w*"),
    ("samokoder.explain", r"explain\w*|why|what does|объясни\w*|почему"),
    ("samokoder.check", r"checks?|run (the )?(tests?|checks?|linters?)|запусти\w* тест\w*"),
    ("samokoder.generate", r"add|create|make|write|build|implement|generate|scaffold"),
    ("samokoder.generate", r"добавь\w*|созда\w*|сделай\w*|напиши\w*|реализуй\w*|сгенерируй\w*"),
)
_TELLING = re.compile(
    "|".join(f"(?P<v{i}>\\b(?:{words})\\b)" for i, (_, words) in enumerate(_VERBS)), re.IGNORECASE
)


class Unclear(InvalidInput):
    """The prompt cannot be understood."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """``words`` the user typed; ``files`` were mentioned; ``pasted`` texts belong to no file."""

    words: str
    files: tuple[Path, ...] = ()
    pasted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A command and its arguments."""

    command: Command
    args: dict[str, Any] = field(default_factory=dict)

    @property
    def line(self) -> str:
        """The same in the shell's words."""
        known = {f.encode_name: f.default for f in msgspec.structs.fields(self.command.args)}
        parts = ["samokoder", *self.command.name.split(".")[1:]]
        for name, value in self.args.items():
            if value == known.get(name):
                continue
            flag = f"--{name.replace('_', '-')}"
            values = value if isinstance(value, list | tuple) else (value,)
            for one in values:
                shown = shlex.quote(_short(str(one)))
                if isinstance(one, bool):
                    parts.append(flag)
                elif name in self.command.positional:
                    parts.append(shown)
                else:
                    parts += (flag, shown)
        return " ".join(parts)


def _short(text: str) -> str:
    first = text.strip().partition("\n")[0]
    return first if first == text.strip() and len(first) <= 80 else f"{first[:79]}…"


def understood(prompt: Prompt, commands: Mapping[str, Command], root: Path) -> Wanted:
    """The command that is meant. :class:`Unclear` says what can be typed."""
    words = prompt.words.strip()
    if words.startswith("/"):
        return _slashed(words[1:], prompt, commands, root)
    if not words and not prompt.pasted and not prompt.files:
        raise Unclear("there is nothing in it", hint=_known(commands))
    name = _meant(words, prompt)
    if name not in commands:
        raise Unclear(f"this would be {name}, which is not there", hint=_known(commands))
    return _with_words(commands[name], words, prompt, root)


def _meant(words: str, prompt: Prompt) -> str:
    if any(_FAILURE.search(text) for text in (words, *prompt.pasted)):
        return "samokoder.fix"
    found = _TELLING.search(words)
    if found is not None and found.lastgroup is not None:
        return next(_VERBS[i][0] for i in range(len(_VERBS)) if found.group(f"v{i}") is not None)
    return "samokoder.generate" if words else "samokoder.fix"


def _slashed(words: str, prompt: Prompt, commands: Mapping[str, Command], root: Path) -> Wanted:
    first, _, rest = words.partition(" ")
    name = SLASHES[first][0] if first in SLASHES else f"samokoder.{first}"
    if name not in commands:
        verb, _, after = rest.strip().partition(" ")
        name, rest = f"{name}.{verb}", after
    command = commands.get(name)
    if command is None:
        raise Unclear(f"there is no /{first}", hint=_known(commands))
    rest = rest.strip()
    free = bool(_field(command, _TEXT)) and not rest.startswith("-")
    if free and rest and not (len(rest.split()) == 1 and (root / rest).exists()):
        return _with_words(command, rest, prompt, root)
    return Wanted(command, {**_mentioned(command, prompt, root), **_parsed(command, rest, first)})


def _parsed(command: Command, rest: str, shown: str) -> dict[str, Any]:
    try:
        parser = click.Command(shown, params=options.parameters(command), add_help_option=False)
        given = parser.make_context(f"/{shown}", shlex.split(rest)).params
        args = options.arguments(command, given)
    except (click.ClickException, msgspec.ValidationError, ValueError) as error:
        words = error.format_message() if isinstance(error, click.ClickException) else str(error)
        raise Unclear(f"/{shown}: {words}", hint=f"See `samokoder {shown} --help`.") from None
    defaults = command.args()
    found: dict[str, Any] = msgspec.to_builtins(args)
    return {k: v for k, v in found.items() if getattr(args, k) != getattr(defaults, k)}


def _with_words(command: Command, words: str, prompt: Prompt, root: Path) -> Wanted:
    """Arguments of a command from plain words."""
    args = _mentioned(command, prompt, root)
    if command.name == "samokoder.fix":
        pasted = [text for text in (words, *prompt.pasted) if _FAILURE.search(text)]
        named = next((w for w in _paths(words) if (root / w).is_file()), "")
        if pasted:
            args["text"] = "\n\n".join(pasted)
        elif named:
            args["path"] = named
        elif "path" not in args:
            args["all"] = True
        return Wanted(command, args)
    takes = _field(command, _TEXT)
    if takes and words:
        args[takes] = "\n\n".join((words, *prompt.pasted))
    return Wanted(command, args)


def _paths(words: str) -> Sequence[str]:
    return [w.strip("`'\"()[],;:?!").rstrip(".") for w in words.split() if "." in w or "/" in w]


def _mentioned(command: Command, prompt: Prompt, root: Path) -> dict[str, Any]:
    """The files that were mentioned, where the command takes any."""
    names = [str(f.relative_to(root)) for f in prompt.files if f.is_relative_to(root)]
    known = {f.encode_name: f.default for f in msgspec.structs.fields(command.args)}
    if not names:
        return {}
    if "paths" in known:
        return {"paths": names}
    if known.get("path") == "" and len(names) == 1:
        return {"path": names[0]}
    if isinstance(known.get("path"), tuple):
        return {"path": names}
    return {}


def _field(command: Command, names: Collection[str]) -> str:
    known = {f.encode_name for f in msgspec.structs.fields(command.args)}
    return next((n for n in names if n in known), "")


def _known(commands: Mapping[str, Command]) -> str:
    offered = [f"/{slash}" for slash, (name, _) in SLASHES.items() if name in commands]
    return f"Type what you want in plain words, or one of {', '.join(offered)}."


def load() -> Mapping[str, Command]:
    """Every command by its name; imports for half a second, so not on the loop."""
    from samokoder.server.commands.registry import COMMANDS

    return COMMANDS
