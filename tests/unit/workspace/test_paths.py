"""Only ordinary files inside the workspace can be named, read or written."""

import os
from pathlib import Path

import pytest

from samokoder.agents.errors import PathRefused
from samokoder.agents.workspace import paths

GOOD = ["a.py", "src/a b/ü.txt", "./x", ".github/x.yml", ".gitignore", "a/.hidden", "common.py"]
BAD = [
    "",
    ".",
    "..",
    "../x",
    "a/../b",
    "a//b",
    "a/./b",
    "/etc/passwd",
    "~/x",
    "a\\b",
    "..\\x",
    "\\\\host\\share\\x",
    "//host/share",
    "C:\\x",
    "C:/x",
    "c:x",
    "a\0b",
    "a\nb",
    ".git/config",
    ".GIT/hooks/x",
    "a/.Git/x",
    ".git./x",
    ".git /x",
    ".git::$INDEX_ALLOCATION/x",
    "git~1/x",
    ".g\u200cit/x",
    ".hg/x",
    "nul",
    "a/CON.txt",
    "com1.py",
    "LPT9",
    "aux.h",
    "a.",
    "a /b",
    "\ud800",
]


@pytest.mark.parametrize("path", GOOD)
def test_ordinary_names_pass(path: str) -> None:
    assert paths.clean(path) == path.removeprefix("./")


@pytest.mark.parametrize("path", BAD)
def test_everything_else_is_refused(path: str) -> None:
    with pytest.raises(PathRefused):
        paths.clean(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("AGENTS.md", True),
        ("sub/agents.md", True),
        (".samokoderignore", True),
        ("samokoder.toml", True),
        (".vscode/tasks.json", True),
        (".github/team-instructions.md", True),
        (".somerules/x.md", True),
        ("README.md", False),
        ("rules.py", False),
        (".gitignore", False),
        (".github/workflows/ci.yml", False),
    ],
)
def test_rules_for_agents_are_write_protected(path: str, expected: bool) -> None:
    assert paths.protected(path) is expected


def test_absolute_paths_become_relative_ones(tmp_path: Path) -> None:
    root = tmp_path / "real"
    (root / "src").mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to(root)
    assert paths.relative(root, root / "src/a.py") == "src/a.py"
    assert paths.relative(root, link / "src/a.py") == "src/a.py"
    assert paths.relative(link, root / "src/a.py") == "src/a.py"
    assert paths.relative(root, "src/a.py") == "src/a.py"
    for outside in (tmp_path / "x", root / "../x", Path("/etc/passwd")):
        with pytest.raises(PathRefused):
            paths.relative(root, outside)


def test_links_that_leave_the_workspace_are_refused(tmp_path: Path) -> None:
    root = tmp_path / "w"
    (root / "inner").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / "out").symlink_to(tmp_path)
    (root / "in").symlink_to(root / "inner")
    (root / "vcs").symlink_to(root / ".git")
    (root / "file").symlink_to("/etc/passwd")
    (root / "alias.py").symlink_to(root / "inner/a.py")
    (root / "inner/a.py").write_text("x")
    (root / "loop").symlink_to(root / "loop")
    for bad in ("out/x", "out/w/inner/a.py/../x", "vcs/config", "file", "alias.py", "loop"):
        with pytest.raises(PathRefused):
            paths.resolve(root, bad)
    with pytest.raises(PathRefused):
        paths.resolve(root, "file", write=False)
    with pytest.raises(PathRefused, match="not a folder"):
        paths.resolve(root, "inner/a.py/b")
    assert paths.resolve(root, "in/a.py") == root / "in/a.py"
    assert paths.resolve(root, "alias.py", write=False) == root / "alias.py"


def test_the_state_folder_is_out_of_reach(home: Path) -> None:
    with pytest.raises(PathRefused, match="own folder"):
        paths.resolve(home, "state/samokoder.sqlite")
    assert paths.resolve(home, "notes.txt") == home / "notes.txt"
    inside = Path(os.environ["SAMOKODER_CACHE_DIR"]) / "project"
    inside.mkdir()
    assert paths.resolve(inside, "a.py") == inside / "a.py"


def test_of_what_is_protected_only_the_plan_and_dismissals_can_be_written() -> None:
    for path in (paths.PLAN, paths.DISMISSALS):
        assert paths.protected(path)
        assert not paths.sealed(path)
    for path in ("AGENTS.md", ".samokoder/x.toml", "a/.samokoder/plan.md", ".vscode/x"):
        assert paths.sealed(path), path
