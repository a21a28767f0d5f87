"""L3: a larger model, or more samples, with wider context than L2: the project's map, callers,
similar code, and what the attempts so far brought.
"""

from collections.abc import AsyncGenerator

from anyio import to_thread
from rapidfuzz import fuzz, process

from samokoder.agents.context import repomap
from samokoder.agents.errors import AnswerUnusable
from samokoder.agents.models.model import Answer, ChatRequest, Message, Profile, Role
from samokoder.agents.models.redact import redact
from samokoder.agents.repair import context, reach, reply, rewrite, templates, testcode
from samokoder.agents.repair.case import Candidate, Case

_MAP = 1200
"""Tokens of the map."""
_CALLERS = 4
_CALLER = 1200
"""Characters of one caller."""
_ALIKE = 60
"""Likeness from which another function is shown, 0–100."""
_TOKENS = 4096
_TARGETS = 5


class Wider:
    """See :class:`~samokoder.agents.repair.case.Rung`."""

    name = "L3"

    async def propose(self, case: Case) -> AsyncGenerator[Candidate, str]:
        coder, planner = [await case.run.profile(r) for r in (Role.CODER, Role.PLANNER)]
        role, profile = (Role.PLANNER, planner) if _larger(planner, coder) else (Role.CODER, coder)
        if profile is None:
            return
        texts = await reach.texts(case)
        problems = case.focus or case.evidence.problems
        targets = await to_thread.run_sync(context.targets, problems, texts)
        samples = max(1, case.run.settings.fix.attempts // 2)
        for number in range(samples):
            table: dict[str, str] = {}
            if profile.small:
                if not targets:
                    return
                target = targets[(number + 1) % min(len(targets), _TARGETS)]
                prompt = await _one(case, target, texts)
            else:
                target = None
                prompt = await _wide(case, targets, texts)
            system = "function_system" if profile.small else "blocks_system"
            request = ChatRequest(
                (
                    Message("system", templates.template(system).render()),
                    Message("user", redact(prompt, table)),
                ),
                max_tokens=_TOKENS,
                temperature=min(1.0, 0.4 + 0.2 * number),
                seed=100 + number,
            )
            answer = await _ask(case, role, request, number)
            note = rewrite.sentence(answer.text)
            if target is not None:
                note = f"`{target.name}` rewritten"
                found = await reply.rewritten(case.snapshot, target, answer.text, table, note)
            else:
                found = await reply.edited(case.snapshot, answer.text, table, note)
            if isinstance(found, str):
                case.learned.append(f"L3: {found}")
            else:
                yield Candidate(found, self.name, note)


def _larger(planner: Profile | None, coder: Profile | None) -> bool:
    """The model that plans is another one, and no small one."""
    if planner is None or planner.small:
        return False
    return coder is None or (planner.provider, planner.name) != (coder.provider, coder.name)


async def _ask(case: Case, role: Role, request: ChatRequest, number: int) -> Answer:
    answer = await case.run.ask(role, request, key=f"{case.name}/L3/{number}", agent="L3")
    case.calls += 1
    case.tokens += answer.usage.input_tokens + answer.usage.output_tokens
    if answer.finish == "refused":
        raise AnswerUnusable("the model refused to answer")
    return answer


async def _one(case: Case, target: context.Target, texts: dict[str, str]) -> str:
    """For a small model: one function, and how it is called."""
    return templates.template("hunt_function").render(
        language=rewrite.language(target.path),
        function=reply.dedented(target.text),
        name=target.name.rpartition(".")[2],
        around=(await _callers(case, target))[:_CALLER],
        failures=rewrite.failures(case, texts),
        seen="",
    )


async def _wide(case: Case, targets: list[context.Target], texts: dict[str, str]) -> str:
    first = targets[0] if targets else None
    seeds = [t.path for t in targets[:6]] + [t.name for t in targets[:6]]
    return templates.template("wide").render(
        map=await repomap.map_of(case.snapshot, seeds, _MAP),
        files=await rewrite.shown_files(case, targets, texts),
        callers=await _callers(case, first) if first is not None else "",
        similar=await to_thread.run_sync(_similar, first, texts) if first is not None else "",
        failures=rewrite.failures(case, texts),
        command=rewrite.command_of(case),
        learned=case.learned[-10:],
    )


async def _callers(case: Case, target: context.Target) -> str:
    """The functions that call the target, product code first."""
    places = await repomap.callers(case.snapshot, target.name.rpartition(".")[2], target.path)
    parts: list[str] = []
    seen: set[tuple[str, str]] = set()
    for place in sorted(places, key=lambda p: p.in_test):
        if (place.path, place.name) in seen or not place.name:
            continue
        seen.add((place.path, place.name))
        text = (await case.snapshot.read(place.path)).decode("utf-8", "surrogateescape")
        inside = [t for t in context.functions(place.path, text) if t.name == place.name]
        body = inside[0].text if inside else ""
        if body:
            parts.append(f"# {place.path}:{inside[0].start}\n{body[:_CALLER]}")
        if len(parts) >= _CALLERS:
            break
    return "\n\n".join(parts)


def _similar(target: context.Target, texts: dict[str, str]) -> str:
    """Other functions of the project that read like the target. Blocking."""
    others = {
        f"# {path}:{t.start}\n{t.text[:_CALLER]}": t.text
        for path, text in texts.items()
        if not testcode.is_test_path(path)
        for t in context.functions(path, text)
        if (t.path, t.name) != (target.path, target.name) and t.text.count("\n") > 1
    }
    found = process.extract(
        target.text, others, scorer=fuzz.token_set_ratio, limit=2, score_cutoff=_ALIKE
    )
    return "\n\n".join(shown for _, _, shown in found)
