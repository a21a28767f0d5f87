"""The scripted model, ``scripted:FILE``: deterministic answers and faults, for tests and demos.

No network: the same rules as a real HTTP server are in ``scripted_server``.
"""

import hashlib
import time
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import anyio
import msgspec

from samokoder.agents.errors import AnswerUnusable, ModelError, StreamCut, StreamStalled
from samokoder.agents.models import script
from samokoder.agents.models.attempt import CHARS_PER_TOKEN, SPARE_CHARS
from samokoder.agents.models.http import Limits
from samokoder.agents.models.model import ChatRequest, Delta, Profile, Usage
from samokoder.agents.models.refusals import event_refusal, refusal
from samokoder.agents.models.script import Fault, Rule, Script
from samokoder.agents.models.script_log import OK, Call, ScriptLog


class ScriptedModel:
    """A model that follows a script. ``calls`` is its own count."""

    def __init__(
        self, profile: Profile, script: Script, log: ScriptLog, limits: Limits | None = None
    ) -> None:
        self._profile = profile
        self._script = script
        self._log = log
        self._limits = limits or Limits()

    @property
    def profile(self) -> Profile:
        return self._profile

    @property
    def calls(self) -> list[Call]:
        return self._log.calls

    async def aclose(self) -> None:
        """Nothing to close."""

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        """One attempt, by the first rule that fits."""
        prompt = "\n".join(m.text for m in request.messages)
        call = question(request, self._script)
        used = self._log.used.copy()
        index = self._script.pick(prompt, self._profile.name, used)
        call.rule = -1 if index is None else index
        call.model = self._profile.name
        await anyio.to_thread.run_sync(self._log.begin, call)
        if index is None:
            await self._end(call, "no rule")
            raise AnswerUnusable("no rule of the script fits this prompt")
        rule = self._script.rules[index]
        outcome = "gone"
        text, finish = script.bounded(rule, rule.text(used[index]), request.max_tokens)
        try:
            await anyio.sleep(rule.delay)
            call.answered = time.time()
            if rule.fault is not None and rule.fault.kind in ("status", "reset"):
                outcome = _name(rule.fault)
                raise _turned_away(rule.fault)
            if not rule.silent:
                yield Delta(usage=script.spent(rule, call.prompt_chars, 0))
            for number, piece in enumerate(_pieces(rule, text, request.max_tokens)):
                if number:
                    await anyio.sleep(rule.pace)
                call.sent_chars += len(piece)
                usage = None
                if not rule.silent:
                    usage = script.spent(rule, call.prompt_chars, call.sent_chars)
                yield Delta(piece, usage=usage, model=self._profile.name)
            if rule.fault is not None and rule.fault.kind != "endless":
                outcome = _name(rule.fault)
                await self._fail(rule.fault)
            outcome = OK
            if rule.fault is not None:
                outcome, finish = rule.fault.kind, "length"
            usage = script.spent(rule, call.prompt_chars, call.sent_chars)
            yield Delta(usage=replace(usage, estimated=rule.silent), finish=finish)
        finally:
            billed = None if outcome.isdecimal() or outcome == "reset" else rule
            await self._end(call, outcome, billed)

    async def _fail(self, fault: Fault) -> None:
        if fault.kind == "stall":
            await anyio.sleep(min(self._limits.stall, self._limits.total))
            raise StreamStalled(f"the script sent nothing for {self._limits.stall:g} s")
        if fault.kind == "garbage":
            raise AnswerUnusable("the script sent something that is not its documented format")
        if fault.kind == "error":
            raise event_refusal("scripted", {"code": fault.status, "message": fault.body})
        raise StreamCut("the script closed the stream")

    async def _end(self, call: Call, outcome: str, billed: Rule | None = None) -> None:
        usage = script.spent(billed, call.prompt_chars, call.sent_chars) if billed else Usage()
        call.ended = time.time()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._log.end, call, outcome, usage)


def load(path: Path, limits: Limits | None = None) -> ScriptedModel:
    """The model of a script file. Reads files: call it from a worker thread."""
    lines = script.load(path)
    profile = Profile(
        "scripted",
        str(path),
        context=lines.context,
        small=lines.small,
        remote=False,
        honours_limit=lines.honours_limit,
        parallel=lines.parallel,
    )
    log = ScriptLog(path.parent / lines.log if lines.log else None)
    return ScriptedModel(profile, lines, log, limits)


def request_hash(request: ChatRequest) -> str:
    """A call's name in the log, the same over HTTP and in the process."""
    said = (
        [(m.role, m.text) for m in request.messages],
        request.max_tokens,
        request.temperature,
        request.seed,
        request.schema,
    )
    return hashlib.sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()


def question(request: ChatRequest, lines: Script) -> Call:
    """The log's entry for a request that came just now."""
    now = time.time()
    return Call(
        0,
        hash=request_hash(request),
        prompt_chars=request.chars,
        max_tokens=request.max_tokens,
        messages=tuple((m.role, m.text) for m in request.messages) if lines.prompts else (),
        arrived=now,
        asked=now,
    )


def _turned_away(fault: Fault) -> ModelError:
    if fault.kind == "reset":
        return StreamCut("the script closed the connection")
    return refusal("scripted", fault.status, fault.headers, fault.body)


def _name(fault: Fault) -> str:
    return str(fault.status) if fault.kind == "status" else fault.kind


def _pieces(rule: Rule, text: str, max_tokens: int) -> list[str]:
    """The pieces that are sent before the end, or before the fault."""
    if rule.fault is None:
        return script.pieces(rule, text)
    if rule.fault.kind == "endless":
        most = SPARE_CHARS + CHARS_PER_TOKEN * max_tokens
        return script.pieces(rule, (text * (most // max(1, len(text)) + 1))[:most])
    return script.pieces(rule, text[: rule.fault.after])
