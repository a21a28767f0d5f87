"""A finding is fixed with proof where there is one, and only suggested where there is none (R9)."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest

from samokoder.agents.models.model import ChatRequest, Delta, Profile, Role, Usage
from samokoder.agents.repair.case import Verdict
from samokoder.agents.repair.fix import FixResult
from samokoder.agents.repair.workshop import Tools
from samokoder.agents.review.finding import Exhibit, Finding, Proof
from samokoder.agents.review.remedy import RemedyRequest, remedy
from samokoder.agents.review.request import ReviewRequest
from samokoder.agents.review.source import Scope, Source
from samokoder.agents.review.taint.source import TaintSource
from samokoder.agents.runs.context import Run
from samokoder.agents.runs.direct import DirectRun
from samokoder.agents.sandbox.scratch import ScratchPool
from samokoder.agents.settings import FixSettings, SandboxSettings, Settings
from samokoder.agents.workspace.capture import Tree

WEB = (
    "import sqlite3\nfrom flask import request\n\n\ndef show():\n    db = sqlite3.connect('x')\n"
    "    return db.execute(\"SELECT * FROM t WHERE n = '%s'\" % request.args['n'])\n"
)
HARM = "    return db.execute(\"SELECT * FROM t WHERE n = '%s'\" % request.args['n'])"
SAFE = "    return db.execute(\"SELECT * FROM t WHERE n = ?\", (request.args['n'],))"
FIRST = "def first(xs):\n    return xs[0]\n"


def block(path: str, old: str, new: str) -> str:
    return f"{path}\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n"


class Says:
    """A model that gives its answers in turn, the last one for ever."""

    def __init__(self, *answers: str) -> None:
        self._answers, self.asked = answers, 0
        self.profile = Profile("scripted", "says", remote=False)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        text = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        yield Delta(text)
        yield Delta("", Usage(request.chars // 4, len(text) // 4), "stop")

    async def aclose(self) -> None:
        return


@pytest.fixture
async def tools(tmp_path: Path) -> AsyncIterator[Tools]:
    pool = ScratchPool(tmp_path / "scratch")
    yield Tools(pool)
    await pool.close()


async def sources(run: Run, request: ReviewRequest) -> Sequence[Source]:
    return (TaintSource(),)


def lay(root: Path, text: str) -> None:
    root.mkdir()
    (root / "a.py").write_text(text)


async def mended(
    root: Path, text: str, finding: Finding | None, model: Says, tools: Tools
) -> tuple[FixResult, DirectRun]:
    lay(root, text)
    snapshot = await Tree(root).capture()
    if finding is None:
        (finding,) = await TaintSource().findings(snapshot, Scope({"a.py": None}))
    settings = msgspec.structs.replace(
        Settings(),
        fix=FixSettings(rungs=("L0", "L2")),
        sandbox=SandboxSettings(unconfined=True),
    )
    run = DirectRun(snapshot, settings, {Role.CODER: model})  # type: ignore[dict-item]
    return await remedy(run, RemedyRequest(finding), tools, sources), run


async def test_a_proven_finding_is_fixed_with_proof(tmp_path: Path, tools: Tools) -> None:
    model = Says(block("a.py", HARM, HARM + "  # nosec"), block("a.py", HARM, SAFE))
    result, run = await mended(tmp_path / "w", WEB, None, model, tools)
    assert result.verdict is Verdict.PROVEN, result.reason
    assert model.asked == 2, "a comment is no fix"
    ((change_set, proven),) = run.delivered
    assert proven
    assert SAFE.encode() in (change_set.changes[0].after or b"")
    (fixed,) = result.fixes
    assert fixed.receipt is not None
    assert [r.check.id for r in fixed.receipt.before if not r.ok] == ["review"]
    assert all(r.ok for r in fixed.receipt.after)
    assert not all(r.ok for r in fixed.receipt.control)


async def test_an_opinion_stays_a_proposal(tmp_path: Path, tools: Tools) -> None:
    opinion = Finding(
        "a.py", 2, 5, 2, 17, "return xs[0]", "correctness", "It fails for no items.", "model"
    )
    better = "    return xs[0] if xs else None"
    result, run = await mended(
        tmp_path / "w", FIRST, opinion, Says(block("a.py", "    return xs[0]", better)), tools
    )
    assert result.verdict is Verdict.UNVERIFIED
    ((_, proven),) = run.delivered
    assert not proven, "nothing unproven is applied on its own"


async def test_a_test_that_showed_it_proves_it_gone(tmp_path: Path, tools: Tools) -> None:
    test = "from a import first\n\n\ndef test_none():\n    assert first([]) is None\n"
    shown = Finding(
        "a.py", 2, 5, 2, 17, "return xs[0]", "correctness", "It fails for no items.", "model",
        proof=Proof.TEST, evidence=(Exhibit("test", test),),
    )  # fmt: skip
    better = "    return xs[0] if xs else None"
    model = Says(
        block("a.py", "    return xs[0]", "    return xs[-1]"),
        block("a.py", "    return xs[0]", better),
    )
    result, run = await mended(tmp_path / "w", FIRST, shown, model, tools)
    assert result.verdict is Verdict.PROVEN, result.reason
    ((change_set, proven),) = run.delivered
    assert proven
    assert change_set.paths == ("a.py",), "the test stays out of the workspace"


async def test_what_is_gone_already_needs_no_fix(tmp_path: Path, tools: Tools) -> None:
    old = Finding("a.py", 1, 1, 1, 5, "x = 1", "sql-injection", "m", "taint")
    result, run = await mended(tmp_path / "w", "x = 1\n", old, Says("nothing"), tools)
    assert result.nothing
    assert "gone" in result.reason
    assert not run.delivered
