"""A module that no test asks for yet: versions of it, claims about it, and what runs decides.

Both are written from the brief, independently of each other. Where versions disagree about one
function, only that one is written again, by itself: fewer tokens, and all attention on what the
brief says of it. Claims are not shown to who writes, a wrong one would be obeyed; but where no
version keeps any of them, the last one sees them.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from anyio import to_thread

from samokoder.agents.checks.interpreter import find_interpreter
from samokoder.agents.generate.developer import Ground
from samokoder.agents.generate.drafting import Draft, File
from samokoder.agents.generate.small import calls, claims, probes, trees
from samokoder.agents.generate.small.agreement import Choice, Matter, Trial, choose
from samokoder.agents.generate.small.brief import Wish
from samokoder.agents.generate.small.mixing import functions, mixed
from samokoder.agents.generate.small.trying import trial
from samokoder.agents.repair.workshop import Workshop
from samokoder.agents.runs.context import Run

_NO_MATTER = Matter(())
_NOTHING = Choice(None, reason="nothing was written")
_MODULE, _FUNCTION, _CLAIMS = 900, 400, 120
"""Tokens of an answer, at most."""
_PER_FUNCTION = 7
"""Claims about one function that are believed: a small model goes on for ever and gets worse."""
_TESTED = re.compile(r"[;,]?\s*\b(?:and )?with (?:unit )?tests?\b", re.IGNORECASE)
_SHOWN = 3
"""Claims that are shown to who writes a function in the end."""
_MUTE = ("-",)
"""A version put together from others has no voice of its own."""


async def written(
    run: Run, workshop: Workshop, ground: Ground, wanted: Wish, key: str, rungs: tuple[str, ...]
) -> Draft:
    """The module and its tests."""
    made = Draft(ground, rungs=rungs, mends=False)
    module, test = ground.task.works
    # tests are asked for by themselves; beside the module they would take its room
    facts = {"wish": wanted, "brief": _TESTED.sub("", ground.plan.brief).strip()}
    python = (await find_interpreter(run.root, run.settings.check)).path
    versions = _Versions(run, workshop, ground, wanted, python, key, facts)
    for number in range(run.settings.model.samples):
        await versions.another(number)
        if versions.choice.settled or await versions.mix():
            break
    choice, told = versions.choice, versions.told
    if choice.best is None:
        made.failed = choice.reason
        return made
    first = len(wanted.shown)
    kept = [told[c - first] for c in choice.kept if first <= c < first + len(told)]
    lost = [c for c in told if c not in kept]
    if lost:
        some = "; ".join(lost[:4])
        made.notes.append(f"{len(lost)} claims of the model did not hold and are no tests: {some}")
    untold = [n for n in wanted.names if n not in {claims.about(claim) for claim in kept}]
    if untold and kept:
        some = ", ".join(f"`{name}`" for name in untold)
        made.doubts.append(f"nothing that was claimed about {some} holds")
    made.files[module.target] = File(module, None, versions.texts[choice.best].encode())
    if kept or wanted.shown:
        tests = await to_thread.run_sync(claims.test_file, wanted, kept)
        made.files[test.target] = File(test, None, tests.encode())
    return made


async def _claims(run: Run, wanted: Wish, facts: dict[str, Any], key: str) -> tuple[str, ...]:
    """The brief's examples, then what the model claims of each function by itself."""
    found = dict.fromkeys(wanted.examples)
    for name in wanted.names:
        # without the bracket: it is one token with what follows it, which it would else never be
        begun = f"```python\nassert {name}"
        ends = ("\n```", "\n\n")
        answer = await calls.answered(
            run, "claims", facts, f"{key}/claims/{name}", _CLAIMS, 0.2, begun, ends
        )
        read = await to_thread.run_sync(claims.read, answer, wanted)
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
    facts: dict[str, Any]
    told: tuple[str, ...] = ()
    matter: Matter = _NO_MATTER
    texts: list[str] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    choice: Choice = _NOTHING

    async def another(self, number: int) -> None:
        """Have one more version written, of what is not agreed upon, and try it."""
        name = self._doubtful()
        if name:
            await self._function(name, number)
            return
        key = f"{self.key}/module/{number}"
        text = await calls.code(self.run, "module", self.facts, key, _MODULE, number)
        if number == 0:
            self.told = await _claims(self.run, self.wanted, self.facts, self.key)
            self.matter = await to_thread.run_sync(self._about)
        await self._add(text, ())

    def _about(self) -> Matter:
        names, made = self.wanted.names, probes.calls(self.told, self.wanted.names)
        abouts = [claims.about(claim) for claim in self.told]
        return Matter(
            ("",) * len(self.wanted.shown)
            + tuple(a if a in names else "" for a in abouts)
            + ("",) * len(self.wanted.usages),
            tuple(call.partition("(")[0] for call in made),
            tuple(call.partition("(")[0] for call in probes.like(made)),
        )

    def _doubtful(self) -> str:
        """The one function versions do not agree about; empty when it is more than some of them."""
        choice = self.choice
        if (
            choice.base is None
            or "" in choice.open
            or 2 * len(choice.open) > len(self.wanted.names)
        ):
            return ""
        kept = set(choice.kept)

        def share(name: str) -> float:
            mine = [c for c, about in enumerate(self.matter.claims) if about == name]
            return sum(c in kept for c in mine) / len(mine) if mine else 1.0

        return min(choice.open, key=share, default="")

    async def _function(self, name: str, number: int) -> None:
        """One function written anew, put into the best version."""
        assert self.choice.base is not None
        base = self.texts[self.choice.base]
        signature = next(f for f in self.wanted.functions if f.startswith(f"{name}("))
        tried = sum(t.speaks == (name,) for t in self.trials)
        facts = {**self.facts, "signature": signature, "examples": self._examples(name, tried)}
        key = f"{self.key}/function/{name}/{number}"
        begun = f"def {signature}".removesuffix(")")  # again, not half a token
        text = await calls.code(self.run, "function", facts, key, _FUNCTION, tried, begun)
        if name not in await to_thread.run_sync(functions, text):
            await self.run.say(f"{self.ground.task.id}: `{name}` alone cannot be read")
            return
        # the same again is no other version, but it has a voice
        whole = await to_thread.run_sync(mixed, base, text, name)
        await self._add(base if whole is None else whole, (name,))

    def _examples(self, name: str, tried: int) -> list[str]:
        """Claims about a function of which every version keeps next to none: the last resort, since
        who is shown them obeys them.
        """
        mine = [c for c, about in enumerate(self.matter.claims) if about == name]
        kept = max(sum(t.holds[c] for c in mine) for t in self.trials if not t.broken)
        if not tried or 2 * kept >= len(mine):
            return []
        first = len(self.wanted.shown)
        told = [self.told[c - first] for c in mine if first <= c < first + len(self.told)]
        return [claim for claim in told if claim.startswith("assert ")][:_SHOWN]

    async def _add(self, text: str, speaks: tuple[str, ...]) -> None:
        """Try a version and choose anew."""
        number = len(self.texts)
        tree = trees.holding(self.ground.tree, self.ground.task.works[0], text)
        self.texts.append(text)
        tried = await self.run.step(
            f"{self.key}/try/{number}",
            lambda: trial(self.workshop, tree, self.python, self.wanted, self.told),
            Trial,
            agent=calls.NAME,
            pure=True,
        )
        self.trials.append(replace(tried, speaks=speaks))
        certain = len(self.wanted.shown) + len(self.wanted.examples)
        self.choice = choose(self.trials, self.matter, certain)
        await self.run.say(f"{self.ground.task.id}: version {number + 1} keeps {_share(tried)}")

    async def mix(self) -> bool:
        """Put functions of other versions into the best one, where those keep claims that it does
        not; costs no model call. True when that settles it.
        """
        base = self.choice.base
        if base is None:
            return False
        holds = self.trials[base].holds
        for name in self.wanted.names:
            about = [c for c, other in enumerate(self.matter.claims) if other == name]
            mine = sum(holds[c] for c in about)
            better = [
                n
                for n, t in enumerate(self.trials)
                if not t.broken and sum(t.holds[c] for c in about) > mine
            ]
            for number in better[:1]:
                text = await to_thread.run_sync(mixed, self.texts[base], self.texts[number], name)
                if text is not None and text not in self.texts:
                    await self._add(text, _MUTE)
                    if self.choice.settled:
                        return True
        return False


def _share(tried: Trial) -> str:
    if tried.broken:
        return f"nothing ({tried.broken[:80]})"
    return f"{sum(tried.holds)} of {len(tried.holds)} claims"
