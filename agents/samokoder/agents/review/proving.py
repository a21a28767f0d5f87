"""A failing test as the proof of a finding.

A test a model wrote proves nothing by failing: its expectation may be wrong. It is a proof when it
passes on the code before the change and fails after it, or when the code under review itself
breaks with an error that Python raises, not one that the code raises on purpose.
"""

import ast
import re
from dataclasses import dataclass

from samokoder.agents.checks.check import Check, CheckResult
from samokoder.agents.checks.interpreter import find_interpreter
from samokoder.agents.errors import EnvironmentMissing
from samokoder.agents.repair import testcode
from samokoder.agents.repair.workshop import Workshop
from samokoder.agents.review.finding import Exhibit, Finding, Proof
from samokoder.agents.settings import Settings
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange
from samokoder.agents.workspace.snapshot import Snapshot

NAME = "test_samokoder_finding.py"
SECONDS = 20.0
"""A test that takes longer proves nothing."""
_LIMIT = 6000
"""Characters of a test."""
_BREAKS = re.compile(
    r"^(ZeroDivisionError|IndexError|KeyError|TypeError|AttributeError|NameError|UnboundLocalError"
    r"|RecursionError|UnicodeDecodeError|UnicodeEncodeError|OverflowError)\b",
    re.MULTILINE,
)
_FRAME = re.compile(r'^\s*File "([^"]+)", line (\d+)[^\n]*\n([^\n]*)', re.MULTILINE)
_TOLD = 800


@dataclass(frozen=True, slots=True)
class Test:
    """A test file that is laid beside the code, and the command that runs it."""

    check: Check
    change: ChangeSet


@dataclass(frozen=True, slots=True)
class Proved:
    """``proven`` with the evidence, or why not."""

    proven: bool
    evidence: tuple[Exhibit, ...] = ()
    reason: str = ""


async def test_of(finding: Finding, snapshot: Snapshot, settings: Settings) -> Test | None:
    """The test that proves a finding, from its evidence. Raises EnvironmentMissing."""
    text = next((e.text for e in finding.evidence if e.kind == "test"), "")
    if not text or finding.proof is not Proof.TEST:
        return None
    return _test(text, (await find_interpreter(snapshot.root, settings.check)).path)


def usable(text: str) -> str:
    """The test as it can be run; empty when it is none."""
    code = text.strip().removeprefix("```python").removeprefix("```").removesuffix("```").strip()
    tree = testcode.parse(code) if 0 < len(code) <= _LIMIT else None
    if tree is None or not any(
        isinstance(n, ast.FunctionDef) and n.name.startswith("test") for n in ast.walk(tree)
    ):
        return ""
    return code + "\n"


async def prove(
    finding: Finding,
    text: str,
    snapshot: Snapshot,
    base: Snapshot | None,
    workshop: Workshop,
    settings: Settings,
) -> Proved:
    """Run the test on the code and, where there is one, on the code before the change."""
    try:
        python = await find_interpreter(snapshot.root, settings.check)
    except EnvironmentMissing as error:
        return Proved(proven=False, reason=str(error))
    if NAME in snapshot.files:
        return Proved(proven=False, reason=f"the project has a {NAME} of its own")
    test = _test(text, python.path)
    (now,) = await workshop.check(snapshot.with_changes(test.change), (test.check,))
    if now.ok or now.timed_out:
        return Proved(proven=False, reason="the test passes" if now.ok else "the test hangs")
    if _unimportable(now):
        return Proved(proven=False, reason="the test itself does not run")
    exhibits = (Exhibit("test", text), Exhibit("output", now.output.strip()[-_TOLD:]))
    if base is not None:
        (before,) = await workshop.check(base.with_changes(test.change), (test.check,))
        if before.ok:
            reason = Exhibit("reason", "The test passes before the change and fails after it.")
            return Proved(True, (*exhibits, reason))
    broken = _broken(finding, now)
    if broken:
        reason = Exhibit("reason", f"The code itself breaks with {broken}.")
        return Proved(True, (*exhibits, reason))
    return Proved(proven=False, reason="the test fails, but only by what it expects")


def _test(text: str, python: str) -> Test:
    # a runner of its own: the project may have no test framework at all
    code = f"{text}\n\n{_RUNNER}"
    change = FileChange(NAME, ChangeKind.CREATE, None, code.encode())
    check = Check("finding", "command", (python, NAME), origin="builtin", timeout=SECONDS)
    return Test(check, ChangeSet("A test that shows a finding", (change,)))


_RUNNER = """\
if __name__ == "__main__":
    import sys as _sys
    import unittest as _unittest

    _cases = [v for v in list(globals().values())
              if isinstance(v, type) and issubclass(v, _unittest.TestCase)]
    for _name, _value in list(globals().items()):
        if _name.startswith("test") and callable(_value) and not isinstance(_value, type):
            _value()
    if _cases:
        _suite = _unittest.TestSuite(
            _unittest.defaultTestLoader.loadTestsFromTestCase(c) for c in _cases
        )
        _sys.exit(not _unittest.TextTestRunner().run(_suite).wasSuccessful())
"""


def _unimportable(result: CheckResult) -> bool:
    """Whether the test failed before it tested anything."""
    return bool(re.search(r"^(ModuleNotFoundError|ImportError|SyntaxError|IndentationError)\b",
                          result.output, re.MULTILINE))  # fmt: skip


def _broken(finding: Finding, result: CheckResult) -> str:
    """The error that the reviewed lines themselves ran into; empty when it is another."""
    error = _BREAKS.search(result.output)
    if error is None:
        return ""
    frames = _FRAME.findall(result.output[: error.start()])
    if not frames:
        return ""
    path, line, source = frames[-1]
    name = path.replace("\\", "/")
    inside = finding.line - 2 <= int(line) <= finding.end_line + 2
    on_purpose = re.search(r"\braise\b", source) is not None
    return error.group(1) if name.endswith(f"/{finding.path}") and inside and not on_purpose else ""
