"""L4, the rung: hypotheses, each looked at in an instrumented run before anything is changed.

Bounded by the settings' attempts: questions for hypotheses and for fixes count alike. What is found
to speak against a hypothesis goes into the case and into the next question.
"""

from collections.abc import AsyncGenerator, MutableMapping
from functools import partial

from anyio import to_thread

from samokoder.agents.context import repomap
from samokoder.agents.errors import AnswerUnusable
from samokoder.agents.models.model import Answer, ChatRequest, Message, Profile, Role
from samokoder.agents.models.redact import redact
from samokoder.agents.repair import context, reach, reply, rewrite, templates
from samokoder.agents.repair.case import Candidate, Case
from samokoder.agents.repair.hunt import observe, suspects
from samokoder.agents.repair.hunt.observe import Seen
from samokoder.agents.repair.hunt.suspects import Suspect
from samokoder.agents.repair.workshop import Workshop

_SUSPECTS = 5
"""Hypotheses of one round."""
_ROUNDS = 2
_MAP = 900
"""Tokens of the project's map in a question."""
_FILE = 5000
"""Characters up to which a suspect's file is shown whole."""
_AROUND = 12
"""Callers and callees that are named."""
_SEEN = 3500
"""Characters of what was seen."""
_TOKENS = 3000


class Hunter:
    """See :class:`~samokoder.agents.repair.case.Rung`."""

    name = "L4"

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._asked = 0

    async def propose(self, case: Case) -> AsyncGenerator[Candidate, str]:
        profile = await case.run.profile(Role.CODER)
        if profile is None:
            return
        self._asked = 0
        await case.run.say("L4: watching the failing test")
        first = await self._seen(case, (), "first")
        for number in range(_ROUNDS):
            chosen = await self._suspects(case, profile, first, number)
            if not chosen:
                return
            names = ", ".join(f"{s.path}:{s.name or 'file'}" for s in chosen)
            case.learned.append(f"L4: suspects {names}")
            await case.run.say(f"L4: {len(chosen)} hypotheses: {names}")
            for index, suspect in enumerate(chosen):
                if self._asked >= case.run.settings.fix.attempts:
                    return
                async for candidate in self._pursued(case, profile, suspect, f"{number}/{index}"):
                    reason = yield candidate
                    case.learned.append(f"L4: {suspect.name} changed: {reason}"[:400])
            if profile.small:
                return

    async def _seen(self, case: Case, functions: tuple[tuple[str, str], ...], key: str) -> Seen:
        return await case.run.step(
            f"{case.name}/L4/seen/{key}",
            partial(observe.watched, case, self._workshop, functions),
            Seen,
            agent=self.name,
            pure=True,
        )

    async def _suspects(
        self, case: Case, profile: Profile, seen: Seen, number: int
    ) -> tuple[Suspect, ...]:
        """Of a small model nothing is asked here: the harness ranks what was run."""
        if profile.small:
            texts = await observe.product_texts(case)
            return await to_thread.run_sync(suspects.ranked, seen, texts, _SUSPECTS)
        table: dict[str, str] = {}
        texts = await reach.texts(case)
        prompt = templates.template("hunt_suspects").render(
            map=await repomap.map_of(case.snapshot, _seeds(case, seen), _MAP),
            failures=rewrite.failures(case, texts),
            tree=seen.tree(),
            learned=case.learned[-8:],
            most=_SUSPECTS,
        )
        answer = await self._ask(case, prompt, f"suspects/{number}", table, suspects.SCHEMA)
        found = suspects.told(answer.text, case.snapshot.files, _SUSPECTS)
        if not found:
            case.learned.append("L4: the answer names no function of this project")
        return found

    async def _pursued(
        self, case: Case, profile: Profile, suspect: Suspect, key: str
    ) -> AsyncGenerator[Candidate, None]:
        """Look at one suspect while it runs, then ask for its correction."""
        texts = await reach.texts(case)
        seen = ""
        if suspect.path.endswith(".py") and suspect.name:
            name = suspect.name.rpartition(".")[2]
            shown = await self._seen(case, ((suspect.path, name),), key)
            seen = shown.trail(suspect.path, suspect.name)
        elif suspect.probes:
            probes = tuple((suspect.path, line, code) for line, code in suspect.probes)
            seen = await case.run.step(
                f"{case.name}/L4/probes/{key}",
                partial(observe.probed, case, self._workshop, probes),
                str,
                agent=self.name,
                pure=True,
            )
        await case.run.say(
            f"L4: {suspect.path}:{suspect.name or 'file'}: "
            + (f"{seen.count(chr(10)) + 1} lines seen" if seen else "not run by the failing test")
        )
        target = _target(suspect, texts)
        around = await _around(case, suspect)
        table: dict[str, str] = {}
        if profile.small:
            if target is None:
                return
            prompt = templates.template("hunt_function").render(
                language=rewrite.language(target.path),
                function=reply.dedented(target.text),
                name=target.name.rpartition(".")[2],
                around=around,
                failures=rewrite.failures(case, texts),
                seen=seen[:_SEEN],
            )
            answer = await self._ask(case, prompt, f"fix/{key}", table)
            note = f"`{target.name}` rewritten"
            found = await reply.rewritten(case.snapshot, target, answer.text, table, note)
        else:
            prompt = templates.template("hunt_fix").render(
                why=suspect.why,
                files=await _files(case, suspect, target),
                around=around,
                failures=rewrite.failures(case, texts),
                seen=seen[:_SEEN],
                learned=[x for x in case.learned if not x.startswith("L4: suspects")][-6:],
            )
            answer = await self._ask(case, prompt, f"fix/{key}", table)
            note = rewrite.sentence(answer.text)
            if "NOT HERE" in answer.text[:200]:
                case.learned.append(f"L4: not in {suspect.name or suspect.path}: {note}"[:300])
                return
            found = await reply.edited(case.snapshot, answer.text, table, note)
        if isinstance(found, str):
            case.learned.append(f"L4: {suspect.name}: {found}")
            return
        yield Candidate(found, self.name, note)

    async def _ask(
        self,
        case: Case,
        prompt: str,
        key: str,
        table: MutableMapping[str, str],
        schema: dict[str, object] | None = None,
    ) -> Answer:
        self._asked += 1
        request = ChatRequest(
            (
                Message("system", templates.template("hunt_system").render()),
                Message("user", redact(prompt, table)),
            ),
            max_tokens=_TOKENS,
            schema=schema,
        )
        answer = await case.run.ask(
            Role.CODER, request, key=f"{case.name}/L4/{key}", agent=self.name
        )
        case.calls += 1
        case.tokens += answer.usage.input_tokens + answer.usage.output_tokens
        if answer.finish == "refused":
            raise AnswerUnusable("the model refused to answer")
        return answer


def _seeds(case: Case, seen: Seen) -> list[str]:
    """What the map should show first: files of the failure, then what ran."""
    problems = case.focus or case.evidence.problems
    found = [p.path for p in problems] + [f.path for p in problems for f in p.related]
    found += [c.path for c in seen.calls]
    return list(dict.fromkeys(found))[:20]


def _target(suspect: Suspect, texts: dict[str, str]) -> context.Target | None:
    last = suspect.name.rpartition(".")[2]
    found = context.functions(suspect.path, texts.get(suspect.path, ""))
    exact = [t for t in found if t.name == suspect.name]
    return next(iter(exact or [t for t in found if t.name.rpartition(".")[2] == last]), None)


async def _files(
    case: Case, suspect: Suspect, target: context.Target | None
) -> list[rewrite.Shown]:
    text = (await case.snapshot.read(suspect.path)).decode("utf-8", "surrogateescape")
    if len(text) <= _FILE or target is None:
        return [rewrite.Shown(suspect.path, text[: 3 * _FILE])]
    return [rewrite.Shown(suspect.path, target.text, "a part of it")]


async def _around(case: Case, suspect: Suspect) -> str:
    """Who calls the suspect, and the signatures of what it calls."""
    if not suspect.name:
        return ""
    last = suspect.name.rpartition(".")[2]
    lines: list[str] = []
    above = await repomap.callers(case.snapshot, last, suspect.path)
    lines += [f"called at {p.path}:{p.line} in {p.name or p.path}" for p in above if not p.in_test]
    below = await repomap.callees(case.snapshot, suspect.path, last)
    lines = lines[:_AROUND]
    lines += [f"calls {p.path}:{p.line} {p.signature or p.name}" for p in below[:_AROUND]]
    return "\n".join(lines)
