"""Checks of Python projects: ruff always, type checkers where configured, the tests."""

import re
import tomllib
from typing import Any

from samokoder.agents.checks.bundled import ruff_program
from samokoder.agents.checks.check import Check
from samokoder.agents.checks.detect.project import Project, tops
from samokoder.agents.checks.interpreter import Interpreter, find_interpreter
from samokoder.agents.checks.report import REPORTER

_TEST_FILE = re.compile(r"(^|/)(test_[^/]*|[^/]*_test|tests?)\.py$")
_PYTEST_STYLE = re.compile(r"^(?:import pytest|from pytest|(?:async )?def test_)", re.MULTILINE)
_UNITTEST_STYLE = re.compile(r"\bTestCase\b|^(?:import|from) unittest\b", re.MULTILINE)
_READ = 60
"""Test files that are read to tell pytest from unittest."""

_BREAKS = "E9,F63,F7,F82"
"""What fails at run time: syntax, comparisons that cannot be meant, undefined names."""


async def python_checks(project: Project) -> list[Check]:
    """Cheap first. Raises EnvironmentMissing when tests are there but no Python that works."""
    if not project.named(".py", ".pyi"):
        return []
    config = _toml(await project.text("pyproject.toml"))
    setup, tox = await project.text("setup.cfg"), await project.text("tox.ini")
    found = [await _ruff(project, config)]
    tests = [path for path in project.named(".py") if _TEST_FILE.search(path)]
    mypy = (
        "mypy" in config or "[mypy]" in setup or project.has("mypy.ini") or project.has(".mypy.ini")
    )
    pyright = "pyright" in config or project.has("pyrightconfig.json")
    if not tests and not mypy and not pyright:
        return found
    python = await find_interpreter(project.root, project.settings)
    if mypy and "mypy" in python.tools:
        found.append(_mypy(project, python, config))
    if pyright and "pyright" in python.tools:
        found.append(_check(project, "pyright", (python.path, "-m", "pyright")))
    configured = (
        "pytest" in config
        or "[tool:pytest]" in setup
        or "[pytest]" in tox
        or project.has("pytest.ini")
        or bool(project.named("conftest.py"))
    )
    found += await _tests(project, tests, python, configured=configured)
    return found


async def _ruff(project: Project, config: dict[str, Any]) -> Check:
    """Our own ruff: with the project's rules, or with those whose breach breaks the program."""
    argv = [await ruff_program(), "check", "--output-format=concise", "--no-cache", "--no-fix"]
    if "ruff" not in config and not project.named("ruff.toml"):
        argv += ["--isolated", f"--select={_BREAKS}"]
    return Check("ruff", "ruff", (*argv, "."), origin="builtin", timeout=60.0)


def _mypy(project: Project, python: Interpreter, config: dict[str, Any]) -> Check:
    flags = (
        "--show-column-numbers", "--show-error-end", "--no-pretty", "--no-color-output",
        "--hide-error-context", "--no-error-summary",
    )  # fmt: skip
    section = config.get("mypy")
    targeted = isinstance(section, dict) and bool({"files", "packages", "modules"} & set(section))
    targets = () if targeted else (".",)
    return _check(project, "mypy", (python.path, "-m", "mypy", *flags, *targets))


async def _tests(
    project: Project, tests: list[str], python: Interpreter, *, configured: bool
) -> list[Check]:
    if not tests:
        return []
    texts = [await project.text(path) for path in tests[:_READ]]
    functions = any(_PYTEST_STYLE.search(text) for text in texts)
    if configured or functions:
        return [_check(project, "pytest", (python.path, "-m", "pytest", "-q", "--tb=short"))]
    if not any(_UNITTEST_STYLE.search(text) for text in texts):
        return []
    runner = (python.path, str(REPORTER / "samokoder_report.py"), "discover")
    found = []
    for top in tops(tests):
        names = [path for path in tests if path.startswith(f"{top}/") or "/" not in path]
        late = any(path.endswith("_test.py") for path in names)
        pattern = ("-p", "*_test.py") if late and not _usual(names) else ()
        package = not top or project.has(f"{top}/__init__.py")
        place = ("-s", top or ".", *(("-t", ".") if package else ()))
        name = f"unittest:{top}" if top else "unittest"
        found.append(_check(project, "unittest", (*runner, *place, *pattern), name))
    return found


def _usual(paths: list[str]) -> bool:
    return any(path.rpartition("/")[2].startswith("test") for path in paths)


def _check(project: Project, kind: str, argv: tuple[str, ...], name: str = "") -> Check:
    return Check(name or kind, kind, argv, timeout=project.settings.timeout)


def _toml(text: str) -> dict[str, Any]:
    """The ``tool`` table of a pyproject; empty when it is missing or broken."""
    try:
        table = tomllib.loads(text).get("tool", {})
    except tomllib.TOMLDecodeError:
        return {}
    return table if isinstance(table, dict) else {}
