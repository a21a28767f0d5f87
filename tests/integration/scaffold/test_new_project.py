"""`samokoder new` over a real state: tested, delivered, undone, never over what is there."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def new(workspace: Path, *arguments: str) -> tuple[int, Any, str]:
    argv = (sys.executable, "-m", "samokoder.server.main", *arguments, "--json")
    done = subprocess.run(
        argv, cwd=workspace, env=dict(os.environ), capture_output=True, text=True, check=False
    )
    return done.returncode, json.loads(done.stdout or "null"), done.stderr


def tree(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "мастерская"
    folder.mkdir()
    return folder


def test_without_arguments_it_lists_what_there_is(workspace: Path) -> None:
    code, answer, _ = new(workspace, "new")
    names = [t["name"] for t in answer["templates"]]
    assert code == 0 and len(names) == 7 and "python-cli" in names
    assert tree(workspace) == []


def test_a_project_is_tested_delivered_and_undone(workspace: Path) -> None:
    code, answer, errors = new(workspace, "new", "python-cli", "Мой счёт", "--yes")
    assert code == 0, errors
    assert answer["written"] and answer["proven"]
    assert tree(workspace) == sorted(answer["created"])
    assert "Мой счёт/moy_schet/cli.py" in answer["created"]
    code, _, errors = new(workspace, "run", "undo", answer["run"]["id"], "--yes")
    assert code == 0, errors
    assert list(workspace.iterdir()) == [], "undoing takes everything back, its folders too"


def test_undoing_leaves_a_folder_with_something_of_the_users(workspace: Path) -> None:
    code, answer, errors = new(workspace, "new", "python-package", "proekt", "--yes")
    assert code == 0, errors
    (workspace / "proekt" / "mine.txt").write_text("mine")
    code, _, errors = new(workspace, "run", "undo", answer["run"]["id"], "--yes")
    assert code == 0, errors
    assert tree(workspace) == ["proekt/mine.txt"]
    assert not (workspace / "proekt" / "tests").exists()


@pytest.mark.parametrize("here", [False, True])
def test_nothing_is_overwritten(workspace: Path, here: bool) -> None:
    mine = workspace / "README.md" if here else workspace / "Мой счёт" / "notes.txt"
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    flags = ("--here",) if here else ()
    code, answer, _ = new(workspace, "new", "python-package", "Мой счёт", "--yes", *flags)
    assert code == 1
    assert "nothing is overwritten" in answer["run"]["reason"]
    assert tree(workspace) == [mine.relative_to(workspace).as_posix()]
    assert mine.read_text() == "mine"


def test_an_ignored_file_is_not_overwritten_either(workspace: Path) -> None:
    (workspace / ".gitignore").write_text("proekt/\n")
    (workspace / "proekt").mkdir()
    (workspace / "proekt" / "secret").write_text("mine")
    code, answer, _ = new(workspace, "new", "python-package", "proekt", "--yes")
    assert code == 1 and "nothing is overwritten" in answer["run"]["reason"]
    assert (workspace / "proekt" / "secret").read_text() == "mine"


def test_what_cannot_be_tested_here_says_so(workspace: Path) -> None:
    code, answer, errors = new(workspace, "new", "node-typescript", "svc", "--yes")
    assert code == 1, errors
    assert answer["written"] and not answer["proven"] and answer["reason"]
    assert "svc/src/service.ts" in tree(workspace)
    _, run, _ = new(workspace, "run", "show", answer["run"]["id"])
    changes = (run.get("view") or run)["changes"]
    assert [c["proven"] for c in changes] == [False], "written on the user's word, not as proven"


@pytest.mark.parametrize("arguments", [("rails", "x"), ("python-cli", "a/b"), ("python-cli",)])
def test_wrong_words_are_wrong_usage(workspace: Path, arguments: tuple[str, ...]) -> None:
    code, answer, _ = new(workspace, "new", *arguments, "--yes")
    assert code == 2 and answer["error"]["code"] == "invalid-input"
    assert tree(workspace) == []
