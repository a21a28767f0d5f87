"""Models as reviewers: claims are checked, looked at twice, remembered by hunk (R9)."""

import re
import subprocess
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from anyio.to_thread import run_sync
from sourcing import Bench, Words, places

from samokoder.agents.errors import ModelUnavailable
from samokoder.agents.models.model import ChatRequest, Delta, Profile, Role, Usage
from samokoder.agents.review.finding import Category, Finding, Proof
from samokoder.agents.review.opinions import ModelOpinions
from samokoder.agents.review.request import ReviewRequest
from samokoder.agents.review.source import Scope
from samokoder.agents.settings import ReviewSettings
from samokoder.agents.workspace.snapshot import Snapshot

NOTHING = '{"findings": []}'
RIGHT = '{"verdict": "right", "reason": "It does.", "confidence": 0.8, "test": ""}'
WRONG = '{"verdict": "wrong", "reason": "It is handled.", "confidence": 0.1, "test": ""}'


class Reviewer:
    """A model that answers by what it is asked; it keeps the questions."""

    def __init__(
        self,
        claims: Callable[[str], str] = lambda prompt: NOTHING,
        judgement: Callable[[str], str] = lambda prompt: RIGHT,
        *,
        small: bool = False,
    ) -> None:
        self._claims, self._judgement = claims, judgement
        self.reviews: list[str] = []
        self.looks: list[str] = []
        self.tokens = 0
        self.profile = Profile("scripted", "reviewer", small=small, remote=False)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        prompt = request.messages[-1].text
        if "The claim is about" in prompt:
            self.looks.append(prompt)
            text = self._judgement(prompt)
        else:
            self.reviews.append(prompt)
            text = self._claims(prompt)
        usage = Usage(request.chars // 4, len(text) // 4)
        self.tokens += usage.input_tokens + usage.output_tokens
        yield Delta(text)
        yield Delta("", usage, "stop")

    async def aclose(self) -> None:
        return


def claim(quote: str, **more: Any) -> str:
    """An answer with one finding."""
    one = {
        "path": "a.py", "line": 1, "quote": quote, "problem": "It breaks.", "advice": "Mend it.",
        "cwe": "", "rule": "", "confidence": 0.9, **more,
    }  # fmt: skip
    return msgspec.json.encode({"findings": [one]}).decode()


def about(word: str, answer: str) -> Callable[[str], str]:
    """The answer where the prompt asks about this, nothing elsewhere."""
    return lambda prompt: answer if word in prompt else NOTHING


def bench(root: Path, model: Reviewer, **settings: Any) -> Bench:
    return Bench(
        root,
        (),
        settings=ReviewSettings(**settings),
        opinions=ModelOpinions(),
        models={Role.REVIEWER: model},  # type: ignore[dict-item]
    )


CODE = 80 * "# an ordinary line of a file that is not very small\n"
CODE += "def mean(xs):\n    return sum(xs) / len(xs)\n\n\ndef top(xs):\n    return xs[0]\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_text(CODE)
    return tmp_path


async def test_an_opinion_is_a_hint_with_its_place_and_confidence(root: Path) -> None:
    model = Reviewer(about("wrong results", claim("return sum(xs) / len(xs)", line=90)))
    result = await bench(root, model).review()
    (one,) = result.findings
    f = one.finding
    assert (f.line, f.column, f.end_line, f.quote) == (82, 5, 82, "return sum(xs) / len(xs)")
    assert (str(f.severity), f.confidence, f.proof) == ("hint", 0.8, Proof.NONE)
    assert (f.category, f.rule, f.origin) == (Category.CORRECTNESS, "correctness", "model")
    assert [(e.kind, e.text) for e in f.evidence] == [("reason", "It does.")]
    assert len(model.reviews) == 5, "one question for each lens"
    assert len(model.looks) == 1
    assert result.tokens == model.tokens
    assert result.calls == 6


async def test_the_prompt_is_the_same_up_to_the_lens(root: Path) -> None:
    model = Reviewer()
    await bench(root, model).review()
    heads = {prompt.rpartition("Look only for")[0] for prompt in model.reviews}
    assert len(heads) == 1, "so that providers' prompt caches hit"


async def test_little_code_gets_one_question_for_all_lenses(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def top(xs):\n    return xs[0]\n")
    both = msgspec.json.decode(claim("return xs[0]", kind="data"))
    both["findings"] += msgspec.json.decode(claim("def top(xs):", kind="api"))["findings"]
    model = Reviewer(lambda p: msgspec.json.encode(both).decode())
    held = bench(tmp_path, model)
    result = await held.review()
    assert len(model.reviews) == 1
    assert {f.finding.category for f in result.findings} == {Category.DATA, Category.API}
    assert (await held.review()).calls == 0


async def test_what_is_refuted_or_doubted_is_not_reported(root: Path) -> None:
    said = about("wrong results", claim("return xs[0]"))
    result = await bench(root, Reviewer(said, lambda p: WRONG)).review()
    assert (result.findings, result.refuted) == ((), 1)
    unsure = RIGHT.replace("right", "unsure")
    result = await bench(root, Reviewer(said, lambda p: unsure)).review()
    assert (result.findings, result.below) == ((), 1)
    result = await bench(root, Reviewer(said, lambda p: unsure), confidence=0.3).review()
    assert [f.finding.confidence for f in result.findings] == [0.4]
    result = await bench(root, Reviewer(said, lambda p: "no idea")).review()
    assert result.findings == (), "who gives no answer confirms nothing"


async def test_quotes_that_stand_nowhere_are_dropped(root: Path) -> None:
    model = Reviewer(about("wrong results", claim("return sum(xs) // len(xs)")))
    result = await bench(root, model).review()
    assert (result.findings, result.unquoted) == ((), 1)
    assert model.looks == [], "nobody pays for a second look at it"


async def test_answers_out_of_form_are_told_and_asked_again(root: Path) -> None:
    model = Reviewer(about("wrong results", "I like this code."))
    held = bench(root, model)
    result = await held.review()
    assert any("not in form" in note for note in result.notes)
    await held.review()
    asked = [p for p in model.reviews if "wrong results" in p]
    assert len(asked) == 2, "what was not answered is not remembered"
    assert len(model.reviews) == 6, "the other lenses are"


async def test_a_model_that_fails_leaves_the_other_findings(root: Path) -> None:
    class Fails(Reviewer):
        async def stream(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
            raise ModelUnavailable("down")
            yield Delta("")

    held = bench(root, Fails())
    held.sources = (Words("top"),)
    result = await held.review()
    assert places(result) == [("a.py", 85)]
    assert any("down" in note for note in result.notes)


async def test_what_a_source_says_is_not_said_again(root: Path) -> None:
    model = Reviewer(about("wrong results", claim("def top(xs):")))
    held = bench(root, model)
    held.sources = (Words("top"),)
    (one,) = (await held.review()).findings
    assert one.finding.origin == "words"
    assert model.looks == []


async def test_a_small_model_gets_one_question_a_hunk(root: Path) -> None:
    model = Reviewer(small=True)
    await bench(root, model).review()
    assert len(model.reviews) == 1


async def test_a_finding_names_the_rule_it_rests_on(root: Path) -> None:
    (root / "AGENTS.md").write_text("# Rules\n\n- Never divide without looking at the divisor.\n")
    rule = "Never divide without looking at the divisor"
    said = about("wrong results", claim("return sum(xs) / len(xs)", rule=rule))
    (one,) = (await bench(root, Reviewer(said)).review()).findings
    assert one.finding.evidence[0].text == f"AGENTS.md: {rule}"
    made_up = about("wrong results", claim("return sum(xs) / len(xs)", rule="Never use len at all"))
    (one,) = (await bench(root, Reviewer(made_up)).review()).findings
    assert not [e for e in one.finding.evidence if e.kind == "rule"]


async def git(root: Path, *args: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@localhost")
    argv = ["git", *identity, *args]
    await run_sync(lambda: subprocess.run(argv, cwd=root, check=True, capture_output=True))


MODULE = (
    "def f{n}(x):\n    y = x + {n}\n"
    + "".join(f"    y = y * {i} + len(str(y)) - {i} ** 2\n" for i in range(10))
    + "    return y\n\n\ndef g{n}(x):\n    return x * {n}\n"
)


async def many(root: Path, files: int) -> None:
    """A repository in which every file has an uncommitted change."""
    for n in range(files):
        (root / f"m{n:02}.py").write_text(MODULE.format(n=n))
    await git(root, "init", "-q")
    await git(root, "add", ".")
    await git(root, "commit", "-qm", "first")
    for n in range(files):
        path = root / f"m{n:02}.py"
        path.write_text(path.read_text().replace(f"x + {n}", f"x - {n}"))


async def test_a_second_review_asks_only_about_what_changed(tmp_path: Path) -> None:
    await many(tmp_path, 40)
    model = Reviewer()
    held = bench(tmp_path, model)
    first = await held.review(ReviewRequest())
    assert (first.files, first.hunks, first.cached) == (40, 40, 0)
    spent, asked = model.tokens, len(model.reviews)
    path = tmp_path / "m07.py"
    path.write_text("# moved by a line\n" + path.read_text().replace("x - 7", "x - 8"))
    await git(tmp_path, "mv", "m08.py", "n08.py")
    second = await held.review(ReviewRequest())
    assert (second.files, second.cached) == (40, second.hunks - 1)
    (again,) = model.reviews[asked:]
    assert ("m07.py" in again, "m06.py" in again, "n08.py" in again) == (True, False, False)
    assert model.tokens - spent <= 0.1 * spent
    third = await held.review(ReviewRequest())
    assert third.calls == 0


async def test_new_questions_wait_neither_for_sources_nor_for_what_is_known(tmp_path: Path) -> None:
    for n in range(6):
        (tmp_path / f"m{n}.py").write_text(f"def f{n}(x):\n    return x + {n}\n")
    asked = anyio.Event()

    def answer(prompt: str) -> str:
        asked.set()
        return NOTHING

    class Patient:
        """A source that is done once a model was asked."""

        name = "patient"

        async def findings(self, snapshot: Snapshot, scope: Scope) -> tuple[Finding, ...]:
            await asked.wait()
            return ()

    held = bench(tmp_path, Reviewer(answer))
    await held.review()
    asked = anyio.Event()
    (tmp_path / "m5.py").write_text("def f5(x):\n    return x - 5\n")
    held.sources = (Patient(),)
    with anyio.fail_after(10):
        assert (await held.review()).calls == 1


async def test_second_looks_are_remembered_too(root: Path) -> None:
    model = Reviewer(about("wrong results", claim("return xs[0]")))
    held = bench(root, model)
    first = await held.review()
    again = await held.review()
    assert [f.fingerprint for f in again.findings] == [f.fingerprint for f in first.findings]
    assert len(model.looks) == 1
    assert again.tokens == 0


async def test_a_quote_of_other_words_is_the_same_finding(root: Path) -> None:
    """Asked again because the code around changed, a model may quote a line more."""
    held = bench(root, Reviewer(about("wrong results", claim("return xs[0]"))))
    (first,) = (await held.review()).findings
    (root / "a.py").write_text(CODE + "\n\nx = 1\n")
    held.models = {
        Role.REVIEWER: Reviewer(  # type: ignore[dict-item]
            about("wrong results", claim("def top(xs):\n    return xs[0]", line=85))
        )
    }
    (again,) = (await held.review()).findings
    assert again.fingerprint == first.fingerprint


async def test_only_lines_of_the_change_are_reported(tmp_path: Path) -> None:
    await many(tmp_path, 1)
    said = claim("return x * 0", path="m00.py")
    result = await bench(tmp_path, Reviewer(about("wrong results", said))).review(ReviewRequest())
    assert result.findings == ()
    said = claim("y = x - 0", path="m00.py")
    model = Reviewer(about("wrong results", said))
    result = await bench(tmp_path, model).review(ReviewRequest())
    assert places(result) == [("m00.py", 2)]
    (prompt,) = [p for p in model.reviews if "wrong results" in p]
    assert re.search(r"- +y = x \+ 0\n +2\+ +y = x - 0", prompt), "what was there is shown too"
