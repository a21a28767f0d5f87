# ruff: noqa: E501  (a table of changes reads best with one change a line)
"""Repairs of C and C++ that does not compile: token edits where the compiler complains.

Many candidates are compiled in one go in the sandbox with the check's own command; what compiles is
proven afterwards by that check.
"""

import re
import shlex
from pathlib import PurePosixPath

from anyio import to_thread

from samokoder.agents.checks.check import Check, CheckResult
from samokoder.agents.repair.case import Case
from samokoder.agents.repair.mutation import tokens
from samokoder.agents.repair.workshop import Bench, Workshop

_COMPILER = re.compile(r"(?:^|/)(?:g\+\+|gcc|c\+\+|cc|clang(?:\+\+)?)(?:-[\d.]+)?$")
_SOURCES = (".c", ".cc", ".cpp", ".cxx", ".c++")
_ERROR = re.compile(
    r"^(?P<path>[^\s:][^:\n]*):(?P<line>\d+):(?P<column>\d+): (?:fatal )?error: (?P<text>.*)$", re.M
)
_BATCH = 90
"""Candidates of one round at most."""
_ROUNDS = 3
_SECONDS = 60.0
_WINNERS = 4

Repaired = tuple[str, str, str]
"""Path, whole new text, note."""


def compiler_check(case: Case) -> tuple[Check, CheckResult, str] | None:
    """The failing compiler command and the source file it names."""
    for result in case.evidence.results:
        argv = result.check.argv
        if result.ok or not _COMPILER.search(argv[0]):
            continue
        for word in argv:
            path = str(PurePosixPath(result.check.cwd) / word) if result.check.cwd else word
            if word.endswith(_SOURCES) and path in case.snapshot.files:
                return result.check, result, path
    return None


async def repairs(case: Case, workshop: Workshop) -> list[Repaired]:
    """Texts that compile, likeliest first; empty when none was found."""
    found = compiler_check(case)
    if found is None:
        return []
    check, result, path = found
    text = (await case.snapshot.read(path)).decode("utf-8", "surrogateescape")
    output, note = result.output, ""
    async with workshop.bench(case.snapshot) as bench:
        for _ in range(_ROUNDS):
            batch = await to_thread.run_sync(_batch, text, output)
            tried = await _compiled(bench, check, path, [new for _, new, _ in batch])
            good = [batch[i] for i, (errors, _) in sorted(tried.items()) if errors == 0]
            if good:
                return [(path, new, f"{note}{what}") for _, new, what in good[:_WINNERS]]
            before = len(_ERROR.findall(output))
            better = [(e, i) for i, (e, _) in tried.items() if e < before]
            if not better:
                return []
            _, best = min(better)
            _, text, what = batch[best]
            note += f"{what}; "
            output = tried[best][1]
    return []


def _batch(text: str, output: str) -> list[tuple[float, str, str]]:
    """Edits for the first complaints, likeliest first, each text once. Blocking."""
    best: dict[str, tuple[float, str, str]] = {}
    for rank, match in enumerate(list(_ERROR.finditer(output))[:3]):
        line, column = int(match["line"]), int(match["column"])
        for prior, new, what in tokens.edits(text, line, column, match["text"]):
            score = prior * (1.0 if rank == 0 else 0.5)
            if new != text and (new not in best or best[new][0] < score):
                best[new] = (score, new, f"line {line}: {what}")
    return sorted(best.values(), key=lambda b: -b[0])[:_BATCH]


async def _compiled(
    bench: Bench, check: Check, path: str, texts: list[str]
) -> dict[int, tuple[int, str]]:
    """For each candidate that was reached: its number of errors, and the compiler's words."""
    name = PurePosixPath(path)
    folder = str(name.parent)
    commands: list[str] = ["n=0"]
    for i, text in enumerate(texts):
        file = await bench.put(
            f"candidate{i}{name.suffix}", text.encode("utf-8", "surrogateescape")
        )
        out = file.rsplit("/", 1)[0]
        word = [
            file if str(PurePosixPath(check.cwd) / w) == path or w == path else w
            for w in check.argv
        ]
        line = shlex.join([*word[:1], f"-iquote{folder}", *word[1:]])
        commands.append(
            f"{line} >{shlex.quote(f'{out}/said{i}')} 2>&1; echo $? >{shlex.quote(f'{out}/code{i}')}; "
            f"[ $(cat {shlex.quote(f'{out}/code{i}')}) = 0 ] && n=$((n+1)); [ $n -ge {_WINNERS} ] && exit 0"
        )
    script = await bench.put("compile.sh", "\n".join(commands).encode())
    await bench.run(("sh", script), cwd=check.cwd, seconds=_SECONDS)
    found: dict[int, tuple[int, str]] = {}
    for i in range(len(texts)):
        code = (await bench.take(f"code{i}")).strip()
        if not code:
            break
        said = (await bench.take(f"said{i}")).decode("utf-8", "replace")
        count = len(_ERROR.findall(said))
        found[i] = (0 if code == b"0" else max(1, count), said)
    return found
