"""Which commands may run without asking: the project's checks and well-known tools.

Known by the words of the command line, never by what a model says about it. What the table does
not hold is not forbidden, somebody has to be asked.
"""

import fnmatch
import re
import shlex
from collections.abc import Collection
from dataclasses import dataclass

from samokoder.agents.checks.check import Check
from samokoder.agents.execute.command import Command, Purpose
from samokoder.agents.settings import ExecuteSettings

_TABLE: tuple[tuple[Purpose, bool, str], ...] = (
    # installers, with the network: what they fetch is what the project's own files name
    (Purpose.INSTALL, True, "python -m pip install **"),
    (Purpose.INSTALL, True, "pip install **"),
    (Purpose.INSTALL, True, "uv sync **"),
    (Purpose.INSTALL, True, "uv pip install **"),
    (Purpose.INSTALL, True, "npm ci **"),
    (Purpose.INSTALL, True, "npm install **"),
    (Purpose.INSTALL, True, "pnpm install **"),
    (Purpose.INSTALL, True, "yarn install **"),
    (Purpose.INSTALL, True, "go mod download"),
    (Purpose.INSTALL, True, "go mod tidy"),
    (Purpose.INSTALL, True, "cargo fetch **"),
    (Purpose.INSTALL, False, "python -m venv **"),
    # builders
    (Purpose.BUILD, False, "python -m compileall **"),
    (Purpose.BUILD, False, "python -m build --no-isolation **"),
    (Purpose.BUILD, False, "npm run build"),
    (Purpose.BUILD, False, "npm run typecheck"),
    (Purpose.BUILD, False, "npm run lint"),
    (Purpose.BUILD, False, "tsc **"),
    (Purpose.BUILD, False, "go build **"),
    (Purpose.BUILD, False, "go vet **"),
    (Purpose.BUILD, False, "gofmt -l **"),
    (Purpose.BUILD, False, "cargo build **"),
    (Purpose.BUILD, False, "cargo check **"),
    (Purpose.BUILD, False, "cargo clippy **"),
    (Purpose.BUILD, False, "make"),
    (Purpose.BUILD, False, "make build"),
    (Purpose.BUILD, False, "make all"),
    (Purpose.BUILD, False, "cmake **"),
    (Purpose.BUILD, False, "javac **"),
    (Purpose.BUILD, False, "gcc **"),
    (Purpose.BUILD, False, "g++ **"),
    (Purpose.BUILD, False, "mvn -o **"),
    (Purpose.BUILD, False, "gradle --offline **"),
    # tests, linters, type checkers
    (Purpose.TEST, False, "python -m pytest **"),
    (Purpose.TEST, False, "python -m unittest **"),
    (Purpose.TEST, False, "python -m doctest **"),
    (Purpose.TEST, False, "python -m mypy **"),
    (Purpose.TEST, False, "pytest **"),
    (Purpose.TEST, False, "mypy **"),
    (Purpose.TEST, False, "pyright **"),
    (Purpose.TEST, False, "ruff check **"),
    (Purpose.TEST, False, "ruff format --check **"),
    (Purpose.TEST, False, "npm test **"),
    (Purpose.TEST, False, "npm run test **"),
    (Purpose.TEST, False, "node --test **"),
    (Purpose.TEST, False, "vitest run **"),
    (Purpose.TEST, False, "jest **"),
    (Purpose.TEST, False, "eslint **"),
    (Purpose.TEST, False, "go test **"),
    (Purpose.TEST, False, "cargo test **"),
    (Purpose.TEST, False, "make test"),
    (Purpose.TEST, False, "make check"),
    (Purpose.TEST, False, "ctest **"),
)
"""(purpose, wants the network, words). A word is a shell pattern, ``**`` stands for any rest."""

_PYTHON = re.compile(r"(?:python|pypy)[\d.]*\Z")
_PIP = re.compile(r"pip[\d.]*\Z")
_ELSEWHERE = re.compile(
    r"(?i)[a-z][a-z0-9+.]*://|\A(?:git|github|gitlab|file|npm|link)[:+]|\A(?:[~/]|\.\./)|\A[\w.-]+@[\w.-]+:"
)
_ELSEWHERE_OPTIONS = frozenset(
    {"-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--index", "--default-index"}
    | {"--registry", "--trusted-host", "--proxy", "--config", "--userconfig", "--prefix", "-g"}
    | {"--global", "--target", "-t", "--root", "--user", "--break-system-packages"}
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """``allowed``: it may run without asking. ``network``: its work needs the network."""

    allowed: bool
    purpose: Purpose = Purpose.OTHER
    network: bool = False
    reason: str = ""
    """Why somebody has to be asked; empty when it is allowed."""


def judge(command: Command, settings: ExecuteSettings, known: Collection[Check] = ()) -> Judgement:
    """What the policy says; ``known`` are the project's own checks."""
    if any(command.argv == check.argv and command.cwd == check.cwd for check in known):
        return Judgement(True, Purpose.TEST)
    if not command.argv:
        return Judgement(False, reason="it is empty")
    words = _plain(command.argv)
    for purpose, network, pattern in _TABLE:
        if _matches(words, pattern):
            strange = purpose is Purpose.INSTALL and elsewhere(words[1:])
            if strange:
                return Judgement(False, purpose, network, f"it installs from elsewhere: {strange}")
            return Judgement(True, purpose, network)
    if any(_matches(command.argv, pattern) for pattern in settings.allow):
        return Judgement(True, Purpose.OTHER)
    return Judgement(False, reason="it is none of the project's checks and no known tool")


def _plain(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The program by its bare name, where the path is one of a virtual environment or PATH."""
    first = argv[0].replace("\\", "/")
    name = first.rpartition("/")[2].removesuffix(".exe").removesuffix(".cmd")
    if "/" in first and not _usual_place(first):
        return argv
    if _PYTHON.match(name):
        name = "python"
    elif _PIP.match(name):
        name = "pip"
    return (name, *argv[1:])


def _usual_place(program: str) -> bool:
    """Absolute, or installed beside the project: not a script of the project in disguise."""
    inside = ("/bin/", "/Scripts/", "node_modules/.bin/")
    folder = program[: program.rfind("/") + 1]
    return folder.endswith(inside) and (
        program.startswith(("/", ".venv/", "venv/", "node_modules/"))
    )


def _matches(words: tuple[str, ...], pattern: str) -> bool:
    wanted = shlex.split(pattern)
    if wanted and wanted[-1] == "**":
        wanted.pop()
        words = words[: len(wanted)]
    return len(words) == len(wanted) and all(map(fnmatch.fnmatchcase, words, wanted))


def elsewhere(words: Collection[str]) -> str:
    """The first word that takes an installer away from the configured index, or elsewhere."""
    for word in words:
        if word.partition("=")[0] in _ELSEWHERE_OPTIONS or _ELSEWHERE.search(word):
            return word
    return ""
