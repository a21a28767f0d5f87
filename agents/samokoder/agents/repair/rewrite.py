"""L2: a model rewrites, with the failing evidence before it.

A small model gets one whole function a call and is sampled again at rising temperature (telling it
what was wrong at temperature 0 only repeats its answer). A large one gets the relevant files, gives
search/replace blocks, and is told why a try was refused.
"""

from collections.abc import AsyncGenerator, MutableMapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from anyio import to_thread

from samokoder.agents.errors import AnswerUnusable
from samokoder.agents.models.model import Answer, ChatRequest, Message, Role
from samokoder.agents.models.redact import redact
from samokoder.agents.repair import context, reach, reply, templates, testcode
from samokoder.agents.repair.case import Candidate, Case

_TEMPERATURES = (0.0, 0.5, 0.7, 0.8, 0.9, 1.0, 1.0, 1.0)
_WHOLE_FILE = 6000
"""Characters up to which a file is shown whole."""
_PARTS = 2200
"""Characters of one file of which only parts are shown."""
_BUDGET = 12_000
"""Characters of all files in one prompt."""
_FILE_TOKENS = 4096
_SAID = 6000
"""Characters of its own last answer that a model is shown again."""
_LANGUAGES = {
    ".py": "python", ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript",
    ".jsx": "jsx", ".ts": "typescript", ".tsx": "tsx", ".cpp": "cpp", ".cc": "cpp", ".c": "c",
    ".h": "c", ".hpp": "cpp", ".go": "go", ".rs": "rust", ".java": "java",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """A file in a prompt; ``note`` says when only parts of it are shown."""

    path: str
    text: str
    note: str = ""


class Rewrite:
    """See :class:`~samokoder.agents.repair.case.Rung`."""

    name = "L2"

    async def propose(self, case: Case) -> AsyncGenerator[Candidate, str]:
        profile = await case.run.profile(Role.CODER)
        if profile is None:
            return
        texts = await reach.texts(case)
        problems = case.focus or case.evidence.problems
        rest = tuple(p for p in case.evidence.problems if p not in problems)
        targets = await to_thread.run_sync(context.targets, (*problems, *rest), texts)
        inner = (
            self._functions(case, targets, texts)
            if profile.small
            else self._blocks(case, targets, texts)
        )
        try:
            reason: str | None = None
            while True:
                try:
                    candidate = await (inner.asend(reason) if reason is not None else anext(inner))
                except StopAsyncIteration:
                    return
                reason = yield candidate
        finally:
            await inner.aclose()

    async def _functions(
        self, case: Case, targets: list[context.Target], texts: dict[str, str]
    ) -> AsyncGenerator[Candidate, str]:
        """One function a call, the likeliest ones in turn, hotter every time."""
        chosen = targets[:3] or await whole_files(case) or _reached(texts)
        if not chosen:
            case.learned.append("L2: no function or small file could be named as the place")
            return
        samples = case.run.settings.model.samples * min(2, len(chosen))
        files = _around_functions(targets, texts)
        for number in range(samples):
            target = chosen[_turn(number, len(chosen))]
            late = number - samples + len(files)
            if 0 <= late < len(files) < samples:
                target = files[late]  # it may be outside every function named
            temperature = _TEMPERATURES[min(number, len(_TEMPERATURES) - 1)]
            table: dict[str, str] = {}
            request = _function_request(case, target, texts, temperature, number, table)
            answer = await _ask(case, request, f"function/{number}")
            note = f"`{target.name or target.path}` rewritten"
            found = await reply.rewritten(case.snapshot, target, answer.text, table, note)
            if isinstance(found, str):
                case.learned.append(f"L2: {found}")
                continue
            yield Candidate(found, "L2", note)

    async def _blocks(
        self, case: Case, targets: list[context.Target], texts: dict[str, str]
    ) -> AsyncGenerator[Candidate, str]:
        """A conversation: blocks, then blocks again with the reason of the refusal."""
        table: dict[str, str] = {}
        shown = await shown_files(case, targets, texts)
        prompt = templates.template("blocks").render(
            files=shown,
            interfaces=_elsewhere(targets, texts, shown),
            failures=failures(case, texts),
            command=command_of(case),
            learned=case.learned[-4:],
        )
        messages = [
            Message("system", templates.template("blocks_system").render()),
            Message("user", redact(prompt, table)),
        ]
        for number in range(case.run.settings.fix.attempts):
            request = ChatRequest(
                tuple(messages), max_tokens=_FILE_TOKENS, temperature=min(0.2 * number, 0.8)
            )
            answer = await _ask(case, request, f"blocks/{number}")
            note = sentence(answer.text)
            found = await reply.edited(case.snapshot, answer.text, table, note)
            reason: str | None
            if isinstance(found, str):
                reason = found
                case.learned.append(f"L2: {found}")
            else:
                reason = yield Candidate(found, "L2", note)
            again = templates.template("refused").render(reason=reason or "it did not help")
            messages = [
                *messages[:2],
                Message("assistant", answer.text[:_SAID]),
                Message("user", redact(again, table)),
            ]


async def _ask(case: Case, request: ChatRequest, what: str) -> Answer:
    answer = await case.run.ask(Role.CODER, request, key=f"{case.name}/L2/{what}", agent="L2")
    case.calls += 1
    case.tokens += answer.usage.input_tokens + answer.usage.output_tokens
    if answer.finish == "refused":
        raise AnswerUnusable("the model refused to answer")
    return answer


def _reached(texts: dict[str, str]) -> list[context.Target]:
    """The nearest small product files, where the failure names no place of them."""
    paths = [p for p, t in texts.items() if not testcode.is_test_path(p) and len(t) <= _WHOLE_FILE]
    return [context.Target(p, "", 1, texts[p].count("\n") + 1, texts[p]) for p in paths[:2]]


def _around_functions(targets: list[context.Target], texts: dict[str, str]) -> list[context.Target]:
    """The small files of the likeliest functions, as a whole."""
    paths = [p for p in dict.fromkeys(t.path for t in targets) if len(texts[p]) <= _WHOLE_FILE]
    return [context.Target(p, "", 1, texts[p].count("\n") + 1, texts[p]) for p in paths[:2]]


def _turn(number: int, count: int) -> int:
    """Which target the next sample is for: the first gets most of them."""
    return (0, 0, 1, 0, 0, 2)[number % 6] % count


def _function_request(
    case: Case,
    target: context.Target,
    texts: dict[str, str],
    temperature: float,
    number: int,
    table: MutableMapping[str, str],
) -> ChatRequest:
    prompt = templates.template("function" if target.name else "file").render(
        language=language(target.path),
        function=reply.dedented(target.text),
        text=target.text,
        name=target.name.rpartition(".")[2],
        interfaces=context.interfaces(target, texts) if target.name else "",
        failures=failures(case, texts),
    )
    return ChatRequest(
        (
            Message("system", templates.template("function_system").render()),
            Message("user", redact(prompt, table)),
        ),
        max_tokens=min(_FILE_TOKENS, 200 + len(target.text) // 2),
        temperature=temperature,
        seed=number + 1,
    )


def language(path: str) -> str:
    """The name of the language, as code fences call it."""
    return _LANGUAGES.get(PurePosixPath(path).suffix.lower(), "")


def failures(case: Case, texts: dict[str, str]) -> list[context.Failure]:
    """What fails, for a prompt; the end of the output where nothing was understood of it."""
    problems = case.focus or case.evidence.problems
    found = context.failures(problems, texts)
    if not found:
        found = [
            context.Failure(r.check.id, "", context.tail(r))
            for r in case.evidence.results
            if not r.ok
        ][:1]
    if case.evidence.text and not any(case.evidence.text in f.message for f in found):
        found.append(context.Failure("reported", "", case.evidence.text[:1500]))
    return found


def command_of(case: Case) -> str:
    """The first failing check's command line."""
    failing = next((r for r in case.evidence.results if not r.ok), None)
    return " ".join(failing.check.argv)[:200] if failing is not None else ""


async def whole_files(case: Case) -> list[context.Target]:
    """Whole files, where no function can be named: broken Python, other languages."""
    found: list[context.Target] = []
    for problem in case.focus or case.evidence.problems:
        for path in (problem.path, *(f.path for f in problem.related)):
            if path not in case.snapshot.files or testcode.is_test_path(path):
                continue
            if any(t.path == path for t in found):
                continue
            text = (await case.snapshot.read(path)).decode("utf-8", "surrogateescape")
            if len(text) <= _WHOLE_FILE:
                found.append(context.Target(path, "", 1, text.count("\n") + 1, text))
    return found[:2]


async def shown_files(
    case: Case, targets: list[context.Target], texts: dict[str, str]
) -> list[Shown]:
    """The likeliest files: small ones whole, of large ones the functions in question."""
    paths = list(dict.fromkeys(t.path for t in targets))
    for problem in case.focus or case.evidence.problems:
        paths += [p for p in (problem.path, *(f.path for f in problem.related)) if p not in paths]
    product = [p for p in paths if p in case.snapshot.files and not testcode.is_test_path(p)]
    found: list[Shown] = []
    left = _BUDGET
    for path in (product or [p for p in paths if p in case.snapshot.files])[:6]:
        text = texts.get(path)
        if text is None:
            text = (await case.snapshot.read(path)).decode("utf-8", "surrogateescape")
        if len(text) <= min(_WHOLE_FILE, left):
            found.append(Shown(path, text))
        else:
            mine = [t for t in targets if t.path == path][:4]
            part = "\n\n".join(t.text for t in mine) or _around(case, path, text)
            found.append(Shown(path, part[: min(_PARTS * 2, left)], "parts of it"))
        left -= len(found[-1].text)
        if left < 400:
            break
    return found


def _around(case: Case, path: str, text: str) -> str:
    """The lines around the first problem in this file."""
    lines = text.split("\n")
    problems = case.focus or case.evidence.problems
    line = next((p.line for p in problems if p.path == path), 1)
    return "\n".join(lines[max(0, line - 30) : line + 30])


def _elsewhere(targets: list[context.Target], texts: dict[str, str], shown: list[Shown]) -> str:
    whole = {s.path for s in shown if not s.note}
    rest = {p: t for p, t in texts.items() if p not in whole}
    return context.interfaces(targets[0], {**rest, targets[0].path: ""}) if targets else ""


def sentence(answer: str) -> str:
    """What the model says it did: the first line that is prose."""
    for line in answer.splitlines():
        if len(line.split()) > 3 and not line.startswith(("<", "=", ">", "`", "#")):
            return line.strip()[:160]
    return "rewritten by a model"
