"""Narrowing a test check to some tests, so that the affected ones run first."""

from collections.abc import Sequence
from dataclasses import replace

from samokoder.agents.checks.check import Check

_MOST = 200
"""Test ids on one command line; of more, only their files are named."""


def select(check: Check, tests: Sequence[str]) -> Check:
    """The check for these tests alone; the check itself where it cannot be narrowed.

    ``tests`` are ids as results hold them, or files of the workspace.
    """
    if not tests or check.origin == "user":
        return check
    if check.kind == "pytest":
        paths = [test.partition("::")[0] for test in tests]
        names = list(tests) if len(tests) <= _MOST else list(dict.fromkeys(paths))
        return _with(check, [_from_cwd(name, check.cwd) for name in names])
    if check.kind == "unittest" and any("samokoder_report" in part for part in check.argv):
        return _with(check, [f"--only={_dotted(test)}" for test in tests[:_MOST]])
    if check.kind == "node" and "--test" in check.argv:
        return _with(check, [_from_cwd(test.partition("::")[0], check.cwd) for test in tests])
    return check


def _with(check: Check, names: list[str]) -> Check:
    return replace(check, id=f"{check.id}[selected]", argv=(*check.argv, *dict.fromkeys(names)))


def _from_cwd(test: str, cwd: str) -> str:
    path, separator, rest = test.partition("::")
    parts, here = path.split("/"), cwd.split("/") if cwd else []
    shared = 0
    while shared < min(len(parts) - 1, len(here)) and parts[shared] == here[shared]:
        shared += 1
    return "/".join([*[".."] * (len(here) - shared), *parts[shared:]]) + separator + rest


def _dotted(test: str) -> str:
    """A file's module name; a dotted id stays as it is."""
    return test.removesuffix(".py").replace("/", ".") if "/" in test else test.removesuffix(".py")
