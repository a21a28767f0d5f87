"""A check from a command line somebody typed, and what kind of tool it is."""

import re
import shlex

from samokoder.agents.checks.check import Check
from samokoder.agents.errors import InvalidInput

_SHELL = re.compile(r"[|&;<>$`*?(){}~\n]")
_ASSIGNMENT = re.compile(r"^\w+=")
_RUNNERS = frozenset(
    {"uv", "poetry", "pdm", "hatch", "pipenv", "npx", "pnpm", "yarn", "bunx", "bun", "npm", "env",
     "run", "exec", "-s", "--silent", "-m", "coverage", "time", "nice", "timeout"}
)  # fmt: skip
_KINDS = {
    "pytest": "pytest", "py.test": "pytest", "unittest": "unittest", "ruff": "ruff",
    "mypy": "mypy", "dmypy": "mypy", "pyright": "pyright", "basedpyright": "pyright",
    "tsc": "tsc", "vue-tsc": "tsc", "eslint": "eslint", "vitest": "vitest", "jest": "jest",
    "node": "node", "go": "go", "cargo": "cargo", "rustc": "cargo", "gcc": "gcc", "g++": "gcc",
    "cc": "gcc", "c++": "gcc", "clang": "gcc", "clang++": "gcc", "javac": "java", "mvn": "java",
    "mvnw": "java", "gradle": "java", "gradlew": "java", "java": "java",
}  # fmt: skip
_PYTHON = re.compile(r"^(?:python|pypy)[\d.]*$")


def from_command(text: str, *, origin: str, timeout: float) -> Check:
    """The command as it is; one that needs a shell gets one. Raises :class:`InvalidInput`."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InvalidInput(f"the command `{text}` cannot be read: {error}") from error
    if not words:
        raise InvalidInput("the command is empty")
    needs_shell = _SHELL.search(text) is not None or _ASSIGNMENT.match(words[0]) is not None
    argv = ("sh", "-c", text) if needs_shell else tuple(words)
    return Check(text, kind_of(words), argv, origin=origin, timeout=timeout)


def kind_of(words: list[str] | tuple[str, ...]) -> str:
    """The tool a command line runs, behind runners such as `uv run`; else "command"."""
    if any(word in ("&&", "||", ";", "|") for word in words):
        return "command"
    for word in words:
        name = word.replace("\\", "/").rpartition("/")[2].removesuffix(".exe").removesuffix(".cmd")
        if _ASSIGNMENT.match(word) or name in _RUNNERS or _PYTHON.match(name):
            continue
        return _KINDS.get(name, "command")
    return "command"
