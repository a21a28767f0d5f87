"""One second look per finding: somebody who did not make the claim tries to refute it, and where
it can be shown by a test, the test is run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from samokoder.agents.checks.check import Severity
from samokoder.agents.errors import AnswerUnusable
from samokoder.agents.models.model import ChatRequest, Message
from samokoder.agents.repair.workshop import Workshop
from samokoder.agents.review import answers, proving
from samokoder.agents.review.answers import Judgement
from samokoder.agents.review.asking import Ledger
from samokoder.agents.review.finding import Exhibit, Finding, Proof
from samokoder.agents.review.hunks import Hunk, visible
from samokoder.agents.review.prompting import template
from samokoder.agents.review.proving import Proved
from samokoder.agents.review.session import Session

_TOKENS = 700
_DOUBT = 0.4
"""Confidence at most, where the second look is unsure."""


@dataclass(frozen=True, slots=True)
class Second:
    """Takes second looks. ``workshop`` runs tests that a model wrote; None: none are run."""

    ledger: Ledger
    work: Session
    workshop: Workshop | None

    async def look(self, finding: Finding, hunk: Hunk) -> Finding | None:
        """The finding as far as it is to be believed; None when it is refuted.

        Raises LimitReached or a ModelError.
        """
        key = self.ledger.key("refute", hunk.key, *hunk.near, finding.quote, finding.message)
        name = key.hex()[:16]
        known = await self.ledger.recall(name, [key])
        if known:
            said = answers.judgement(known[key.hex()])
        else:
            said = await self._ask(finding, hunk, name)
            text = msgspec.json.encode(said).decode()
            await self.ledger.remember(name, {key: (text, 0)})
        if said.verdict == "wrong":
            return None
        sure = min(said.confidence, _DOUBT) if said.verdict == "unsure" else said.confidence
        believed = replace(finding, confidence=sure)
        if said.reason:
            reason = Exhibit("reason", visible(said.reason)[:400])
            believed = replace(believed, evidence=(*finding.evidence, reason))
        proved = await self._proved(believed, said, name)
        if proved is None or not proved.proven:
            return believed
        return replace(
            believed,
            proof=Proof.TEST,
            severity=Severity.ERROR,
            confidence=1.0,
            evidence=(*believed.evidence, *proved.evidence),
        )

    async def _ask(self, finding: Finding, hunk: Hunk, name: str) -> Judgement:
        tests = self.workshop is not None and finding.path.endswith(".py")
        prompt = template("refute").render(
            path=visible(hunk.path),
            code=hunk.text,
            near=hunk.near,
            line=finding.line,
            quote=visible(finding.quote),
            problem=finding.message,
        )
        request = ChatRequest(
            (
                Message("system", template("refute_system").render(tests=tests)),
                Message("user", prompt),
            ),
            max_tokens=_TOKENS,
            schema=answers.JUDGEMENT,
        )
        answer = await self.ledger.ask(request, f"refute/{name}")
        try:
            return answers.judgement(answer.text)
        except AnswerUnusable:
            # no second look is as if it were unsure: what nobody confirmed is not believed much
            return Judgement(verdict="unsure", reason="", confidence=0.0)

    async def _proved(self, finding: Finding, said: Judgement, name: str) -> Proved | None:
        text = proving.usable(said.test) if said.test else ""
        if not text or self.workshop is None or not finding.path.endswith(".py"):
            return None
        workshop, work = self.workshop, self.work
        await work.run.say(f"Running a test that should show the finding in {finding.path}")
        return await work.run.step(
            f"prove/{name}",
            lambda: proving.prove(
                finding,
                text,
                work.target.snapshot,
                work.target.scope.base,
                workshop,
                work.run.settings,
            ),
            Proved,
            agent="prover",
            pure=True,
        )


def agreed(found: Sequence[Finding]) -> list[Finding]:
    """Findings of several lenses without those that say the same, the surest kept."""
    kept: list[Finding] = []
    for one in found:
        twin = next(
            (k for k in kept if k.path == one.path and k.line <= one.end_line
             and one.line <= k.end_line), None,
        )  # fmt: skip
        if twin is None:
            kept.append(one)
        elif one.confidence > twin.confidence:
            kept[kept.index(twin)] = one
    return kept
