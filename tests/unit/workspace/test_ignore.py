"""Ignore rules: as git has them, and secrets stay out whatever a workspace says."""

import os
import random
import subprocess
from pathlib import Path

import pytest

from samokoder.agents.workspace.ignore import Ignore

NAMES = ["a", "b", "src", "x.py", "y.txt", "build", "foo.pyx", "#h", " s", "Z"]
PATTERNS = """a|/a|a/|*.py|!x.py|**/b|src/**|a/**/b|*|!*/|!*.py|build/|/src/build|src/*|!src/x.py
foo.*|[ab]|?|a/b|!a/b|\\#h|# c||**|b/**/|x.py/|!build/|[!a]|*/b|\\ s|*.py[xo]|y.txt |  |[[:upper:]]
[a-c]|[]a]|b**|/**/a|a/**|!a/|[z|\\|**/src/*.py|[^a-s]*""".replace("\n", "|").split("|")


def files(root: Path, ignore: Ignore) -> set[str]:
    ignore.refresh()
    found: set[str] = set()
    folders = [""]
    while folders:
        folder = folders.pop()
        for entry in os.scandir(root / folder):
            path = f"{folder}/{entry.name}" if folder else entry.name
            if ignore.matched(path, entry.is_dir()):
                continue
            if entry.is_dir():
                folders.append(path)
            else:
                found.add(path)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_git_agrees(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    for n in range(12):
        root = tmp_path / str(n)
        subprocess.run(["git", "init", "-q", root], check=True)
        for _ in range(25):
            file = root / "/".join(dice.choices(NAMES, k=dice.randint(1, 4)))
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                if not file.exists():
                    file.write_text("x")
            except OSError:
                continue
        levels = [".gitignore", "a/.gitignore", "src/.gitignore", ".git/info/exclude"]
        rules = {}
        for level in levels:
            if (root / level).parent.is_dir() and dice.random() < 0.7:
                rules[level] = dice.choices(PATTERNS, k=dice.randint(1, 5))
                (root / level).write_text("\n".join(rules[level]) + "\n")
        listed = subprocess.run(
            ["git", "-c", "core.excludesFile=", "ls-files", "-o", "-z", "--exclude-standard"],
            cwd=root,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        assert files(root, Ignore(root)) == set(listed.split("\0")) - {""}, rules


def check(root: Path, path: str, expected: bool, *, extra: tuple[str, ...] = ()) -> None:
    assert Ignore(root, extra).ignored(path) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".env", True),
        ("deploy/.env.production", True),
        (".env.example", False),
        ("certs/server.pem", True),
        ("keys/id_rsa", True),
        ("ID_RSA.PUB", True),
        (".npmrc", True),
        ("credentials.json", True),
        ("app/credentials.py", False),
        ("src/credentials/api.py", False),
        (".aws/config", True),
        (".git/config", True),
        ("sub/.git", True),
        ("node_modules/x/index.js", True),
        ("a/__pycache__/x.pyc", True),
        (".samokoder-1-0.tmp", True),
        ("src/environment.py", False),
        ("tokens.py", False),
    ],
)
def test_built_in_rules(tmp_path: Path, path: str, expected: bool) -> None:
    check(tmp_path, path, expected)


def test_a_workspace_cannot_take_secrets_back_in(tmp_path: Path) -> None:
    for name in (".gitignore", ".samokoderignore"):
        (tmp_path / name).write_text("!.env\n!*.pem\n!.git\n!node_modules/\n")
    check(tmp_path, ".env", True)
    check(tmp_path, "a.pem", True, extra=("!*.pem",))
    check(tmp_path, ".git/config", True)
    check(tmp_path, "node_modules/x.js", False)


def test_the_user_s_settings_win_over_the_workspace(tmp_path: Path) -> None:
    (tmp_path / ".samokoderignore").write_text("*.md\n")
    check(tmp_path, "a.md", True)
    check(tmp_path, "a.md", False, extra=("!a.md",))
    check(tmp_path, "data/x", True, extra=("data/",))


def test_folders_made_by_a_tool_are_out(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    check(tmp_path, "env/lib.py", False)
    (tmp_path / "env/pyvenv.cfg").write_text("")
    check(tmp_path, "env/lib.py", True)


def test_changed_rules_count_after_a_refresh(tmp_path: Path) -> None:
    ignore = Ignore(tmp_path)
    assert not ignore.ignored("a.txt")
    (tmp_path / ".gitignore").write_text("a.txt\n")
    ignore.refresh()
    assert ignore.ignored("a.txt")


def test_our_own_folders_are_no_part_of_a_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMOKODER_STATE_DIR", str(tmp_path / "kept" / "state"))
    monkeypatch.setenv("SAMOKODER_CACHE_DIR", str(tmp_path.parent / "elsewhere"))
    check(tmp_path, "kept/state/state.db", True)
    check(tmp_path, "kept/other.txt", False)
