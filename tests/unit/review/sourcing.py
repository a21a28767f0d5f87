"""A source with one rule, and reviews of it without a database."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from samokoder.agents.checks.check import Severity
from samokoder.agents.models.model import Model, Role
from samokoder.agents.repair.workshop import Tools
from samokoder.agents.review.finding import Category, Finding, Proof
from samokoder.agents.review.request import ReviewRequest, ReviewResult
from samokoder.agents.review.review import Reviewers, review
from samokoder.agents.review.shelf import MemoryShelf
from samokoder.agents.review.source import Scope, Source
from samokoder.agents.review.stage import Opinions
from samokoder.agents.runs.context import Run
from samokoder.agents.runs.direct import DirectRun
from samokoder.agents.sandbox.scratch import ScratchPool
from samokoder.agents.settings import ReviewSettings, Settings
from samokoder.agents.workspace import text as texts
from samokoder.agents.workspace.capture import Tree
from samokoder.agents.workspace.snapshot import Snapshot


@dataclass(frozen=True)
class Words:
    """Finds words; ``proof`` and ``severity`` as told."""

    word: str = "BUG"
    name: str = "words"
    severity: Severity = Severity.WARNING
    proof: Proof = Proof.NONE
    category: Category = Category.CORRECTNESS
    whole_line: bool = True

    async def findings(self, snapshot: Snapshot, scope: Scope) -> tuple[Finding, ...]:
        found = []
        for path in scope.files:
            lines = texts.lines((await snapshot.read(path)).decode())
            for number, line in enumerate(lines, 1):
                body = texts.body(line)
                for match in re.finditer(self.word, body):
                    start, end = (0, len(body)) if self.whole_line else match.span()
                    if scope.covers(path, number):
                        found.append(self.at(path, number, start + 1, end + 1, body[start:end]))
                        break
        return tuple(found)

    def at(self, path: str, line: int, column: int, end: int, quote: str) -> Finding:
        return Finding(
            path, line, column, line, end, quote, f"no-{self.word.lower()}",
            f"the word {self.word}", self.name, self.category, "", self.severity, 0.9, self.proof,
        )  # fmt: skip


@dataclass
class Bench:
    """A folder that is reviewed again and again, remembering what was found."""

    root: Path
    sources: tuple[Source, ...] = (Words(),)
    shelf: MemoryShelf = field(default_factory=MemoryShelf)
    settings: ReviewSettings = field(default_factory=ReviewSettings)
    opinions: Opinions | None = None
    models: dict[Role, Model] = field(default_factory=dict)
    run: DirectRun | None = None

    async def review(self, request: ReviewRequest | None = None) -> ReviewResult:
        snapshot = await Tree(self.root).capture()
        settings = msgspec.structs.replace(Settings(), review=self.settings)
        self.run = DirectRun(snapshot, settings, self.models)

        async def chosen(run: Run, request: ReviewRequest) -> tuple[Source, ...]:
            return self.sources

        tools = Reviewers(self.shelf, chosen, Tools(ScratchPool()), self.opinions)
        return await review(self.run, request or ReviewRequest(everything=True), tools)


def names(result: ReviewResult) -> list[str]:
    return sorted(one.fingerprint for one in result.findings)


def places(result: ReviewResult) -> list[tuple[str, int]]:
    return sorted((one.finding.path, one.finding.line) for one in result.findings)
