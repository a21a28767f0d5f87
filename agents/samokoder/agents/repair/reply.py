"""A model's reply as a change set: one function, one file, or search/replace blocks."""

import re
from collections.abc import Mapping
from functools import partial

from anyio import to_thread

from samokoder.agents.edits import blocks, proposal
from samokoder.agents.edits.applier import Edited, Refused
from samokoder.agents.edits.functions import replace_function
from samokoder.agents.edits.placeholder import guarded
from samokoder.agents.edits.whole import replace_file
from samokoder.agents.repair.context import Target
from samokoder.agents.workspace import text as texts
from samokoder.agents.workspace.changeset import ChangeSet
from samokoder.agents.workspace.snapshot import Snapshot

_BLOCK = re.compile(
    r"^[ \t]*(?:```|~~~)[^\n]*\n(.*?)(?:^[ \t]*(?:```|~~~)[ \t]*$|\Z)", re.DOTALL | re.MULTILINE
)
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)


def code_blocks(answer: str) -> list[str]:
    """The fenced blocks of an answer, an unfinished last one too; the answer itself without any."""
    answer = _THOUGHT.sub("", answer)
    found = [m.group(1) for m in _BLOCK.finditer(answer)]
    return found or [answer]


def dedented(text: str) -> str:
    """Without the common margin of its lines."""
    lines = text.split("\n")
    margin = min((len(x) - len(x.lstrip()) for x in lines if x.strip()), default=0)
    return "\n".join(x[margin:] if x.strip() else "" for x in lines)


async def rewritten(
    snapshot: Snapshot, target: Target, answer: str, secrets: Mapping[str, str], title: str
) -> ChangeSet | str:
    """The target (a function, or a whole file when it has no name) as the answer has it, or why
    the answer cannot be used. ``secrets``: see ``edits.placeholder``.
    """
    before = await snapshot.read(target.path)
    try:
        text = texts.decode(before, target.path).text
    except texts.NotText as error:
        return f"{target.path} cannot be edited: {error.detail}"
    done = await to_thread.run_sync(partial(_replaced, text, target, answer, secrets))
    if isinstance(done, Refused):
        return done.reason
    change = proposal.modified(target.path, before, done.text)
    return ChangeSet(title, (change,)) if change.after != before else "the answer changes nothing"


def _replaced(
    text: str, target: Target, answer: str, secrets: Mapping[str, str]
) -> Edited | Refused:
    found = [b for b in code_blocks(answer) if b.strip()]
    if not found:
        return Refused("the answer is empty")

    def one(block: str, seen: str) -> Edited | Refused:
        if target.name:
            return replace_function(seen, target.name, dedented(block), path=target.path)
        return replace_file(seen, block.rstrip("\n") + "\n", path=target.path)

    options = found if target.name else [max(found, key=len)]
    last = Refused("there is no code in the answer")
    for block in options:
        done = guarded(text, secrets, partial(one, block), path=target.path)
        if isinstance(done, Edited):
            return done
        last = done
    return last


async def edited(
    snapshot: Snapshot, answer: str, secrets: Mapping[str, str], title: str
) -> ChangeSet | str:
    """The search/replace blocks of an answer, or why they cannot be used."""
    parsed = await to_thread.run_sync(blocks.parse, _THOUGHT.sub("", answer))
    made = await proposal.propose(snapshot, parsed, title=title, secrets=secrets)
    return made.change_set if made.change_set is not None else made.reason
