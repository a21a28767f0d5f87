"""What is reviewed: files, selections, uncommitted changes, branches, commits (R9)."""

import subprocess
from pathlib import Path

import pytest
from anyio.to_thread import run_sync

from samokoder.agents.errors import InvalidInput
from samokoder.agents.review.request import ReviewRequest
from samokoder.agents.review.target import Target, aim, target, touched
from samokoder.agents.workspace.capture import Tree
from samokoder.agents.workspace.target import Buffer


def _git(root: Path, *args: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@localhost")
    argv = ["git", "-c", "init.defaultBranch=main", *identity, *args]
    return subprocess.run(argv, cwd=root, check=True, capture_output=True, text=True).stdout


async def git(root: Path, *args: str) -> str:
    return await run_sync(lambda: _git(root, *args))


class Held:
    """One open document, as an editor holds it."""

    def __init__(self, path: Path, text: str) -> None:
        self.buffer = Buffer("c1", path, 2, text)

    def buffers(self, path: Path) -> tuple[Buffer, ...]:
        return (self.buffer,) if path == self.buffer.path else ()

    def under(self, root: Path) -> tuple[Buffer, ...]:
        return (self.buffer,)

    def attached(self, root: Path) -> bool:
        return True

    async def apply(self, *args: object) -> bool:
        return False


async def aimed(
    root: Path, request: ReviewRequest | None = None, held: Held | None = None
) -> Target:
    request = request or ReviewRequest()
    snapshot = await Tree(root).capture(held)
    return await target(snapshot, await aim(snapshot, request), request)


@pytest.fixture
async def repo(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    (root / "a.py").write_text("one\ntwo\nthree\n")
    (root / "b.py").write_text("".join(f"line {n}\n" for n in range(20)))
    (root / ".gitignore").write_text("ignored.py\n")
    await git(root, "init", "-q")
    await git(root, "add", ".")
    await git(root, "commit", "-qm", "The first one")
    return root


async def test_uncommitted_changes_with_what_is_new_staged_and_renamed(repo: Path) -> None:
    (repo / "a.py").write_text("one\n2\nthree\nfour\n")
    (repo / "new.py").write_text("x\n")
    (repo / "ignored.py").write_text("x\n")
    await git(repo, "mv", "b.py", "c.py")
    (repo / "c.py").write_text((repo / "c.py").read_text().replace("line 3\n", "line three\n"))
    found = await aimed(repo)
    assert found.what == "the uncommitted changes"
    assert dict(found.scope.files) == {"a.py": ((2, 2), (4, 4)), "c.py": ((4, 4),), "new.py": None}
    assert dict(found.scope.moved) == {"c.py": "b.py"}
    assert found.scope.base is not None
    assert await found.scope.base.read("b.py") == b"".join(b"line %d\n" % n for n in range(20))
    assert "new.py" not in found.scope.base.files


async def test_what_is_only_in_a_buffer_is_a_change_too(repo: Path) -> None:
    found = await aimed(repo, held=Held(repo / "a.py", "one\ntwo\nthree\nunsaved\n"))
    assert dict(found.scope.files) == {"a.py": ((4, 4),)}


async def test_nothing_changed_is_nothing_to_review(repo: Path) -> None:
    assert not (await aimed(repo)).scope.files


async def test_a_branch_is_compared_where_it_left(repo: Path) -> None:
    await git(repo, "checkout", "-qb", "work")
    (repo / "a.py").write_text("zero\none\ntwo\nthree\n")
    await git(repo, "commit", "-qam", "Zero comes first")
    await git(repo, "checkout", "-q", "main")
    (repo / "b.py").write_text("main went on\n")
    await git(repo, "commit", "-qam", "Meanwhile")
    await git(repo, "checkout", "-q", "work")
    (repo / "a.py").write_text("zero\none\ntwo\nthree\nfour\n")
    found = await aimed(repo, ReviewRequest(base="main"))
    assert dict(found.scope.files) == {"a.py": ((1, 1), (5, 5))}, "b.py is not this branch's"
    assert found.intent == "Zero comes first"


async def test_a_commit_is_reviewed_as_it_was(repo: Path) -> None:
    (repo / "a.py").write_text("one\nzwei\nthree\n")
    await git(repo, "commit", "-qam", "Two in German\n\nBecause.")
    (repo / "a.py").write_text("one\nzwei\nthree\nfour\n")
    await git(repo, "commit", "-qam", "Four")
    found = await aimed(repo, ReviewRequest(commit="HEAD~1"))
    assert dict(found.scope.files) == {"a.py": ((2, 2),)}
    assert await found.snapshot.read("a.py") == b"one\nzwei\nthree\n"
    assert found.intent.startswith("Two in German")
    first = await aimed(repo, ReviewRequest(commit="HEAD~2"))
    assert set(first.scope.files) == {"a.py", "b.py", ".gitignore"}
    assert set(first.scope.files.values()) == {None}


async def test_a_folder_below_the_repository_is_a_workspace(repo: Path) -> None:
    (repo / "sub").mkdir()
    (repo / "sub" / "d.py").write_text("d\n")
    await git(repo, "add", ".")
    await git(repo, "commit", "-qm", "sub")
    (repo / "sub" / "d.py").write_text("d\ne\n")
    (repo / "a.py").write_text("changed\n")
    found = await aimed(repo / "sub")
    assert dict(found.scope.files) == {"d.py": ((2, 2),)}


async def test_before_the_first_commit_everything_is_new(tmp_path: Path) -> None:
    await git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("x\n")
    assert dict((await aimed(tmp_path)).scope.files) == {"a.py": None}


async def test_without_git_everything_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x\n")
    found = await aimed(tmp_path)
    assert found.what == "the whole workspace"
    assert dict(found.scope.files) == {"a.py": None}
    with pytest.raises(InvalidInput, match="git repository"):
        await aimed(tmp_path, ReviewRequest(base="main"))


@pytest.mark.parametrize("name", ["nothere", "--output=x", "-p", "HEAD~99", ""])
async def test_a_name_git_does_not_know_is_an_error(repo: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="knows no commit"):
        await aimed(repo, ReviewRequest(base=name or "''"))


async def test_programs_a_repository_names_are_not_run(repo: Path, tmp_path: Path) -> None:
    """A repository's own settings are somebody else's word."""
    trap = tmp_path / "trap"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {trap}\ncat\n")
    program.chmod(0o755)
    for key, value in {
        "core.fsmonitor": str(program),
        "diff.external": str(program),
        "core.pager": str(program),
        "filter.evil.clean": str(program),
        "filter.evil.required": "true",
        "diff.evil.textconv": str(program),
    }.items():
        await git(repo, "config", key, value)
    (repo / ".gitattributes").write_text("*.py filter=evil diff=evil\n")
    (repo / "a.py").write_text("one\nTWO\nthree\n")
    found = await aimed(repo)
    assert found.scope.files["a.py"] == ((2, 2),)
    assert not trap.exists()


async def test_strange_names_come_through(repo: Path) -> None:
    for name in ("täst.py", "a b.py", 'q"uote.py', "-x.py"):
        (repo / name).write_text("x\n")
    await git(repo, "add", ".")
    await git(repo, "commit", "-qm", "names")
    for name in ("täst.py", "a b.py", 'q"uote.py', "-x.py"):
        (repo / name).write_text("x\ny\n")
    found = await aimed(repo)
    assert dict(found.scope.files) == dict.fromkeys(
        ["-x.py", "a b.py", 'q"uote.py', "täst.py"], ((2, 2),)
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"a\nb\nc\n", b"a\nx\nc\n", ((2, 2),)),
        (b"a\nb\nc\n", b"a\nc\n", ((1, 2),)),
        (b"a\nb\n", b"a\n", ((1, 1),)),
        (b"a\n", b"", ((1, 1),)),
        (b"", b"a\nb\n", ((1, 2),)),
        (b"a\n", b"a\nb", ((2, 2),)),
    ],
)
def test_the_lines_a_change_touches(
    old: bytes, new: bytes, expected: tuple[tuple[int, int], ...]
) -> None:
    assert touched(old, new) == expected
