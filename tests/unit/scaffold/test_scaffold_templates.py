"""Every scaffold is whole: its own tests pass, where its tools are to be had here."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest

from samokoder.agents.checks.bundled import ruff_program
from samokoder.agents.errors import InvalidInput
from samokoder.agents.scaffold.catalogue import TEMPLATES, change_set, template
from samokoder.agents.scaffold.names import names_of
from samokoder.agents.workspace import paths

NAME = "Мой проект O'Neil"
NAMES = names_of(NAME)
PYTHON = [t.name for t in TEMPLATES if t.language == "python"]
MODULES = Path(__file__).parents[3] / "vscode-extension" / "node_modules"
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")


def written(name: str, folder: Path) -> Path:
    for change in change_set(template(name), NAMES).changes:
        target = folder / change.path
        target.parent.mkdir(parents=True, exist_ok=True)
        assert change.after is not None
        target.write_bytes(change.after)
    return folder


def run(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONWARNINGS": "error"}
    return subprocess.run(
        argv, cwd=folder, env=env, capture_output=True, text=True, timeout=50, check=False
    )


@pytest.mark.parametrize("name", [t.name for t in TEMPLATES])
def test_files_are_well_formed(name: str, tmp_path: Path) -> None:
    made = change_set(template(name), NAMES, "папка")
    assert made.paths, "a scaffold without files is none"
    for change in made.changes:
        assert paths.clean(change.path) == change.path
        assert change.path.startswith("папка/") and ".jinja" not in change.path
        assert change.after is not None
        text = change.after.decode()
        assert "PACKAGE" not in change.path and "dot-" not in change.path
        assert not text or text.endswith("\n"), f"{change.path} ends without a line end"
        if change.path.endswith(".json"):
            json.loads(text)
        if change.path.endswith(".toml"):
            assert tomllib.loads(text)["project"]["name"] == "moy-proekt-o-neil"
        if change.path.endswith(".html"):
            HTMLParser().feed(text)
    readme = next(c.after for c in made.changes if c.path.endswith("README.md"))
    assert readme is not None and NAME in readme.decode()


@pytest.mark.parametrize("name", PYTHON)
def test_python_tests_pass(name: str, tmp_path: Path) -> None:
    folder = written(name, tmp_path)
    done = run(folder, sys.executable, "-m", "unittest")
    assert done.returncode == 0, done.stderr
    count = re.search(r"Ran (\d+) tests", done.stderr)
    assert count is not None and int(count[1]) >= 3


@pytest.mark.parametrize("name", PYTHON)
async def test_python_code_is_clean(name: str, tmp_path: Path) -> None:
    folder = written(name, tmp_path)
    ruff = await ruff_program()
    select = "--select=E,F,I,B,UP,W,RUF100"
    done = run(folder, ruff, "check", "--isolated", "--no-cache", select, "--line-length=100")
    assert done.returncode == 0, done.stdout
    same = run(
        folder, ruff, "format", "--isolated", "--no-cache", "--line-length=100", "--check", "."
    )
    assert same.returncode == 0, same.stdout


def test_python_types_are_strict(tmp_path: Path) -> None:
    """Of the scaffolds without a framework; the others need its types."""
    for name in ("python-package", "python-cli"):
        written(name, tmp_path)
    flags = ("--strict", f"--cache-dir={tmp_path}/cache")
    types = run(tmp_path, sys.executable, "-m", "mypy", *flags, "-p", NAMES.package)
    assert types.returncode == 0, types.stdout


@pytest.mark.parametrize(
    ("name", "module"), [("fastapi-service", "fastapi, httpx2"), ("flask-site", "flask")]
)
def test_the_frameworks_part_passes_where_it_is_installed(
    name: str, module: str, tmp_path: Path
) -> None:
    """``SAMOKODER_FRAMEWORKS`` may name a Python that has them."""
    python = os.environ.get("SAMOKODER_FRAMEWORKS", sys.executable)
    if run(tmp_path, python, "-c", f"import {module}").returncode != 0:
        pytest.skip(f"{module} is not installed")
    done = run(written(name, tmp_path), python, "-m", "unittest", "-v")
    assert done.returncode == 0, done.stderr
    assert "skipped" not in done.stderr


def test_the_tool_runs_as_a_program(tmp_path: Path) -> None:
    folder = written("python-cli", tmp_path)
    done = run(folder, sys.executable, "-m", NAMES.package, "README.md", "нет такого")
    assert done.returncode == 1
    assert done.stdout.endswith("README.md\n") and "нет такого" in done.stderr


@needs_node
@pytest.mark.parametrize("name", ["static-page", "vite-page"])
def test_page_logic_passes_without_anything_installed(name: str, tmp_path: Path) -> None:
    done = run(written(name, tmp_path), "node", "--test")
    assert done.returncode == 0, done.stdout
    assert "# pass 3" in done.stdout or "pass 3" in done.stdout


@needs_node
@pytest.mark.skipif(not (MODULES / "typescript").is_dir(), reason="TypeScript is not installed")
def test_the_typescript_service_compiles_and_serves(tmp_path: Path) -> None:
    folder = written("node-typescript", tmp_path)
    (folder / "node_modules").symlink_to(MODULES)
    done = run(folder, "npm", "test", "--silent")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pass 4" in done.stdout


def test_an_unknown_scaffold_names_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match="python-cli"):
        template("rails")
