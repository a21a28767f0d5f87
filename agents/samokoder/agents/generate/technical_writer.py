"""The technical writer: README, changelog and docstrings, after the code is there."""

import ast
from dataclasses import dataclass

from anyio import to_thread

from samokoder.agents.edits import blocks, proposal, pysource
from samokoder.agents.generate import asking, interfaces, project, wording
from samokoder.agents.generate.developer import NO_CHANGE
from samokoder.agents.generate.plan import Plan
from samokoder.agents.models.model import ChatRequest, Message, Role
from samokoder.agents.runs.context import Run
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet
from samokoder.agents.workspace.snapshot import Snapshot

NAME = "technical_writer"

TITLE = "Documentation"

_TRIES = 2
_SHOWN = 6000
_INTERFACES = 5000
_MOST = 4096


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    text: str


async def write(
    run: Run, plan: Plan, tree: Snapshot, done: tuple[str, ...], paths: tuple[str, ...]
) -> ChangeSet | None:
    """What the documentation needs; None when nothing, or nothing that could be used.

    ``done`` says what was made, ``paths`` where.
    """
    facts = await _facts(plan, tree, done, paths)
    system, user = await to_thread.run_sync(wording.pair, NAME, facts)
    messages: tuple[Message, ...] = (Message("system", system), Message("user", user))
    for number in range(_TRIES):
        request = ChatRequest(messages, max_tokens=_MOST)
        answer = await run.ask(Role.CODER, request, key=f"document/{number}", agent=NAME)
        asking.refuse(answer, NAME)
        if answer.text.strip().strip("`").strip() == NO_CHANGE:
            return None
        parsed = await to_thread.run_sync(blocks.parse, answer.text)
        found = await proposal.propose(tree, parsed, title=TITLE)
        reason = found.reason or await _beyond(tree, found.change_set)
        if not reason:
            return found.change_set
        facts = {"reason": reason, "path": "the documentation"}
        again = await to_thread.run_sync(wording.one, "developer/refused", facts)
        messages = (*messages[:2], Message("assistant", answer.text), Message("user", again))
    return None


async def _facts(
    plan: Plan, tree: Snapshot, done: tuple[str, ...], paths: tuple[str, ...]
) -> dict[str, object]:
    there = [p for p in paths if p in tree.files]
    shown = [f"{p}\n{await interfaces.shown(p, await tree.read(p))}" for p in there]
    documents = [p for p in sorted(tree.files) if is_document(p) and "/" not in p]
    bare: list[str] = []
    for path in there:
        names = await interfaces.undocumented(path, await tree.read(path))
        bare += [f"{path}: {name}" for name in names]
    files = [_File(p, (await project.text_of(tree, p))[:_SHOWN]) for p in documents[:3]]
    if bare:
        missing = dict.fromkeys(b.partition(":")[0] for b in bare)
        files += [_File(p, (await project.text_of(tree, p))[:_SHOWN]) for p in list(missing)[:3]]
    return {
        "title": plan.title,
        "brief": plan.brief,
        "done": done,
        "interfaces": "\n\n".join(shown)[:_INTERFACES],
        "files": files,
        "missing": not any(p.lower().startswith("readme") for p in documents),
        "undocumented": ", ".join(bare[:20]),
    }


def is_document(path: str) -> bool:
    """Whether a file tells people about the project."""
    name = path.rpartition("/")[2].lower()
    stem, _, suffix = name.partition(".")
    return stem in ("readme", "changelog", "changes", "history", "news") and suffix in (
        "md", "rst", "txt", "",
    )  # fmt: skip


async def _beyond(tree: Snapshot, change_set: ChangeSet | None) -> str:
    """Why the change does more than document; empty when it does not."""
    for change in change_set.changes if change_set is not None else ():
        if is_document(change.path) or change.path.startswith("docs/"):
            continue
        if change.kind is not ChangeKind.MODIFY or not change.path.endswith(".py"):
            return f"{change.path} is no documentation"
        before = await tree.read(change.path)
        if not await to_thread.run_sync(_same_code, before, change.after or b""):
            return f"{change.path}: only docstrings and comments may change"
    return ""


def _same_code(before: bytes, after: bytes) -> bool:
    try:
        return _bare(before) == _bare(after)
    except (SyntaxError, ValueError):
        return False


def _bare(data: bytes) -> str:
    tree = pysource.parse(data.decode())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | pysource.Definition) and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)
