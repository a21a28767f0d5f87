"""One answer from a model: from the journal, or bought within the budget and kept for ever.

Every attempt is reserved at its worst case before it is sent and a row of the ledger from then on.
The complete answer is stored before anybody sees it, so a crash cannot make it be paid for twice.
Secrets are replaced before the prompt leaves and put back into what the caller gets.
"""

import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import msgspec

from samokoder.agents.errors import LimitReached, ModelError, ModelMissing
from samokoder.agents.models import prices, rates, retry, tokens
from samokoder.agents.models.attempt import CHARS_PER_TOKEN, SPARE_CHARS
from samokoder.agents.models.model import Answer, ChatRequest, Model, Profile, Role, Usage
from samokoder.agents.models.redact import redact, restore, scrub
from samokoder.agents.runs.boundaries import boundary
from samokoder.agents.settings import BudgetSettings
from samokoder.state import calls, reservations
from samokoder.state.errors import SamokoderError
from samokoder.state.reservations import Broken, Limits

if TYPE_CHECKING:
    from samokoder.agents.runs.journal import JournalRun

TEMPLATE = 64
"""Tokens a chat template and a hidden system prompt may add to a prompt, at most."""
PER_MESSAGE = 16
"""Tokens a chat template may add for each message."""

_WORDS = {
    "tokens": ("tokens of this run", "budget.tokens"),
    "micros": ("millionths of a dollar of this run", "budget.money"),
    "calls": ("model calls of this run", "budget.calls"),
    "tokens_per_day": ("tokens of this day", "budget.tokens_per_day"),
    "micros_per_day": ("millionths of a dollar of this day", "budget.money_per_day"),
}


def worst_input(request: ChatRequest) -> int:
    """No prompt takes more tokens than it has bytes: tokenizers fall back to single bytes."""
    size = sum(len(m.text.encode()) for m in request.messages)
    schema = len(msgspec.json.encode(request.schema)) if request.schema else 0
    return size + schema + PER_MESSAGE * len(request.messages) + TEMPLATE


def limits(budget: BudgetSettings) -> Limits:
    """The settings' budget as the ledger counts it."""
    return Limits(
        tokens=budget.tokens,
        micros=math.floor(budget.money * 1_000_000),
        calls=budget.calls,
        tokens_per_day=budget.tokens_per_day,
        micros_per_day=math.floor(budget.money_per_day * 1_000_000),
    )


async def ask(
    run: "JournalRun", role: Role, request: ChatRequest, *, key: str, agent: str
) -> Answer:
    """See :meth:`samokoder.agents.runs.context.Run.ask`."""
    model = await _model(run, role)
    safe = _redacted(run, request)
    name = safe.hash(model.profile.id)
    answer = await _journalled(run, name, key)
    if answer is None:
        answer = await _bought(run, model, role, safe, name, key, agent)
        run.answers[name, key] = answer
    return replace(answer, text=restore(answer.text, run.secrets))


async def _journalled(run: "JournalRun", name: str, key: str) -> Answer | None:
    """The answer this run has bought before; a run that never stopped knows all of its own."""
    if (name, key) in run.answers or not run.resumed:
        return run.answers.get((name, key))
    async with run.engine.db.reading() as s:
        stored = await calls.answered(s, run.id, name, key=key)
    return msgspec.json.decode(stored, type=Answer) if stored is not None else None


async def _model(run: "JournalRun", role: Role) -> Model:
    if not run.order.allow_model:
        raise ModelMissing("this run may not call a model", hint="Leave out --no-model.")
    model = await run.engine.models.model(run.root, run.settings, role)
    if model is None:
        raise ModelMissing(f"there is no model for the role {role}")
    return model


def _redacted(run: "JournalRun", request: ChatRequest) -> ChatRequest:
    messages = tuple(replace(m, text=redact(m.text, run.secrets)) for m in request.messages)
    return replace(request, messages=messages)


async def _bought(
    run: "JournalRun",
    model: Model,
    role: Role,
    request: ChatRequest,
    name: str,
    key: str,
    agent: str,
) -> Answer:
    attempts = run.settings.model.attempts
    for attempt in range(1, attempts + 1):
        try:
            return await _attempt(run, model, role, request, name, key, agent)
        except ModelError as error:
            wait = retry.delay(error, attempt, attempts=attempts)
            if wait is None:
                raise
            await run.say(
                f"{model.profile.provider}: {error.title.lower()}; "
                f"next attempt in {wait:.1f} s ({attempt} of {attempts} failed)"
            )
            await anyio.sleep(wait)
    raise AssertionError("the last attempt either answers or raises")


async def _attempt(
    run: "JournalRun",
    model: Model,
    role: Role,
    request: ChatRequest,
    name: str,
    key: str,
    agent: str,
) -> Answer:
    profile = model.profile
    most = worst_input(request) + request.max_tokens
    async with (
        _place(run, profile, most) as place,
        _ledger(run, profile, role, request, name, key, agent, most) as entry,
    ):
        boundary("call.sent")
        answer = await _collect(model, request, entry)
        place.settle(answer.usage.input_tokens + answer.usage.output_tokens)
        boundary("call.answered")
        await entry.succeed(answer)
        boundary("call.stored")
    return answer


@asynccontextmanager
async def _place(run: "JournalRun", profile: Profile, most: int) -> AsyncIterator[rates.Place]:
    """A place among the provider's calls; tells how long the wait is."""

    async def told(seconds: float) -> None:
        await run.say(f"waiting {seconds:.0f} s for {profile.provider} (own rate limit)")

    settings = run.settings.model
    limiter = rates.limiter(
        profile.provider,
        requests_per_minute=settings.requests_per_minute,
        tokens_per_minute=settings.tokens_per_minute,
        parallel=min(settings.parallel, profile.parallel),
    )
    async with limiter.place(run.id, tokens=most, waiting=told) as place:
        yield place


async def _collect(model: Model, request: ChatRequest, entry: "_Entry") -> Answer:
    parts: list[str] = []
    finish, name = "stop", model.profile.id
    stream = model.stream(request)
    try:
        async for delta in stream:
            if delta.text:
                parts.append(delta.text)
                entry.characters += len(delta.text)
            entry.usage = delta.usage or entry.usage
            finish = delta.finish or finish
            name = delta.model or name
    finally:
        with anyio.CancelScope(shield=True):
            await stream.aclose()
    text = "".join(parts)
    return Answer(text, name, entry.usage or tokens.usage(request, len(text)), finish)


class _Entry:
    """One row of the ledger while its attempt is under way."""

    def __init__(
        self,
        run: "JournalRun",
        profile: Profile,
        request: ChatRequest,
        call_id: int,
        reservation: int,
    ) -> None:
        self.run, self.profile, self.request = run, profile, request
        self.call_id, self.reservation = call_id, reservation
        self.characters = 0
        self.usage: Usage | None = None
        self.started = time.monotonic()
        self.done = False

    def _micros(self, usage: Usage) -> int | None:
        return prices.micros(self.profile, usage)

    async def succeed(self, answer: Answer) -> None:
        """Keep the answer and what it took."""
        usage, micros = answer.usage, self._micros(answer.usage)
        # what was bought is forced to the disk; what this machine made may be lost with the power
        async with self.run.engine.db.session(durable=self.profile.remote) as s:
            await calls.succeed(
                s,
                self.call_id,
                msgspec.json.encode(answer),
                tokens_in=usage.input_tokens,
                tokens_out=usage.output_tokens,
                tokens_cached=usage.cached_tokens,
                estimated=usage.estimated,
                micros=micros,
            )
            await reservations.settle(
                s,
                self.reservation,
                tokens=usage.input_tokens + usage.output_tokens,
                micros=micros,
            )
        self.done = True
        await self.run.emit(
            "model",
            model=self.profile.id,
            tokens=usage.input_tokens + usage.output_tokens,
            micros=micros,
            seconds=round(time.monotonic() - self.started, 3),
        )

    async def fail(self, code: str, error: str) -> None:
        """Keep what went wrong, and what was used nevertheless."""
        sent = self.usage or Usage()
        if self.usage is None and self.characters:
            sent = tokens.usage(self.request, self.characters)
        micros = self._micros(sent)
        async with self.run.engine.db.session() as s:
            await calls.fail(
                s,
                self.call_id,
                code,
                scrub(error),
                tokens_in=sent.input_tokens,
                tokens_out=sent.output_tokens,
                estimated=sent.estimated,
                micros=micros,
            )
            await reservations.settle(
                s, self.reservation, tokens=sent.input_tokens + sent.output_tokens, micros=micros
            )
        self.done = True


@asynccontextmanager
async def _ledger(
    run: "JournalRun",
    profile: Profile,
    role: Role,
    request: ChatRequest,
    name: str,
    key: str,
    agent: str,
    most: int,
) -> AsyncIterator[_Entry]:
    """Reserve, write the row, and settle whatever happens."""
    while True:
        settled = run.settled
        bare = not profile.honours_limit and not run.exceeding
        run.exceeding |= bare
        worst = Usage(most - request.max_tokens, request.max_tokens)
        if not profile.honours_limit and not bare:
            worst = replace(worst, output_tokens=at_most(request))
        try:
            async with run.engine.db.session() as s:
                reserved = await reservations.reserve(
                    s,
                    run.id,
                    limits(run.settings.budget),
                    tokens=worst.input_tokens + worst.output_tokens,
                    micros=prices.micros(profile, worst),
                )
                if not isinstance(reserved, Broken):
                    call = await calls.start(
                        s,
                        run.id,
                        request_hash=name,
                        provider=profile.provider,
                        model=profile.name,
                        role=role,
                        key=key,
                        agent=agent,
                        reservation_id=reserved.id,
                    )
                    run.held += 1
        except BaseException:  # cancelled too: the one call that may exceed is free again
            run.exceeding &= not bare
            raise
        if not isinstance(reserved, Broken):
            break
        run.exceeding &= not bare
        if not run.held and not settled.is_set():
            raise _over(reserved)
        # another agent's worst case may be in the way: what it really takes is known soon
        await settled.wait()
    entry = _Entry(run, profile, request, call.id, reserved.id)
    try:
        yield entry
    except SamokoderError as error:
        await entry.fail(error.code, str(error))
        raise
    finally:
        if not entry.done:
            with anyio.CancelScope(shield=True), suppress(OSError):
                await entry.fail("cancelled", "the run ended before the answer did")
        run.held -= 1
        run.exceeding &= not bare
        run.settled.set()
        run.settled = anyio.Event()


def at_most(request: ChatRequest) -> int:
    """Tokens that are read of an answer at most, from a provider that ignores the limit sent.

    Such a provider may exceed the limit of one call; of several in flight the others are reserved
    at this, so that together they exceed the budget by no more than one call's excess.
    """
    return SPARE_CHARS + CHARS_PER_TOKEN * request.max_tokens


def _over(broken: Broken) -> LimitReached:
    words, setting = _WORDS[broken.limit]
    return LimitReached(
        f"{broken.used} of {broken.allowed} {words} are used and this call may take {broken.asked}",
        hint=f"The work so far is kept. To go on, raise {setting} to {broken.used + broken.asked} "
        "or more and resume the run.",
    )
