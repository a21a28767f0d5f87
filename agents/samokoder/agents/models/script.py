"""The script of a scripted model: rules that say which prompt gets which answer, or which fault.

A file of JSON (``{"rules": [...]}``), JSON lines (a rule a line, settings under ``script``) or
TOML (``[[rules]]``). The first rule that matches and is not used up answers. See docs/models.md.
"""

import re
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from samokoder.agents.errors import InvalidInput
from samokoder.agents.models import tokens
from samokoder.agents.models.model import Usage

MAX_BYTES = 16 << 20
"""Bytes a script may have."""

Seconds = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0)]


class Fault(Struct, frozen=True, forbid_unknown_fields=True):
    """What goes wrong. ``after`` characters of the answer are sent first.

    ``status``: an HTTP answer of that status, with ``headers`` and ``body`` (also 200 with a wrong
    type). ``cut``: the socket closes. ``end``: the stream ends politely, unfinished. ``reset``: no
    answer at all. ``stall``: nothing more comes. ``garbage``: something that is no JSON.
    ``error``: an error event with ``status``. ``endless``: the answer again and again.
    """

    kind: Literal["status", "cut", "end", "reset", "stall", "garbage", "error", "endless"] = (
        "status"
    )
    status: Annotated[int, Meta(ge=200, le=599)] = 500
    headers: dict[str, str] = {}
    body: str = ""
    after: Count = 0


class Spent(Struct, frozen=True, forbid_unknown_fields=True):
    """The usage a rule reports instead of the estimate."""

    input: Count = 0
    output: Count = 0
    cached: Count = 0


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """One rule. Without ``match``, ``regex`` and ``model`` it fits every prompt."""

    match: str = ""
    """Text that stands in the prompt."""
    regex: str = ""
    """Pattern found in the prompt (multi-line, dot matches line ends)."""
    model: str = ""
    """Name of the model that was asked for."""
    times: Count = 0
    """How often it may answer; 0: always."""
    answer: str = ""
    answers: tuple[str, ...] = ()
    """Answers in turn; the last one stays."""
    repeat: Annotated[int, Meta(ge=1)] = 1
    """The answer, this many times over."""
    delay: Seconds = 0
    """Seconds before the answer begins."""
    pace: Seconds = 0
    """Seconds between two pieces."""
    chunk: Count = 24
    """Characters of one piece; 0: all in one."""
    finish: Literal["stop", "length", "refused"] = "stop"
    usage: Spent | None = None
    silent: bool = False
    """Reports no usage."""
    ignore_limit: bool = False
    """Answers at full length whatever output limit was sent."""
    fault: Fault | None = None
    split: Count = 0
    """Server only: bytes of one write, to cut characters and events apart; 0: event by event."""
    line_end: Literal["lf", "crlf", "cr"] = "lf"
    """Server only: the line ends of the stream."""
    comments: bool = False
    """Server only: keep-alive comments between the events."""

    def text(self, used: int) -> str:
        """The answer for the time ``used`` (from 0)."""
        one = self.answers[min(used, len(self.answers) - 1)] if self.answers else self.answer
        return one * self.repeat


class Script(Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """A whole script. ``log`` is a file beside the script that keeps every call over restarts."""

    rules: tuple[Rule, ...]
    log: str = ""
    prompts: bool = False
    """Write the prompts into the log too."""
    small: bool = False
    """Pose as a small model, which gets whole functions."""
    context: Annotated[int, Meta(ge=1)] = 32768
    parallel: Annotated[int, Meta(ge=1)] = 64
    honours_limit: bool = True

    @cached_property
    def patterns(self) -> tuple[re.Pattern[str] | None, ...]:
        return tuple(
            re.compile(rule.regex, re.MULTILINE | re.DOTALL) if rule.regex else None
            for rule in self.rules
        )

    def pick(self, prompt: str, model: str, used: Counter[int]) -> int | None:
        """Index of the rule that answers; ``used`` counts how often each one did."""
        for index, rule in enumerate(self.rules):
            if rule.times and used[index] >= rule.times:
                continue
            pattern = self.patterns[index]
            if (
                (not rule.model or rule.model == model)
                and (not rule.match or rule.match in prompt)
                and (pattern is None or pattern.search(prompt))
            ):
                return index
        return None


class _Line(Struct):
    script: dict[str, Any] | None = None


def load(path: Path) -> Script:
    """Read a script. Raises InvalidInput with the place of the mistake."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidInput(f"the script {path} cannot be read ({error.strerror})") from error
    if len(data) > MAX_BYTES:
        raise InvalidInput(f"the script {path} is larger than {MAX_BYTES >> 20} MiB")
    try:
        script = _decode(data, path.suffix)
        _ = script.patterns
    except (msgspec.DecodeError, UnicodeDecodeError, re.error) as error:
        raise InvalidInput(f"the script {path} is not right: {error}") from error
    return script


def spent(rule: Rule, prompt_chars: int, sent_chars: int) -> Usage:
    """What a call of this rule took."""
    if rule.usage is not None:
        return Usage(rule.usage.input, rule.usage.output, rule.usage.cached)
    return Usage(tokens.estimate(prompt_chars), tokens.estimate(sent_chars))


def bounded(rule: Rule, text: str, max_tokens: int) -> tuple[str, str]:
    """The text as far as the output limit lets it go, and the finish reason."""
    most = max_tokens * tokens.CHARS
    if rule.ignore_limit or len(text) <= most:
        return text, rule.finish
    return text[:most], "length"


def pieces(rule: Rule, text: str) -> list[str]:
    """The text in pieces of ``chunk`` characters."""
    if not rule.chunk:
        return [text] if text else []
    return [text[at : at + rule.chunk] for at in range(0, len(text), rule.chunk)]


def _decode(data: bytes, suffix: str) -> Script:
    if suffix == ".toml":
        return msgspec.toml.decode(data, type=Script)
    if suffix != ".jsonl":
        return msgspec.json.decode(data, type=Script)
    settings: dict[str, Any] = {}
    rules: list[Any] = []
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            whole = msgspec.json.decode(line, type=_Line)
            if whole.script is not None:
                settings.update(whole.script)
            else:
                rules.append(msgspec.json.decode(line, type=Rule))
        except msgspec.DecodeError as error:
            raise msgspec.ValidationError(f"line {number}: {error}") from error
    return msgspec.convert({**settings, "rules": rules}, Script)
