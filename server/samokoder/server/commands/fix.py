"""`samokoder.fix` and `samokoder.check`."""

from pathlib import Path
from typing import Annotated

import anyio
import msgspec
from msgspec import Meta

from samokoder.agents.checks.check import CheckResult, Problem, Severity
from samokoder.agents.errors import InvalidInput
from samokoder.agents.repair.case import Verdict
from samokoder.agents.repair.check import CheckOutcome, CheckRequest
from samokoder.agents.repair.fix import Fixed, FixRequest, FixResult
from samokoder.agents.review.remedy import RemedyRequest
from samokoder.agents.runs.order import RunSummary, Used
from samokoder.agents.workspace import paths
from samokoder.server.commands import questions, text, watched
from samokoder.server.commands.command import Args, Call, Command
from samokoder.server.commands.naming import named
from samokoder.server.commands.ordering import order_of
from samokoder.server.commands.shared import RunArgs, Uri, path_of, root_of, waited
from samokoder.server.findings import EVENT, standing
from samokoder.state.runs import RunState

_LEARNED = 6
"""Attempts that are shown to people."""


class Diagnostic(Args, frozen=True):
    """A diagnostic of any server. Lines and columns count from 1, columns in code points."""

    message: str
    source: str = ""
    code: str = ""
    line: int = 1
    column: int = 1
    end_line: int | None = None
    end_column: int | None = None


class FixArgs(RunArgs, frozen=True):
    path: Annotated[str, Meta(description="A file or folder; empty means the workspace.")] = ""
    uri: Uri = ""
    line: Annotated[int, Meta(ge=0, description="A line of the file, from 1.")] = 0
    diagnostic: Diagnostic | None = None
    finding: Annotated[str, Meta(description="A review's finding, by its fingerprint.")] = ""
    check: Annotated[str, Meta(description="The failing command line.")] = ""
    text: Annotated[str, Meta(description="A pasted error or stack trace.")] = ""
    all: Annotated[bool, Meta(description="Go on until the checks are green.")] = False
    rungs: Annotated[tuple[str, ...], Meta(description="Only these rungs: L0 … L4.")] = ()


class CheckArgs(RunArgs, frozen=True):
    path: Annotated[str, Meta(description="Keep only problems of this file or folder.")] = ""
    uri: Uri = ""
    check: Annotated[str, Meta(description="A command line instead of the project's.")] = ""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a check: ``when`` is before, after or control (without the change)."""

    when: str
    command: str
    ok: bool
    exit_code: int
    seconds: float
    tree: str


class FixAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a fix. ``solved`` means proven; only then was anything applied by itself."""

    run: RunSummary
    used: Used
    solved: bool = False
    verdict: str = ""
    rung: str = ""
    note: str = ""
    reason: str = ""
    diff: str = ""
    applied: bool = False
    changed: tuple[str, ...] = ()
    sandbox: str = ""
    proof: tuple[Proof, ...] = ()
    fixes: int = 0
    left: tuple[Problem, ...] = ()
    watchable: bool = False
    """No check here can prove it, but the editor's next diagnostics can speak for or against it."""
    watched: str = ""
    """What the editor said after the change was applied with consent."""
    learned: tuple[str, ...] = ()
    """What was tried and seen where nothing could be proven."""


class CheckAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the checks say."""

    run: RunSummary
    ok: bool = False
    checks: tuple[Proof, ...] = ()
    problems: tuple[Problem, ...] = ()


async def _target(call: Call, root: str, path: str, uri: str) -> tuple[Path, str]:
    """The workspace's folder, and the file or folder below it that is meant ("": all of it)."""
    if uri:
        file = path_of(uri)
    elif path:
        base = Path(root) if root else (call.roots[0] if call.roots else Path.cwd())
        file = base / path
    else:
        return await root_of(call, root), ""
    target = Path(await anyio.Path(file).resolve())
    if not await anyio.Path(target).exists():
        raise InvalidInput(f"{path or uri} does not exist")
    if not root and not uri and await anyio.Path(target).is_dir():
        return target, ""
    folder = await root_of(call, root, target)
    relative = paths.relative(folder, target)
    return folder, "" if relative == "." else relative


async def fix(call: Call, args: FixArgs) -> FixAnswer:
    if args.finding:
        return await _finding(call, args)
    root, relative = await _target(call, args.root, args.path, args.uri)
    problem = None
    if args.diagnostic is not None:
        if not relative:
            raise InvalidInput("a diagnostic needs the document it is about", hint="Give `uri`.")
        problem = _problem(relative, args.diagnostic)
    request = FixRequest(
        path=relative,
        line=args.line,
        problem=problem,
        command=args.check,
        text=args.text,
        all=args.all,
        rungs=args.rungs,
        watch=problem is not None and watched.can_watch(call, args.uri),
    )
    what = problem.message.partition("\n")[0][:80] if problem else args.check or relative
    title = f"Fix {what or root.name}"
    order = await order_of(call, args, "fix", title, root, request, model=True)
    run_id = await call.service.engine.submit(order)
    if not args.wait:
        summary = await call.service.engine.summary(run_id)
        return FixAnswer(run=summary, used=Used())
    await questions.attended(call, run_id)
    answer = await _answer(call, run_id)
    if request.watch and args.diagnostic is not None and answer.watchable:
        said = watched.said_of(args.diagnostic)
        stays, words = await watched.settled(call, run_id, args.uri, said)
        answer = msgspec.structs.replace(answer, applied=stays, watched=words)
    return answer


async def _finding(call: Call, args: FixArgs) -> FixAnswer:
    """Fix what a review found, where its code stands now."""
    root = await root_of(call, args.root, path_of(args.uri) if args.uri else None)
    kept = await named(call, root, args.finding)
    there = await standing(root, (kept,), call.service.editors)
    if not there:
        raise InvalidInput(f"the code of finding {kept.fingerprint[:12]} is gone")
    finding = there[0].finding
    request = RemedyRequest(finding, kept.fingerprint, args.check, args.rungs)
    title = f"Fix {finding.message.partition(chr(10))[0][:80]}"
    order = await order_of(call, args, "remedy", title, root, request, model=True)
    run_id = await call.service.engine.submit(order)
    if not args.wait:
        return FixAnswer(run=await call.service.engine.summary(run_id), used=Used())
    await questions.attended(call, run_id)
    answer = await _answer(call, run_id)
    if answer.applied:
        call.service.engine.stream.put(EVENT, root=str(root), paths=[finding.path])
    return answer


def _problem(path: str, found: Diagnostic) -> Problem:
    return Problem(
        path=path,
        line=found.line,
        message=found.message,
        column=found.column,
        end_line=found.end_line,
        end_column=found.end_column,
        severity=Severity.ERROR,
        source=found.source,
        rule=found.code,
    )


async def _answer(call: Call, run_id: str) -> FixAnswer:
    run, used, stored = await call.service.engine.outcome(run_id)
    bare = FixAnswer(run=run, used=used, reason=run.reason)
    if stored is None:
        return bare
    result = msgspec.json.decode(stored, type=FixResult)
    if any(f.delivered for f in result.fixes):
        call.service.publish(Path(run.root), result.left)
    proven = [f for f in result.fixes if f.verdict is Verdict.PROVEN]
    shown = proven or list(result.fixes)
    if not shown:
        return msgspec.structs.replace(
            bare,
            solved=result.nothing and not result.left,
            verdict="nothing to fix",
            reason=result.reason,
            proof=tuple(_proof("before", r) for r in result.before),
        )
    first = shown[0]
    return msgspec.structs.replace(
        bare,
        solved=result.verdict is Verdict.PROVEN,
        verdict=str(result.verdict),
        rung=", ".join(dict.fromkeys(f.rung for f in shown if f.rung)),
        note="; ".join(f.note for f in shown if f.note),
        reason=result.reason,
        diff="".join(f.diff for f in shown),
        applied=any(f.delivered for f in shown),
        changed=tuple(dict.fromkeys(p for f in shown if f.delivered for p in f.paths)),
        sandbox=first.receipt.sandbox if first.receipt else "",
        proof=_proofs(first, result),
        fixes=len(proven),
        left=result.left,
        watchable=not proven
        and any(
            f.receipt is not None and f.receipt.unprovable and f.verdict is Verdict.UNVERIFIED
            for f in result.fixes
        ),
        learned=tuple(x for f in result.fixes if f not in proven for x in f.learned),
    )


def _proofs(fixed: Fixed, result: FixResult) -> tuple[Proof, ...]:
    receipt = fixed.receipt
    if receipt is None:
        return tuple(_proof("before", r) for r in result.before)
    return (
        *(_proof("before", r) for r in receipt.before or result.before),
        *(_proof("after", r) for r in receipt.after),
        *(_proof("control", r) for r in receipt.control),
    )


def _proof(when: str, result: CheckResult) -> Proof:
    return Proof(
        when=when,
        command=" ".join(result.check.argv),
        ok=result.ok,
        exit_code=result.exit_code,
        seconds=result.seconds,
        tree=result.tree,
    )


async def check(call: Call, args: CheckArgs) -> CheckAnswer:
    root, relative = await _target(call, args.root, args.path, args.uri)
    request = CheckRequest(command=args.check, path=relative)
    order = await order_of(call, args, "check", f"Check {root.name}", root, request)
    run_id = await call.service.engine.submit(order)
    if not args.wait:
        return CheckAnswer(run=await call.service.engine.summary(run_id))
    await waited(call, run_id)
    run, _, stored = await call.service.engine.outcome(run_id)
    if stored is None:
        return CheckAnswer(run=run)
    outcome = msgspec.json.decode(stored, type=CheckOutcome)
    call.service.publish(root, outcome.problems)
    return CheckAnswer(
        run=run,
        ok=outcome.ok,
        checks=tuple(_proof("now", r) for r in outcome.results),
        problems=outcome.problems,
    )


def show_fix(result: FixAnswer) -> str:
    if not result.verdict:
        return f"{text.run_line(result.run)}\n{text.cost(result.used)}"
    lines = []
    if result.diff:
        lines.append(result.diff.rstrip())
    if result.fixes:
        where = "applied" if result.applied else "proposed"
        lines.append(f"Proven at {result.rung} and {where}: {result.note}")
        if not result.solved:
            lines.append(f"Problems left: {len(result.left)}; {result.reason}")
    elif result.solved:
        lines.append(result.reason)
    elif result.watched and result.applied:
        lines.append(f"Not proven by a check, applied with your consent: {result.watched}")
    else:
        lines.append(f"Not proven, nothing was changed: {result.watched or result.reason}")
        lines += [f"  tried: {x}" for x in result.learned[-_LEARNED:]]
    for proof in result.proof:
        state = "passes" if proof.ok else f"fails (exit code {proof.exit_code})"
        lines.append(f"  {proof.when}: {proof.command} {state}, {proof.seconds:.2f} s")
    if result.sandbox:
        lines.append(f"  confinement: {result.sandbox}")
    lines.append(f"  cost: {text.cost(result.used)}")
    if result.applied:
        lines.append(f"Undo with: samokoder run undo {result.run.id}")
    return "\n".join(lines)


def _show_check(result: CheckAnswer) -> str:
    lines = [
        f"{p.path}:{p.line}:{p.column}: {p.severity}: {p.message}"
        + (f" [{p.source} {p.rule}]".replace(" ]", "]") if p.source else "")
        for p in result.problems
    ]
    for proof in result.checks:
        state = "passes" if proof.ok else f"fails (exit code {proof.exit_code})"
        lines.append(f"{proof.command}: {state}, {proof.seconds:.2f} s")
    return "\n".join(lines) or text.run_line(result.run)


def fix_code(result: FixAnswer) -> int:
    if result.run.state is RunState.SUCCEEDED:
        return 0 if result.solved and (result.applied or not result.fixes) else 1
    return text.EXIT_CODES[result.run.state]


def _check_code(result: CheckAnswer) -> int:
    if result.run.state is RunState.SUCCEEDED:
        return 0 if result.ok else 1
    return text.EXIT_CODES[result.run.state]


COMMANDS = (
    Command(
        "samokoder.fix",
        FixArgs,
        fix,
        "Fix a diagnostic, a failing command or a pasted error, with proof.",
        show=show_fix,
        exit_code=fix_code,
        positional=("path",),
    ),
    Command(
        "samokoder.check",
        CheckArgs,
        check,
        "Run the project's checks and show what fails.",
        show=_show_check,
        exit_code=_check_code,
        positional=("path",),
    ),
)
