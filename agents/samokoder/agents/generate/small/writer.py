"""Writing for a small model: whole small files, several versions, and what runs decides.

A new module: versions of it and claims about it are written independently of each other from the
brief, each version is tried against each claim, and where they agree most is what is delivered,
with the claims that hold as its tests. With tests given, they decide alone.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from anyio import to_thread

from samokoder.agents.checks.check import CheckResult
from samokoder.agents.checks.detect import detect
from samokoder.agents.checks.interpreter import find_interpreter
from samokoder.agents.edits.syntax import python_error
from samokoder.agents.errors import AnswerUnusable, PromptTooLong
from samokoder.agents.generate import asking, wording
from samokoder.agents.generate import project as projects
from samokoder.agents.generate.developer import Ground
from samokoder.agents.generate.drafting import Draft, File
from samokoder.agents.generate.plan import Work
from samokoder.agents.generate.small import answers, claims, given, probes
from samokoder.agents.generate.small.agreement import Choice, Trial, choose
from samokoder.agents.generate.small.answers import code
from samokoder.agents.generate.small.brief import Wish, wish
from samokoder.agents.generate.small.given import Given
from samokoder.agents.generate.small.mixing import mixed
from samokoder.agents.generate.small.trying import trial
from samokoder.agents.models.model import ChatRequest, Message, Role
from samokoder.agents.models.redact import redact, restore
from samokoder.agents.repair.workshop import Workshop
from samokoder.agents.runs.context import Run
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange
from samokoder.agents.workspace.snapshot import Snapshot

NAME = "developer"
_NOTHING = Choice(None, reason="nothing was written")
_HEAT = (0.0, 0.6, 0.8, 0.8, 1.0, 1.0)
"""Temperatures of the versions: the first is the likeliest, the others are to differ."""
_MODULE, _CLAIMS, _WHOLE = 900, 120, 1500
"""Tokens of an answer, at most."""
_PER_FUNCTION = 7
"""Claims about one function that are believed: a small model goes on for ever and gets worse."""
_TESTED = re.compile(r"[;,]?\s*\b(?:and )?with (?:unit )?tests?\b", re.IGNORECASE)
_CODE = "```python\n"
_END = ("\n```",)
_TESTS = 7000
"""Characters of given tests that are shown."""
_LADDER = ("L0", "L1", "L2")
"""Rungs for a version that is nearly right: a slip is found by a search, or written anew with the
failing test in view. A wider context does not help a small model.
"""
_VAIN = 4
"""Versions of which none passes anything, after which no more are written."""


def suits(ground: Ground) -> bool:
    """Whether the task is one this way of writing is for: a new module with its tests, or one
    small Python file.
    """
    works = ground.task.works
    if len(works) == 1:
        return works[0].path.endswith(".py") and works[0].action in ("create", "edit")
    wanted = wish(ground.plan.brief)
    return wanted is not None and [w.path for w in works] == [
        f"{wanted.module}.py",
        f"test_{wanted.module}.py",
    ]


async def draft(run: Run, workshop: Workshop, ground: Ground) -> Draft | None:
    """The task's files; None when another way of writing has to do it."""
    works = ground.task.works
    key = f"task/{ground.task.id}/{ground.task.digest}/small"
    try:
        if len(works) == 1:
            found = await given.about(ground.tree, works[0].path)
            return await _for_tests(run, workshop, ground, found, key) if found else None
        wanted = wish(ground.plan.brief)
        return await _new(run, workshop, ground, wanted, key) if wanted is not None else None
    except (AnswerUnusable, PromptTooLong) as error:
        return Draft(ground, failed=str(error))


async def _new(run: Run, workshop: Workshop, ground: Ground, wanted: Wish, key: str) -> Draft:
    """A module that no test asks for yet."""
    made = Draft(ground, rungs=_LADDER, mends=False)
    module, test = ground.task.works
    # tests are asked for by themselves; beside the module they would take its room
    facts = {"wish": wanted, "brief": _TESTED.sub("", ground.plan.brief).strip()}
    python = (await find_interpreter(run.root, run.settings.check)).path
    told: tuple[str, ...] = ()
    versions = _Versions(run, workshop, ground, wanted, python, key)
    for number in range(run.settings.model.samples):
        heat = _HEAT[min(number, len(_HEAT) - 1)]
        text = await _asked(run, "module", facts, f"{key}/module/{number}", _MODULE, heat)
        if number == 0:
            told = await _claims(run, wanted, facts, key)
        await versions.add(text, told)
        if versions.choice.settled or await versions.mix(told):
            break
    choice = versions.choice
    if choice.best is None:
        made.failed = choice.reason
        return made
    first = len(wanted.shown)
    kept = [told[c - first] for c in choice.kept if first <= c < first + len(told)]
    lost = [c for c in told if c not in kept]
    if lost:
        some = "; ".join(lost[:4])
        made.notes.append(f"{len(lost)} claims of the model did not hold and are no tests: {some}")
    made.files[module.target] = File(module, None, versions.texts[choice.best].encode())
    if kept or wanted.shown:
        tests = await to_thread.run_sync(claims.test_file, wanted, kept)
        made.files[test.target] = File(test, None, tests.encode())
    return made


async def _claims(run: Run, wanted: Wish, facts: dict[str, Any], key: str) -> tuple[str, ...]:
    """The brief's examples, then what the model claims of each function by itself."""
    found = dict.fromkeys(wanted.examples)
    for name in wanted.names:
        begun = f"```python\nassert {name}("
        answer = await _answer(
            run, "claims", facts, f"{key}/claims/{name}", _CLAIMS, 0.2, begun, ("\n```", "\n\n")
        )
        read = await to_thread.run_sync(claims.read, answer, wanted.names)
        mine = [claim for claim in read if claims.about(claim) == name]
        found |= dict.fromkeys(mine[:_PER_FUNCTION])
    if wanted.inverse:
        one, other = wanted.names
        back = await to_thread.run_sync(probes.inverses, tuple(found), one, other)
        found |= dict.fromkeys(back)
    return tuple(found)


@dataclass
class _Versions:
    """The versions so far, tried against all claims, and the choice among them."""

    run: Run
    workshop: Workshop
    ground: Ground
    wanted: Wish
    python: str
    key: str
    texts: list[str] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    choice: Choice = _NOTHING

    async def add(self, text: str, told: tuple[str, ...]) -> None:
        """Try a version and choose anew."""
        module = self.ground.task.works[0]
        number = len(self.texts)
        tree = _with(self.ground.tree, module, text)
        self.texts.append(text)
        self.trials.append(
            await self.run.step(
                f"{self.key}/try/{number}",
                lambda: trial(self.workshop, tree, self.python, self.wanted, told),
                Trial,
                agent=NAME,
                pure=True,
            )
        )
        self.choice = choose(self.trials, len(self.wanted.shown) + len(self.wanted.examples))
        told_ = _share(self.trials[-1])
        await self.run.say(f"{self.ground.task.id}: version {number + 1} keeps {told_}")

    async def mix(self, told: tuple[str, ...]) -> bool:
        """Put functions of other versions into the best one, where those keep claims that it does
        not; costs no model call. True when that settles it.
        """
        base = self.choice.best
        if base is None:
            return False
        holds = self.trials[base].holds
        first = len(self.wanted.shown)
        for name in self.wanted.names:
            about = [first + n for n, claim in enumerate(told) if claims.about(claim) == name]
            mine = sum(holds[c] for c in about)
            better = [
                n
                for n, t in enumerate(self.trials)
                if not t.broken and sum(t.holds[c] for c in about) > mine
            ]
            for number in better[:1]:
                text = await to_thread.run_sync(mixed, self.texts[base], self.texts[number], name)
                if text is not None and text not in self.texts:
                    await self.add(text, told)
                    if self.choice.settled:
                        return True
        return False


def _share(tried: Trial) -> str:
    if tried.broken:
        return f"nothing ({tried.broken[:80]})"
    return f"{sum(tried.holds)} of {len(tried.holds)} claims"


async def _for_tests(
    run: Run, workshop: Workshop, ground: Ground, found: Given, key: str
) -> Draft | None:
    """A file that given tests ask for: the version that passes most of them, the first that
    passes all.
    """
    made = Draft(ground)
    (work,) = ground.task.works
    shown = [await projects.text_of(ground.tree, path) for path in found.tests]
    facts = {
        "path": found.path,
        "stub": found.stub,
        "tests": "\n\n".join(shown)[:_TESTS],
        "test_path": ", ".join(found.tests),
        "brief": ground.plan.brief,
    }
    best: tuple[int, str] = (-1, "")
    most = 0
    for number in range(run.settings.model.samples):
        heat = _HEAT[min(number, len(_HEAT) - 1)]
        text = await _asked(run, "file", facts, f"{key}/file/{number}", _WHOLE, heat)
        why = await to_thread.run_sync(python_error, text)
        if why or not text.strip():
            continue
        results = await _checked(
            run, workshop, _with(ground.tree, work, text), f"{key}/try/{number}"
        )
        passed = sum(len(r.passed) for r in results)
        failed = sum(len(r.failed) for r in results)
        await run.say(
            f"{ground.task.id}: version {number + 1} passes {passed} of {passed + failed}"
        )
        if passed > best[0]:
            best, most = (passed, text), passed + failed
        if passed and all(r.ok for r in results):
            break
        if number + 1 >= _VAIN and best[0] == 0:
            break
    if best[0] < 0:
        made.failed = "no version can be read as Python"
        return made
    before = await ground.tree.read(work.path) if work.path in ground.tree.files else None
    made.files[work.target] = File(work, before, best[1].encode())
    made.mends, near = False, 2 * best[0] >= most and best[0] > 0
    made.rungs = _LADDER if near else ()
    return made


async def _checked(
    run: Run, workshop: Workshop, tree: Snapshot, key: str
) -> tuple[CheckResult, ...]:
    async def checked() -> tuple[CheckResult, ...]:
        checks = tuple(c for c in await detect(tree, run.settings) if c.kind != "ruff")
        return await workshop.check(tree, checks)

    return await run.step(key, checked, tuple[CheckResult, ...], agent=NAME, pure=True)


def _with(tree: Snapshot, work: Work, text: str) -> Snapshot:
    kind = ChangeKind.MODIFY if work.path in tree.files else ChangeKind.CREATE
    change = FileChange(work.path, kind, None, text.encode())
    return tree.with_changes(ChangeSet("", (change,)))


async def _asked(
    run: Run, prompt: str, facts: dict[str, Any], key: str, tokens: int, heat: float
) -> str:
    """The code of an answer, ending in one line end."""
    answer = await _answer(run, prompt, facts, key, tokens, heat, _CODE, _END)
    return code(answer).rstrip() + "\n"


async def _answer(
    run: Run,
    prompt: str,
    facts: dict[str, Any],
    key: str,
    tokens: int,
    heat: float,
    begun: str,
    stop: tuple[str, ...],
) -> str:
    """An answer that goes on from ``begun``: what a small model begins well it ends well."""
    table: dict[str, str] = {}
    system = await to_thread.run_sync(wording.one, "small/system", {})
    user = redact(await to_thread.run_sync(wording.one, f"small/{prompt}", facts), table)
    messages = (Message("system", system), Message("user", user), Message("assistant", begun))
    seed = int(key.rpartition("/")[2]) if key[-1].isdigit() else 0
    request = ChatRequest(messages, max_tokens=tokens, temperature=heat, seed=seed, stop=stop)
    answer = await run.ask(Role.CODER, request, key=key, agent=NAME)
    asking.refuse(answer, NAME)
    return restore(answers.joined(begun, answer.text), table)
