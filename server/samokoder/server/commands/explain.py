"""`samokoder.explain`: a diagnostic, a finding or a run in plain words."""

from pathlib import Path
from typing import Annotated

import anyio
import msgspec
from msgspec import Meta

from samokoder.agents.errors import InvalidInput
from samokoder.agents.models.model import Role
from samokoder.agents.review import explaining
from samokoder.agents.review.explaining import Explained, ExplainRequest
from samokoder.agents.review.request import Reported
from samokoder.agents.review.shelf import StateShelf
from samokoder.agents.review.view import view
from samokoder.agents.runs.view import RunView
from samokoder.agents.workspace import text as texts
from samokoder.server.commands import text
from samokoder.server.commands.command import Call, Command
from samokoder.server.commands.fix import Diagnostic
from samokoder.server.commands.naming import Finding, named
from samokoder.server.commands.ordering import order_of
from samokoder.server.commands.shared import RunArgs, Uri, path_of, root_of, waited
from samokoder.server.findings import standing

_AROUND = 15
"""Lines of code before and after the place that a model is shown."""
_LIMIT = 1 << 20


class ExplainArgs(RunArgs, frozen=True):
    finding: Finding = ""
    run: Annotated[str, Meta(description="A run; with nothing else given, the newest.")] = ""
    uri: Uri = ""
    diagnostic: Diagnostic | None = None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """``facts`` are what is known without a model; ``text`` a model's words, empty without one."""

    facts: str
    text: str = ""
    model: str = ""


async def explain(call: Call, args: ExplainArgs) -> Explanation:
    if args.diagnostic is not None:
        return await _diagnostic(call, args, args.diagnostic)
    root = await root_of(call, args.root, path_of(args.uri) if args.uri else None)
    if args.finding:
        return await _finding(call, args, root)
    if not args.run:
        newest = await call.service.engine.summaries(root, limit=1)
        opened = await StateShelf(call.service.db).opened(root)
        if not newest and not opened:
            raise InvalidInput(
                "there is nothing to explain yet", hint="Name a finding, a run or a diagnostic."
            )
        run_id = newest[0].id if newest else ""
    else:
        run_id = args.run
    return Explanation(facts=of_run(await call.service.engine.view(run_id)))


async def _finding(call: Call, args: ExplainArgs, root: Path) -> Explanation:
    kept = await named(call, root, args.finding)
    there = await standing(root, (kept,), call.service.editors)
    gone = "" if there else "\nIts code is gone from the file."
    shown = there[0] if there else kept
    finding = view(Reported(shown.fingerprint, shown.finding))
    facts = explaining.of_finding(finding) + gone
    page = await explaining.rule_page(finding.rule) if finding.origin == "ruff" else ""
    if page:
        facts += f"\n\n{page}"
    code = await _code(call, root / finding.path, finding.line)
    return await _worded(call, args, root, facts, code)


async def _diagnostic(call: Call, args: ExplainArgs, found: Diagnostic) -> Explanation:
    if not args.uri:
        raise InvalidInput("a diagnostic needs the document it is about", hint="Give `uri`.")
    path = path_of(args.uri)
    root = await root_of(call, args.root, path)
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    facts = await explaining.of_problem(found.source, found.code, found.message, name, found.line)
    return await _worded(call, args, root, facts, await _code(call, path, found.line))


async def _code(call: Call, path: Path, line: int) -> str:
    """The lines around a place, as an editor has them or else as they are on disk."""
    buffers = call.service.editors.buffers(path)
    if buffers:
        held = buffers[0].text
    else:
        try:
            data = await anyio.Path(path).read_bytes()
            held = texts.decode(data[:_LIMIT]).text
        except (OSError, texts.NotText):
            return ""
    lines = texts.lines(held)
    return "".join(lines[max(0, line - 1 - _AROUND) : line + _AROUND])


async def _worded(call: Call, args: ExplainArgs, root: Path, facts: str, code: str) -> Explanation:
    """The facts, and a model's words where one may be asked without asking the user first."""
    plain = Explanation(facts=facts)
    if args.no_model:
        return plain
    loaded = await call.service.configuration(root, client=call.client)
    if not args.model and (
        await call.service.models.model(root, loaded.settings, Role.SMALL) is None
    ):
        return plain
    request = ExplainRequest(facts, code)
    order = await order_of(
        call, args, "explain", "Explain", root, request, commands=False, model=bool(args.model)
    )
    run_id = await call.service.engine.submit(order)
    await waited(call, run_id)
    _, _, stored = await call.service.engine.outcome(run_id)
    if stored is None:
        return plain
    said = msgspec.json.decode(stored, type=Explained)
    return Explanation(facts=facts, text=said.text, model=said.model)


def of_run(run: RunView) -> str:
    """What a run was asked, what it did and how it ended."""
    s = run.summary
    parts = [f"{s.title} ({s.kind}) is {s.state}" + (f": {s.reason}" if s.reason else "") + "."]
    if run.interrupted:
        parts.append("Its process is gone; `samokoder run resume` takes it up where it was.")
    done = sum(step.done for step in run.steps)
    parts.append(f"It has taken {done} steps. Cost: {text.cost(run.used)}.")
    for change in run.changes:
        proof = "proven" if change.proven else "not proven"
        files = ", ".join(file.path for file in change.files)
        parts.append(f"Change “{change.title}” to {files}: {change.state}, {proof}.")
    parts += [f"Question: {q.text} Answer: {q.answer or 'none yet'}." for q in run.questions]
    if any(change.state == "applied" for change in run.changes):
        parts.append(f"`samokoder run undo {s.id}` takes it back.")
    return "\n".join(parts)


def _show(result: Explanation) -> str:
    if not result.text:
        return result.facts
    return f"{result.text}\n\n({result.model})\n\n{result.facts}"


COMMANDS = (
    Command(
        "samokoder.explain",
        ExplainArgs,
        explain,
        "Explain a finding, a diagnostic or a run in plain words.",
        show=_show,
        positional=("finding",),
    ),
)
