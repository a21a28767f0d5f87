"""Models as reviewers: narrow questions about packed hunks, then one second look per finding.

What was said about a hunk is remembered by what was shown of it, so a review after a small edit
asks only about what is new. Everything a model says stays a claim until its quote was found in the
code and the second look could not refute it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import anyio
import msgspec
from anyio import to_thread

from samokoder.agents.checks.check import Severity
from samokoder.agents.counting import counted
from samokoder.agents.errors import AnswerUnusable, LimitReached, ModelError, ModelMissing
from samokoder.agents.models.model import ChatRequest, Message, Profile, Role
from samokoder.agents.repair.workshop import Tools, Workshop
from samokoder.agents.review import answers, guides, hunks, lenses, prompting, session
from samokoder.agents.review.answers import Claim
from samokoder.agents.review.asking import Ledger
from samokoder.agents.review.finding import Exhibit, Finding, quoted
from samokoder.agents.review.hunks import Hunk
from samokoder.agents.review.lenses import Lens
from samokoder.agents.review.prompting import template
from samokoder.agents.review.refuting import Second, agreed
from samokoder.agents.review.request import ReviewRequest
from samokoder.agents.review.session import Session
from samokoder.agents.review.stage import Stage
from samokoder.state.errors import SamokoderError

_PACK = 16_000
"""Characters of code in one prompt; a small model gets one hunk."""
_SMALL_HUNKS = 12
"""Hunks a small model is asked about: each takes it half a minute."""
_TOGETHER = 2500
"""Characters of code up to which all lenses share a question: instructions would cost more."""
_TOKENS = 1500
_SMALL_TOKENS = 400


@dataclass(frozen=True, slots=True)
class ModelOpinions:
    """See :class:`samokoder.agents.review.stage.Opinions`."""

    tools: Tools | None = None

    async def ask(
        self, work: Session, request: ReviewRequest, ready: anyio.Event, sent: anyio.Event
    ) -> Stage:
        settings = work.run.settings.review
        profile = await work.run.profile(Role.REVIEWER)
        if profile is None or not settings.lenses:
            return Stage(complete=False)
        await to_thread.run_sync(prompting.warm)
        reviewer = await _reviewer(work, request, profile, self.tools)
        return await reviewer.review(ready, sent)


@dataclass
class _Pack:
    """Hunks that are asked about together, and what came of it."""

    hunks: list[Hunk]
    done: anyio.Event = field(default_factory=anyio.Event)
    findings: list[Finding] = field(default_factory=list)


@dataclass
class _Reviewer:
    work: Session
    profile: Profile
    ledger: Ledger
    second: Second | None
    lenses: Sequence[Lens]
    rules: Mapping[str, str]
    hunks: tuple[Hunk, ...]
    known: Mapping[str, str]
    refuted: int = 0
    limited: str = ""
    failed: list[str] = field(default_factory=list)

    async def review(self, ready: anyio.Event, sent: anyio.Event) -> Stage:
        """Ask about all packs at the same time; keep what they found in their order."""
        fresh = [h for h in self.hunks if any(self.key(h, x).hex() not in self.known
                                              for x in self.lenses)]  # fmt: skip
        shown = fresh[:_SMALL_HUNKS] if self.profile.small else fresh
        old = [h for h in self.hunks if h not in fresh]
        packs = [_Pack([h]) for h in old] + self._packed(shown)
        limiter = anyio.CapacityLimiter(max(1, self.profile.parallel))

        async def one(pack: _Pack) -> None:
            try:
                async with limiter:
                    await self._pack(pack, ready)
            finally:
                pack.done.set()

        if shown:
            await self.work.run.say(f"Asking {self.profile.id} about {counted(len(shown), 'hunk')}")
        async with anyio.create_task_group() as group:
            for pack in (*packs[len(old) :], *packs[: len(old)]):  # nobody waits for what is known
                group.start_soon(one, pack)
            await anyio.lowlevel.checkpoint()  # the first questions are put together
            sent.set()
            await ready.wait()
            for number, pack in enumerate(packs):
                await pack.done.wait()
                await self.work.take(f"model/{number}", pack.findings)
        notes = list(dict.fromkeys(self.failed))
        if len(shown) < len(fresh):
            unseen = counted(len(fresh) - len(shown), "hunk")
            notes.append(f"not looked at: {unseen}, as {self.profile.name} is small")
        if self.limited:
            notes.append(self.limited)
        return Stage(
            complete=not notes,
            model=self.profile.id,
            tokens=self.ledger.tokens,
            calls=self.ledger.calls,
            hunks=len(self.hunks),
            cached=len(old),
            refuted=self.refuted,
            seconds=self.ledger.seconds,
            limited=bool(self.limited),
            notes=tuple(notes),
        )

    def _packed(self, fresh: Sequence[Hunk]) -> list[_Pack]:
        room = 0 if self.profile.small else min(_PACK, self.profile.context * 2)
        packs: list[_Pack] = []
        left = 0
        for hunk in fresh:
            if not packs or hunk.chars > left:
                packs.append(_Pack([]))
                left = room
            packs[-1].hunks.append(hunk)
            left -= hunk.chars
        return packs

    def key(self, hunk: Hunk, lens: Lens) -> bytes:
        """The name of one question about one hunk."""
        rules = [part for pair in self.rules.items() for part in pair]
        return self.ledger.key("review", lens.name, hunk.key, *rules)

    async def _pack(self, pack: _Pack, ready: anyio.Event) -> None:
        """All lenses on one pack, then the second looks."""
        said: dict[str, list[tuple[Claim, ...]]] = {}

        async def through(group: Sequence[Lens]) -> None:
            said.update(await self._through(pack, group))

        small = sum(hunk.chars for hunk in pack.hunks) <= _TOGETHER
        groups = [tuple(self.lenses)] if small else [(lens,) for lens in self.lenses]
        async with anyio.create_task_group() as tasks:
            for group in groups:
                tasks.start_soon(through, group)
        found: list[tuple[Finding, Hunk]] = []
        for lens in self.lenses:
            for hunk, claims in zip(pack.hunks, said[lens.name], strict=True):
                found += [(f, hunk) for c in claims if (f := await self._finding(c, hunk, lens))]
        kept = agreed([f for f, _ in found])
        where = {id(f): hunk for f, hunk in found}
        await ready.wait()
        plain = [k.finding for k in self.work.kept.values() if k.finding.origin != "model"]
        for one in kept:
            if any(session.same(known, one) for known in plain):
                continue  # somebody who needs no model says it already
            looked = await self._looked(one, where[id(one)])
            if looked is not None:
                pack.findings.append(looked)

    async def _through(
        self, pack: _Pack, group: Sequence[Lens]
    ) -> dict[str, list[tuple[Claim, ...]]]:
        """What each of these lenses sees in each hunk of a pack, remembered or asked."""
        keys = {lens.name: [self.key(hunk, lens) for hunk in pack.hunks] for lens in group}
        every = [key for row in keys.values() for key in row]
        if all(key.hex() in self.known for key in every):
            return {
                name: [
                    msgspec.json.decode(self.known[k.hex()], type=tuple[Claim, ...]) for k in row
                ]
                for name, row in keys.items()
            }
        nothing: dict[str, list[tuple[Claim, ...]]] = {
            lens.name: [()] * len(pack.hunks) for lens in group
        }
        if self.limited:
            return nothing
        name = "+".join(keys) + f"/{every[0].hex()[:16]}"
        try:
            answer = await self.ledger.ask(self._request(pack, group), f"review/{name}")
            claims = answers.claims(answer.text)
        except LimitReached as error:
            self.limited = str(error)
            return nothing
        except AnswerUnusable:
            self.failed.append(f"{self.profile.name} gave an answer that is not in form")
            return nothing
        except (ModelError, ModelMissing) as error:
            self.failed.append(str(error))
            return nothing
        shared = await self._shared(pack, claims, group)
        cost = (answer.usage.input_tokens + answer.usage.output_tokens) // len(every)
        stored = {
            key: (msgspec.json.encode(one).decode(), cost)
            for lens, row in keys.items()
            for key, one in zip(row, shared[lens], strict=True)
        }
        await self.ledger.remember(name, stored)
        return shared

    async def _shared(
        self, pack: _Pack, claims: Sequence[Claim], group: Sequence[Lens]
    ) -> dict[str, list[tuple[Claim, ...]]]:
        """Each claim with the hunk its quote stands in; what stands nowhere is dropped."""
        shared: dict[str, list[list[Claim]]] = {
            lens.name: [[] for _ in pack.hunks] for lens in group
        }
        for claim in claims:
            spots = []
            for at, hunk in enumerate(pack.hunks):
                lines = await self.work.texts.lines(hunk.path) or []
                spot = hunks.located(claim.quote, claim.line, hunk, lines)
                if spot is not None:
                    spots.append((hunk.path != claim.path, abs(spot[0] - claim.line), at))
            if spots:
                lens = claim.kind if claim.kind in shared else group[0].name
                shared[lens][min(spots)[2]].append(claim)
            else:
                self.work.unquoted += 1
        return {lens: [tuple(one) for one in row] for lens, row in shared.items()}

    def _request(self, pack: _Pack, group: Sequence[Lens]) -> ChatRequest:
        prompt = template("review").render(
            rules={} if self.profile.small else self._rules(),
            intent="" if self.profile.small else hunks.visible(self.work.target.intent),
            hunks=[replace(h, path=hunks.visible(h.path)) for h in pack.hunks],
            lenses=group,
        )
        return ChatRequest(
            (Message("system", template("review_system").render()), Message("user", prompt)),
            max_tokens=_SMALL_TOKENS if self.profile.small else _TOKENS,
            schema=answers.CLAIMS,
        )

    def _rules(self) -> dict[str, str]:
        return {hunks.visible(path): hunks.visible(text) for path, text in self.rules.items()}

    async def _finding(self, claim: Claim, hunk: Hunk, lens: Lens) -> Finding | None:
        """A claim as a finding at the place its quote stands."""
        lines = await self.work.texts.lines(hunk.path) or []
        spot = hunks.located(claim.quote, claim.line, hunk, lines)
        if spot is None:
            return None
        line, column, end_line, end_column = spot
        quote = quoted(lines, line, column, end_line, end_column)
        if quote is None or not self.work.target.scope.covers(hunk.path, line, end_line):
            return None
        rule = guides.quoted(claim.rule, dict(self.rules)) if claim.rule else ""
        return Finding(
            hunk.path,
            line,
            column,
            end_line,
            end_column,
            quote,
            lens.name,
            hunks.visible(claim.problem)[:600],
            "model",
            lens.category,
            claim.cwe if claim.cwe.isdigit() else "",
            Severity.HINT,
            claim.confidence,
            evidence=(Exhibit("rule", rule),) if rule else (),
            advice=hunks.visible(claim.advice)[:300],
        )

    async def _looked(self, finding: Finding, hunk: Hunk) -> Finding | None:
        """The finding after its second look; None when it is not to be reported."""
        looked: Finding | None = finding
        if self.second is not None:
            try:
                if self.limited:
                    return None
                looked = await self.second.look(finding, hunk)
            except LimitReached as error:
                self.limited = str(error)
                return None
            except SamokoderError as error:
                self.failed.append(str(error))
                return None
        if looked is None:
            self.refuted += 1
            return None
        if not looked.proven and looked.confidence < self.work.run.settings.review.confidence:
            self.work.below += 1
            return None
        return looked


async def _reviewer(
    work: Session, request: ReviewRequest, profile: Profile, tools: Tools | None
) -> _Reviewer:
    """Everything that is known before the first question."""
    settings = work.run.settings.review
    ledger = Ledger(work.run, work.shelf, profile)
    before = work.target.scope.base or work.target.snapshot
    rules = await guides.rules(before, sorted(work.target.scope.files))
    chosen = (lenses.ALL,) if profile.small else tuple(lenses.LENSES[n] for n in settings.lenses)
    shown = await hunks.hunks(work.target, work.texts)
    second = None
    if settings.validate:
        workshop = await _workshop(work, request, tools) if not profile.small else None
        second = Second(ledger, work, workshop)
    reviewer = _Reviewer(work, profile, ledger, second, chosen, rules, shown, {})
    keys = [reviewer.key(hunk, lens) for hunk in shown for lens in chosen]
    reviewer.known = await ledger.recall("hunks", keys)
    return reviewer


async def _workshop(work: Session, request: ReviewRequest, tools: Tools | None) -> Workshop | None:
    """Where tests of a model may run; None where they may not."""
    run = work.run
    if tools is None or not request.commands or not run.settings.review.prove:
        return None
    try:
        workshop = await tools.workshop(run.settings)
    except SamokoderError as error:
        work.notes.append(str(error))
        return None
    return workshop if workshop.confines or run.settings.sandbox.unconfined else None
