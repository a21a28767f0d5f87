"""Results in plain words, for the shell and for editors without a better place."""

import difflib
import time
from typing import TYPE_CHECKING

from samokoder.agents.counting import counted
from samokoder.agents.runs.order import RunSummary, Used
from samokoder.agents.runs.view import ChangeView, FileTexts, RunView
from samokoder.state.runs import RunState

if TYPE_CHECKING:
    from samokoder.server.commands.runs import RunAnswer

EXIT_CODES: dict[RunState, int] = {
    RunState.SUCCEEDED: 0,
    RunState.UNDONE: 0,
    RunState.FAILED: 1,
    RunState.WAITING: 1,
    RunState.PAUSED: 1,
    RunState.QUEUED: 1,
    RunState.RUNNING: 1,
    RunState.LIMITED: 3,
    RunState.CANCELLED: 130,
}
"""How the shell ends after a run in this state."""


def money(micros: int | None) -> str:
    """US dollars from millionths."""
    if micros is None:
        return "price unknown"
    return f"${micros / 1_000_000:.4f}" if micros else "$0"


def cost(used: Used) -> str:
    """One line: calls, tokens and money."""
    if not used.calls:
        return "no model call, 0 tokens, $0"
    calls = counted(used.calls, "model call")
    tokens = f"{used.tokens} tokens ({used.input_tokens} in, {used.output_tokens} out)"
    return f"{calls}, {tokens}, {money(used.micros)}"


def when(seconds: float) -> str:
    """A time of day in the local zone, with the date."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def run_line(run: RunSummary) -> str:
    """One run in one line."""
    reason = f": {run.reason}" if run.reason else ""
    return f"{run.id}  {when(run.created)}  {run.state:<9}  {run.title}{reason}"


def run_list(runs: tuple[RunSummary, ...]) -> str:
    """A line a run."""
    return "\n".join(run_line(run) for run in runs) or "No runs yet."


def change(view: ChangeView) -> str:
    """A change set with its hunks as a diff."""
    proof = "proven" if view.proven else "unverified"
    lines = [f"change {view.id}: {view.title} ({view.state}, {proof})"]
    if view.reason:
        lines.append(f"  {view.reason}")
    for file in view.files:
        lines.append(
            f"  {file.kind} {file.path}" + (f" → {file.new_path}" if file.new_path else "")
        )
        for hunk in file.hunks:
            lines.append(f"    hunk {hunk.id} at line {hunk.after_line} ({hunk.state})")
            lines += [f"      -{line}" for line in hunk.before.splitlines()]
            lines += [f"      +{line}" for line in hunk.after.splitlines()]
    return "\n".join(lines)


def run_view(view: RunView) -> str:
    """Everything about one run."""
    lines = [run_line(view.summary), f"cost: {cost(view.used)}"]
    if view.interrupted:
        lines.append("interrupted: its process is gone; `samokoder run resume` takes it up")
    for task in view.tasks:
        why = f": {task.reason}" if task.reason else ""
        lines.append(f"task {task.key} {task.state} {task.title}{why}")
    for step in view.steps:
        took = f" {step.seconds:.2f} s" if step.seconds is not None else ""
        lines.append(
            f"step {step.key} [{step.agent or '-'}] {'done' if step.done else 'open'}{took}"
        )
    lines += [
        f"question {q.key}: {q.text} [{', '.join(q.options)}] → {q.answer or 'open'}"
        for q in view.questions
    ]
    lines += [change(c) for c in view.changes]
    return "\n".join(lines)


def run_diff(files: tuple[FileTexts, ...]) -> str:
    """The files' differences as one patch."""
    return "".join(_patch(file) for file in files).rstrip("\n") or "Nothing was changed."


def _patch(file: FileTexts) -> str:
    old = "/dev/null" if file.before is None else f"a/{file.path}"
    new = "/dev/null" if file.after is None else f"b/{file.new_path or file.path}"
    if file.binary:
        return f"Binary files a/{file.path} and b/{file.new_path or file.path} differ\n"
    lines = difflib.unified_diff(
        (file.before or "").splitlines(keepends=True),
        (file.after or "").splitlines(keepends=True),
        old,
        new,
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def run_answer(result: "RunAnswer") -> str:
    """What a command about a run did."""
    lines = [result.message]
    lines += [f"changed {path}" for path in result.changed]
    lines += [f"conflict: {text}" for text in result.conflicts]
    return "\n".join(lines)
