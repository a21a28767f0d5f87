"""The developer: one file of a task at a time, seeing what it depends on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from anyio import to_thread

from samokoder.agents.edits import blocks, proposal
from samokoder.agents.edits.blocks import Parsed
from samokoder.agents.errors import AnswerUnusable
from samokoder.agents.generate import asking, interfaces, wording
from samokoder.agents.generate.plan import Plan, Task, Work
from samokoder.agents.models.model import ChatRequest, Message, Role
from samokoder.agents.models.redact import redact
from samokoder.agents.runs.context import Run
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange
from samokoder.agents.workspace.snapshot import Snapshot

NAME = "developer"

TRIES = 3
"""Answers for one file until it is given up, the first included."""

MOST = 8192
"""Tokens of one answer."""

NO_CHANGE = "NO CHANGE"


@dataclass(frozen=True, slots=True)
class Ground:
    """What all files of a task are written on. ``tree`` is the project before the task."""

    plan: Plan
    task: Task
    tree: Snapshot
    guides: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A file's new content; None when the developer sees nothing to change. ``elsewhere`` are
    paths outside the task that an answer wanted to change too.
    """

    data: bytes | None
    elsewhere: tuple[str, ...] = ()


async def write(
    run: Run,
    ground: Ground,
    work: Work,
    *,
    before: bytes | None,
    around: str,
    sample: tuple[str, str],
    key: str,
) -> Written:
    """The file as the task wants it. Raises AnswerUnusable when no answer could be used."""
    text = before.decode("utf-8", "replace") if before is not None else None
    facts = {
        "title": ground.plan.title,
        "design": ground.plan.design,
        "guides": ground.guides,
        "task": ground.task,
        "work": work,
        "around": around,
        "text": text,
        "sample": sample[1] if before is None else "",
        "sample_path": sample[0],
    }
    system, user = await to_thread.run_sync(wording.pair, NAME, facts)
    asked = _Asked(system, user)
    return await _answered(run, ground, work, asked, before=before, public=before, key=key)


async def rework(
    run: Run,
    ground: Ground,
    work: Work,
    *,
    data: bytes,
    before: bytes | None,
    key: str,
    remarks: Sequence[str] = (),
    failures: str = "",
) -> Written:
    """The file once more, after remarks of the review or failing checks."""
    facts = {
        "path": work.target,
        "text": data.decode("utf-8", "replace"),
        "remarks": remarks,
        "failures": failures,
        "task": ground.task,
    }
    system = await to_thread.run_sync(wording.one, f"{NAME}/system", facts)
    user = await to_thread.run_sync(wording.one, f"{NAME}/rework", facts)
    asked = _Asked(system, user)
    return await _answered(run, ground, work, asked, before=data, public=before, key=key)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question's two prompts, secrets still in them."""

    system: str
    user: str


async def _answered(
    run: Run,
    ground: Ground,
    work: Work,
    asked: _Asked,
    *,
    before: bytes | None,
    public: bytes | None,
    key: str,
) -> Written:
    """Ask until an answer fits. ``public`` is the content whose public names others rely on."""
    reason = ""
    table: dict[str, str] = {}
    user = redact(asked.user, table)
    messages: tuple[Message, ...] = (Message("system", asked.system), Message("user", user))
    elsewhere: tuple[str, ...] = ()
    profile = await run.profile(Role.CODER)
    most = min(MOST, profile.context // 3) if profile is not None else MOST
    for number in range(TRIES):
        request = ChatRequest(messages, max_tokens=most, temperature=0.3 * number)
        answer = await run.ask(Role.CODER, request, key=f"{key}/{number}", agent=NAME)
        asking.refuse(answer, NAME)
        if before is not None and answer.text.strip().strip("`").strip() == NO_CHANGE:
            return Written(None, elsewhere)
        parsed = await to_thread.run_sync(partial(blocks.parse, answer.text, path=work.target))
        mine, others = _sorted(parsed, work)
        elsewhere = tuple(dict.fromkeys((*elsewhere, *others)))
        data, reason = await _made(ground, work, mine, before, table)
        if answer.finish == "length":
            data, reason = None, f"the answer was cut off at {most} tokens; write less"
        if data is not None:
            lost = ""
            if public is not None:
                allowed = (*work.breaks, *work.gives)
                lost = await interfaces.broken(work.target, public, data, allowed)
            if not lost:
                return Written(data, elsewhere)
            reason = f"the task does not ask to change this public interface: {lost}"
        again = await to_thread.run_sync(
            wording.one, f"{NAME}/refused", {"reason": reason, "path": work.target}
        )
        said = Message("assistant", answer.text)
        messages = (*messages[:2], said, Message("user", redact(again, table)))
    raise AnswerUnusable(f"{work.target}: {reason}")


def _sorted(parsed: Parsed, work: Work) -> tuple[Parsed, tuple[str, ...]]:
    """The part of an answer that is about this file, and the other paths it names."""
    names = (work.target, work.path)
    named = (*(e.path for e in parsed.edits), *(c.path for c in parsed.code))
    others = dict.fromkeys(path for path in named if path and path not in names)
    code = [c for c in parsed.code if not c.path or c.path in names]
    best = max(code, key=lambda c: (c.path in names, len(c.text)), default=None)
    edits = tuple(
        blocks.SearchReplace(work.target, e.search, e.replace)
        for e in parsed.edits
        if e.path in names
    )
    kept = () if best is None or edits else (blocks.Code(best.text, work.target, best.language),)
    return Parsed(edits, kept, parsed.problems), tuple(others)


async def _made(
    ground: Ground, work: Work, parsed: Parsed, before: bytes | None, table: dict[str, str]
) -> tuple[bytes | None, str]:
    """The new content, or None and why not."""
    if not (parsed.edits or parsed.code or parsed.problems):
        return None, f"the answer holds nothing for {work.target}"
    if before is None and parsed.code and not parsed.code[0].text.strip():
        return b"", ""
    stage = staged(ground.tree, work, before)
    found = await proposal.propose(stage, parsed, title=ground.task.title, secrets=table)
    if found.change_set is None:
        return None, found.reason
    (change,) = found.change_set.changes
    return change.after, "" if change.kind is not ChangeKind.DELETE else "nothing is left of it"


def staged(tree: Snapshot, work: Work, data: bytes | None) -> Snapshot:
    """The tree in which the file has this content under its new name, or is not there."""
    if data is None:
        gone = FileChange(work.target, ChangeKind.DELETE, None, None)
        return tree.with_changes(ChangeSet("", (gone,)))
    there = FileChange(work.target, ChangeKind.CREATE, None, data)
    return tree.with_changes(ChangeSet("", (there,)))
