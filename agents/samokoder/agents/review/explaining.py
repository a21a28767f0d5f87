"""What a finding or a diagnostic means, in plain words: from evidence and the tools' own pages,
and shorter from a model where one may be asked.
"""

import re
from dataclasses import dataclass

import anyio
from anyio import to_thread

from samokoder.agents.checks.bundled import ruff_program
from samokoder.agents.errors import LimitReached, ModelError, ModelMissing
from samokoder.agents.models.model import ChatRequest, Message, Role
from samokoder.agents.review import prompting, prose
from samokoder.agents.review.prompting import template
from samokoder.agents.review.view import FindingView
from samokoder.agents.review.weaknesses import NAMES
from samokoder.agents.runs.context import Run

_RULE = re.compile(r"[A-Z]{1,4}\d{2,5}\Z")
_PAGE = 1500
"""Characters of a tool's own page that are shown."""
_TOKENS = 300
_PROOFS = {
    "test": "A test that fails shows it.",
    "compiler": "The compiler refuses it.",
    "types": "The type checker refuses it.",
    "flow": "A complete path leads from what a stranger sends to where it does harm.",
}


@dataclass(frozen=True, slots=True)
class ExplainRequest:
    """``facts`` is what is known without a model, ``code`` what stands at the place."""

    facts: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Explained:
    """``text`` is empty when no model answered; ``model`` names the one that did."""

    text: str = ""
    model: str = ""


async def explain(run: Run, request: ExplainRequest) -> Explained:
    """A few sentences from a model; nothing where none may or can answer."""
    profile = await run.profile(Role.SMALL)
    if profile is None:
        return Explained()
    await to_thread.run_sync(prompting.warm)
    prompt = template("explain").render(facts=request.facts[:6000], code=request.code[:4000])
    messages = (
        Message("system", template("explain_system").render()),
        Message("user", prompt),
    )
    try:
        answer = await run.ask(
            Role.SMALL, ChatRequest(messages, max_tokens=_TOKENS), key="explain", agent="explain"
        )
    except (ModelError, ModelMissing, LimitReached):
        return Explained()
    return Explained(prose.plain(answer.text).strip(), profile.id)


def of_finding(finding: FindingView) -> str:
    """What is wrong, why it is believed, what to do."""
    f = finding
    kind = f"{f.category}, CWE-{f.cwe} ({NAMES.get(f.cwe, 'weakness')})" if f.cwe else f.category
    parts = [f"{f.path}:{f.line}: {f.message}", f"Kind: {kind}. Found by {f.origin} ({f.rule})."]
    if f.proof:
        parts.append(f"It is proven. {_PROOFS.get(f.proof, '')}".rstrip())
    elif f.origin == "model":
        parts.append(
            f"It is a model's opinion that a second look could not refute, "
            f"confidence {f.confidence:.0%}. It is not proven."
        )
    else:
        parts.append("It is not proven: the code looks like a known mistake.")
    steps = [e for e in f.evidence if e.kind == "flow"]
    if steps:
        parts.append("The way it takes:")
        parts += [f"  {n}. {e.path}:{e.line} {e.text}".rstrip() for n, e in enumerate(steps, 1)]
    for e in f.evidence:
        if e.kind != "flow":
            at = f" ({e.path}:{e.line})" if e.path else ""
            parts.append(f"{e.kind.capitalize()}{at}: {e.text.strip()[:_PAGE]}")
    parts += [f"See also {p.path}:{p.line} {p.text}".rstrip() for p in f.related]
    if f.advice:
        parts.append(f"What to do: {f.advice}")
    parts.append(f"The code:\n{f.quote}")
    return prose.plain("\n".join(parts))


async def of_problem(source: str, code: str, message: str, path: str, line: int) -> str:
    """A diagnostic of any tool, with the tool's own page about the rule where it is at hand."""
    who = f"{source} " if source else ""
    rule = f" ({code})" if code else ""
    parts = [f"{path}:{line}: {message}" if path else message, f"Said by {who or 'a tool'}{rule}."]
    page = await rule_page(code)
    if page and source.lower() in ("", "ruff", "samokoder"):
        parts.append(page)
    return prose.plain("\n".join(parts))


async def rule_page(code: str) -> str:
    """What the bundled linter says about one of its rules; empty for any other."""
    if not _RULE.match(code):
        return ""
    done = await anyio.run_process(
        [await ruff_program(), "rule", "--output-format", "text", code], check=False
    )
    if done.returncode != 0:
        return ""
    return done.stdout.decode("utf-8", "replace").strip()[:_PAGE]
