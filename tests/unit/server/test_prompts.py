"""What a prompt means: the shell's parser after a slash, rules for plain words (R30)."""

import os
from pathlib import Path

import pytest

from samokoder.server.acp import prompts
from samokoder.server.acp.prompts import Prompt, Unclear, understood

COMMANDS = prompts.load()
TRACE = "Traceback (most recent call last):\n  File \"a.py\", line 1\nNameError: name 'x'"


def line(words: str, root: Path, *files: str, pasted: tuple[str, ...] = ()) -> str:
    named = tuple(Path(os.path.normpath(root / name)) for name in files)
    return understood(Prompt(words, named, pasted), COMMANDS, root).line


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("x")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("/fix", "samokoder fix"),
        ("/fix src/a.py", "samokoder fix src/a.py"),
        ('/fix --check "pytest -q" --all', "samokoder fix --check 'pytest -q' --all"),
        ("/fix the login page", "samokoder fix --all"),
        ("/review src --no-model", "samokoder review --no-model src"),
        ("/run undo abc --file x --file y", "samokoder run undo abc --file x --file y"),
        ("/undo", "samokoder run undo"),
        ("/run answer abc Apply", "samokoder run answer abc Apply"),
        ("/generate a tiny blog: with tags", "samokoder generate 'a tiny blog: with tags'"),
        ("Please fix the failing tests", "samokoder fix --all"),
        ("src/a.py crashes, what now?", "samokoder fix src/a.py"),
        ("почини тесты", "samokoder fix --all"),
        ("Review what I changed", "samokoder review"),
        ("Add a page that shows errors", "samokoder generate 'Add a page that shows errors'"),
        ("a command line todo list", "samokoder generate 'a command line todo list'"),
        ("run the tests", "samokoder check"),
        ("why did that run stop?", "samokoder explain"),
    ],
)
def test_what_is_meant(words: str, wanted: str, root: Path) -> None:
    assert line(words, root) == wanted


def test_what_looks_like_a_failure_is_fixed(root: Path) -> None:
    assert line(f"add this please\n{TRACE}", root).startswith("samokoder fix --text")
    assert line("what is this", root, pasted=(TRACE,)).startswith("samokoder fix --text")
    wanted = understood(Prompt("", (), (TRACE,)), COMMANDS, root)
    assert wanted.args["text"] == TRACE, "the paste arrives as it is"


def test_mentioned_files_are_what_it_is_about(root: Path) -> None:
    assert line("fix this", root, "src/a.py") == "samokoder fix src/a.py"
    assert line("review these", root, "src/a.py", "b.py") == "samokoder review src/a.py b.py"
    assert line("fix this", root, "../outside.py") == "samokoder fix --all"
    assert line("", root, "src/a.py") == "samokoder fix src/a.py"


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("", "nothing in it"),
        ("/nothing", "no /nothing"),
        ("/fix --lien 3", "--lien"),
        ("/fix --line three", "three"),
        ('/fix --check "open', "quotation"),
    ],
)
def test_what_is_unclear_is_said(words: str, wanted: str, root: Path) -> None:
    with pytest.raises(Unclear, match=wanted) as told:
        understood(Prompt(words), COMMANDS, root)
    assert told.value.hint, "and what can be typed"
