"""A project's checks, found from its files alone."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from samokoder.agents.checks import interpreter
from samokoder.agents.checks.check import Check
from samokoder.agents.checks.command import from_command, kind_of
from samokoder.agents.checks.detect import detect
from samokoder.agents.checks.interpreter import find_interpreter
from samokoder.agents.checks.selection import select
from samokoder.agents.errors import EnvironmentMissing, InvalidInput
from samokoder.agents.sandbox.sandbox import Limits
from samokoder.agents.settings import CheckSettings, Settings

UNITTEST = "import unittest\n\n\nclass T(unittest.TestCase):\n    def test_a(self):\n        pass\n"


async def found(project: Any, files: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """Check ids and the command without the program's folder."""
    checks = await detect(await project(files), Settings())
    return {c.id: (c.argv[0].rpartition("/")[2], *c.argv[1:]) for c in checks}


async def test_pytest_projects(project: Any) -> None:
    for files in (
        {"test_a.py": "def test_a():\n    assert 1\n"},
        {"pytest.ini": "[pytest]\n", "tests/test_b.py": UNITTEST},
        {"pyproject.toml": "[tool.pytest.ini_options]\n", "src/x_test.py": UNITTEST},
    ):
        ids = await found(project, files)
        assert list(ids) == ["ruff", "pytest"]
        assert ids["pytest"][1:3] == ("-m", "pytest")


async def test_unittest_projects(project: Any) -> None:
    ids = await found(project, {"tests/__init__.py": "", "tests/test_a.py": UNITTEST})
    assert list(ids) == ["ruff", "unittest:tests"]
    assert ids["unittest:tests"][-5:] == ("discover", "-s", "tests", "-t", ".")


async def test_configured_type_checkers_and_linters(project: Any, tmp_path: Path) -> None:
    root = tmp_path / "проект"
    site = root / ".venv" / "lib" / "python3.11" / "site-packages"
    (site / "mypy").mkdir(parents=True)
    (root / ".venv" / "bin").mkdir()
    (root / ".venv" / "bin" / "python").symlink_to("/usr/bin/env")
    (root / ".venv" / "pyvenv.cfg").write_text("")
    config = "[tool.mypy]\nfiles = ['src']\n[tool.ruff]\n[tool.pyright]\n"
    ids = await found(project, {"pyproject.toml": config, "src/a.py": "x = 1\n"})
    assert list(ids) == ["ruff", "mypy"], "pyright is configured but not installed"
    assert "--isolated" not in ids["ruff"], "the project's own rules"
    assert ids["mypy"][-1] != ".", "its own targets"


async def test_ruff_without_a_configuration_asks_only_for_what_breaks(project: Any) -> None:
    ids = await found(project, {"a.py": "x = 1\n"})
    assert list(ids) == ["ruff"]
    assert "--isolated" in ids["ruff"]


async def test_javascript_projects(project: Any, tmp_path: Path) -> None:
    tools = tmp_path / "проект" / "node_modules" / ".bin"
    tools.mkdir(parents=True)
    (tools / "tsc").write_text("")
    package = '{"scripts": {"test": "vitest run", "lint": "eslint ."}}'
    ids = await found(
        project, {"package.json": package, "tsconfig.json": "{}", "pnpm-lock.yaml": ""}
    )
    assert list(ids) == ["lint", "tsc", "test"]
    assert ids["test"] == ("pnpm", "run", "--silent", "test")
    checks = await detect(await project({}), Settings())
    assert [c.kind for c in checks] == ["eslint", "tsc", "vitest"]


async def test_nodes_own_tests_need_no_script(project: Any) -> None:
    default = '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'
    test = "const test = require('node:test');\n"
    ids = await found(project, {"package.json": default, "a.test.js": test})
    assert ids == {"node-test": ("node", "--test")}


@pytest.mark.parametrize(
    ("files", "ids"),
    [
        ({"go.mod": "", "a.go": ""}, ["go-vet", "go-test"]),
        ({"Cargo.toml": "", "src/lib.rs": ""}, ["cargo-check", "cargo-test"]),
        ({"pom.xml": ""}, ["maven"]),
        ({"build.gradle.kts": "", "gradlew": ""}, ["gradle"]),
        ({"a.c": "", "b.cpp": ""}, ["gcc", "g++"]),
        ({"CMakeLists.txt": "", "a.cpp": ""}, ["cmake"]),
        ({"Main.java": ""}, ["javac"]),
        ({"Makefile": "test: all\n\techo\n"}, ["make-test"]),
        ({"Makefile": "build:\n"}, []),
        ({"README.md": ""}, []),
        (
            {"api/go.mod": "", "web/Cargo.toml": ""},
            ["go-vet:api", "go-test:api", "cargo-check:web", "cargo-test:web"],
        ),
    ],
)
async def test_other_languages(project: Any, files: dict[str, str], ids: list[str]) -> None:
    assert list(await found(project, files)) == ids


async def test_a_package_inside_another_is_left_to_it(project: Any) -> None:
    package = '{"scripts": {"test": "jest"}}'
    files = {"package.json": package, "packages/a/package.json": package}
    assert list(await found(project, files)) == ["test"]


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("pytest -q", "pytest"),
        ("python3.12 -m pytest", "pytest"),
        ("uv run pytest", "pytest"),
        ("coverage run -m pytest", "pytest"),
        ("python -m unittest -v", "unittest"),
        ("npx tsc --noEmit", "tsc"),
        ("./node_modules/.bin/eslint .", "eslint"),
        ("go test ./...", "go"),
        ("./gradlew test", "java"),
        ("make test", "command"),
        ("python main.py", "command"),
        ("cd x && pytest", "command"),
        ("PYTHONPATH=src pytest", "pytest"),
    ],
)
def test_what_kind_of_tool_a_command_runs(command: str, kind: str) -> None:
    assert from_command(command, origin="user", timeout=1).kind == kind
    assert kind_of(()) == "command"


@pytest.mark.parametrize("command", ["", "   ", "echo 'open"])
def test_a_command_that_cannot_be_read(command: str) -> None:
    with pytest.raises(InvalidInput):
        from_command(command, origin="user", timeout=1)


def test_selecting_tests() -> None:
    check = Check("t", "pytest", ("python", "-m", "pytest"), cwd="pkg")
    assert select(check, ["pkg/test_a.py::test_b", "test_c.py"]).argv[3:] == (
        "test_a.py::test_b", "../test_c.py",
    )  # fmt: skip
    assert select(check, []) is check
    many = [f"pkg/test_a.py::test_{n}" for n in range(500)]
    assert select(check, many).argv[3:] == ("test_a.py",)
    users = Check("t", "pytest", ("pytest", "tests"), origin="user")
    assert select(users, ["test_a.py"]) is users, "their paths would add up"


async def test_a_shim_that_fails_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shims = tmp_path / "shims"
    shims.mkdir()
    (shims / "python3").write_text("#!/bin/sh\necho 'python3: command not found' >&2; exit 127\n")
    (shims / "python3").chmod(0o755)
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", f"{shims}{os.pathsep}{os.environ['PATH']}")
    found = await find_interpreter(tmp_path / "root", CheckSettings())
    assert not Path(found.path).is_relative_to(shims)
    monkeypatch.setenv("PATH", str(shims))
    with pytest.raises(EnvironmentMissing, match=r"check\.python"):
        await find_interpreter(tmp_path / "root", CheckSettings())


async def test_a_configured_python_that_does_not_work_is_said(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentMissing, match="nowhere/python"):
        await find_interpreter(tmp_path, CheckSettings(python="/nowhere/python"))


async def test_a_python_that_was_slow_once_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy moment says nothing about the program, and the process may live for days."""
    slow, marker = tmp_path / "python3", tmp_path / "was here"
    lazy = f'if [ ! -e "{marker}" ]; then touch "{marker}"; sleep 30; fi'
    slow.write_text(f'#!/bin/sh\n{lazy}\nexec {sys.executable} "$@"\n')
    slow.chmod(0o755)
    settings = CheckSettings(python=str(slow))
    monkeypatch.setattr(interpreter, "_LIMITS", Limits(seconds=1.0))
    with pytest.raises(EnvironmentMissing, match="does not work"):
        await find_interpreter(tmp_path / "root", settings)
    monkeypatch.setattr(interpreter, "_LIMITS", Limits(seconds=50.0))
    assert (await find_interpreter(tmp_path / "root", settings)).path == sys.executable


async def test_an_interpreter_of_the_workspace_is_not_run_to_look_at_it(tmp_path: Path) -> None:
    """Finding checks happens before the workspace is trusted."""
    trap = tmp_path / "trap"
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("")
    (tmp_path / ".venv" / "bin" / "python").write_text(f"#!/bin/sh\ntouch {trap}\n")
    (tmp_path / ".venv" / "bin" / "python").chmod(0o755)
    found = await find_interpreter(tmp_path, CheckSettings())
    assert Path(found.path).is_relative_to(tmp_path)
    assert not trap.exists()
