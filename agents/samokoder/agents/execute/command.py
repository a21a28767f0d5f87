"""A command an agent wants run, and what came of it."""

import shlex
from dataclasses import dataclass
from enum import StrEnum


class Purpose(StrEnum):
    """What a command is for, as the permission policy sees it."""

    INSTALL = "install"
    BUILD = "build"
    TEST = "test"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Command:
    """``argv`` runs in ``cwd`` (POSIX path relative to the workspace, "" for its root).

    ``seconds`` bounds its wall time; 0 takes the setting ``execute.seconds``. ``vital``: what
    follows it in a batch makes no sense once it failed. ``brings`` names what it installs, where
    its words do not.
    """

    argv: tuple[str, ...]
    cwd: str = ""
    seconds: float = 0.0
    vital: bool = True
    brings: str = ""

    @property
    def text(self) -> str:
        """The command line as a person would type it, as nearly as can be."""
        return " ".join(_quoted(word) for word in self.argv)


@dataclass(frozen=True, slots=True)
class Executed:
    """One command of a batch. ``refused`` says why it was not started; then nothing else counts.

    ``output`` is stdout and stderr as they came, escape sequences included, secrets taken out, cut
    in the middle when longer than 256 KiB. ``exit_code`` is negative for a signal.
    """

    command: Command
    purpose: Purpose
    exit_code: int = -1
    output: str = ""
    seconds: float = 0.0
    timed_out: bool = False
    truncated: bool = False
    network: bool = False
    sandbox: str = "none"
    refused: str = ""

    @property
    def ok(self) -> bool:
        return not self.refused and self.exit_code == 0 and not self.timed_out


@dataclass(frozen=True, slots=True)
class Taken:
    """A file as the commands left it; ``data`` is None when it is not there."""

    path: str
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch did. Commands behind a vital one that failed are missing from ``results``."""

    results: tuple[Executed, ...]
    taken: tuple[Taken, ...] = ()

    @property
    def ok(self) -> bool:
        return all(result.ok for result in self.results)


def _quoted(word: str) -> str:
    plain = word and not any(c.isspace() or c in "'\"\\$`;&|<>()*?" for c in word)
    return word if plain else shlex.quote(word)
