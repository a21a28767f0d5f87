"""What git knows of a workspace, asked through its command line without running anything else.

A repository's own settings can name programs (file system monitors, filters, diff drivers, pagers);
all of them are switched off, so that looking at a diff never runs somebody's code.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from samokoder.agents.errors import EnvironmentMissing, InvalidInput

_QUIET = (
    "-c", "core.fsmonitor=false",
    "-c", "core.hooksPath=/dev/null",
    "-c", "diff.external=",
    "-c", "core.quotePath=false",
    "-c", "submodule.recurse=false",
)  # fmt: skip
_MESSAGE = 4000
"""Characters of commit messages that are kept."""


@dataclass(frozen=True, slots=True)
class Repository:
    """``root`` is the workspace's folder, which may lie below the repository's own."""

    root: Path
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """``paths`` relative to the workspace; ``moved`` maps a new path to its old one."""

    paths: tuple[str, ...] = ()
    moved: Mapping[str, str] = field(default_factory=dict)


async def find(root: Path) -> Repository | None:
    """The repository that holds the workspace; None without git or outside of one."""
    try:
        done = await _run(Repository(root), "rev-parse", "--is-inside-work-tree")
    except EnvironmentMissing:
        return None
    if done is None or done.strip() != b"true":
        return None
    # content filters are programs too: each of them is replaced by nothing
    listed = await _run(
        Repository(root), "config", "--name-only", "--null", "--get-regexp", r"^filter\..*"
    )
    names = {name.rpartition(".")[0] for name in (listed or b"").decode().split("\0") if name}
    off = [f"{n}.{verb}=" for n in sorted(names) for verb in ("clean", "smudge", "process")]
    off += [f"{n}.required=false" for n in sorted(names)]
    return Repository(root, tuple(part for one in off for part in ("-c", one)))


async def commit(repository: Repository, name: str) -> str:
    """The full hash of a commit; InvalidInput when git does not know the name."""
    found = await _run(
        repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
    )
    if not found:
        raise InvalidInput(
            f"git knows no commit called {name}", hint="Name a branch, a tag or a hash."
        )
    return found.decode().strip()


async def head(repository: Repository) -> str:
    """The hash of the commit that is checked out; empty before the first one."""
    found = await _run(repository, "rev-parse", "--verify", "--quiet", "HEAD")
    return found.decode().strip() if found else ""


async def merge_base(repository: Repository, one: str, other: str) -> str:
    """The commit two lines of history have in common; InvalidInput when there is none."""
    found = await _run(repository, "merge-base", one, other)
    if not found:
        raise InvalidInput(f"{one} and {other} have no commit in common")
    return found.decode().strip()


async def parent(repository: Repository, name: str) -> str:
    """The first parent of a commit; empty for the first commit of all."""
    found = await _run(repository, "rev-parse", "--verify", "--quiet", f"{name}^")
    return found.decode().strip() if found else ""


async def changed(repository: Repository, base: str, until: str = "") -> Changed:
    """What differs between a commit and another one, or the files on disk with what is untracked.

    ``base`` empty means the empty tree.
    """
    start = base or await _empty_tree(repository)
    command = ["diff", "--name-status", "-z", "-M", "--relative", "--no-ext-diff", "--no-textconv"]
    command += ["--ignore-submodules=all", start, *([until] if until else []), "--"]
    fields = (await _run(repository, *command) or b"").split(b"\0")
    paths: list[str] = []
    moved: dict[str, str] = {}
    at = 0
    while at + 1 < len(fields):
        status = fields[at].decode("ascii", "replace")
        first = os.fsdecode(fields[at + 1])
        at += 2
        if status[:1] in "RC" and at < len(fields):
            second = os.fsdecode(fields[at])
            at += 1
            if status[:1] == "R":
                moved[second] = first
            paths.append(second)
        elif status[:1] != "D":
            paths.append(first)
    if not until:
        listed = await _run(repository, "ls-files", "--others", "--exclude-standard", "-z", "--")
        paths += [os.fsdecode(name) for name in (listed or b"").split(b"\0") if name]
    return Changed(tuple(dict.fromkeys(paths)), moved)


async def contents(
    repository: Repository, commit: str, paths: Sequence[str]
) -> dict[str, bytes | None]:
    """The files as a commit has them; None for those that are not in it."""
    if not paths or not commit:
        return dict.fromkeys(paths)
    plain = [p for p in paths if "\n" not in p]
    asked = "".join(f"{commit}:./{path}\n" for path in plain)
    answer = await _run(repository, "cat-file", "--batch", input=os.fsencode(asked)) or b""
    found: dict[str, bytes | None] = dict.fromkeys(paths)
    at = 0
    for path in plain:
        end = answer.find(b"\n", at)
        if end < 0:
            break
        head = answer[at:end]
        at = end + 1
        parts = re.match(rb"[0-9a-f]+ (\w+) (\d+)\Z", head)
        if parts is None:
            continue
        size = int(parts[2])
        if parts[1] == b"blob":
            found[path] = answer[at : at + size]
        at += size + 1
    return found


async def messages(repository: Repository, base: str, until: str) -> str:
    """What the commits say they do, the oldest first."""
    span = f"{base}..{until}" if base else until
    said = await _run(
        repository, "log", "--reverse", "--no-merges", "--format=%s%n%n%b", span, "--"
    )
    return (said or b"").decode("utf-8", "replace").strip()[:_MESSAGE]


async def _empty_tree(repository: Repository) -> str:
    found = await _run(repository, "hash-object", "-t", "tree", "--stdin", input=b"")
    return (found or b"").decode().strip()


async def _run(repository: Repository, *args: str, input: bytes | None = None) -> bytes | None:
    """What git prints; None when it fails. EnvironmentMissing when there is no git."""
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith("GIT_")},
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }
    argv = ["git", "--no-pager", *_QUIET, *repository.options, *args]
    try:
        done = await anyio.run_process(
            argv, input=input or b"", cwd=repository.root, check=False, env=env
        )
    except FileNotFoundError as error:
        raise EnvironmentMissing("git is not installed") from error
    return done.stdout if done.returncode == 0 else None
