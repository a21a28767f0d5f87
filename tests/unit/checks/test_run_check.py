"""Checks run on snapshots: what they say, at the user's own lines, confined and not."""

import ast
import re
import sys
import time
import venv
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread

from samokoder.agents.checks.check import Check, Severity
from samokoder.agents.checks.command import from_command
from samokoder.agents.checks.detect import detect
from samokoder.agents.checks.report import REPORTER
from samokoder.agents.checks.run import ENDED_EARLY, needs_trust
from samokoder.agents.checks.selection import select
from samokoder.agents.errors import EnvironmentMissing
from samokoder.agents.settings import CheckSettings, Settings
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange

FILES = {
    "calc.py": "def add(a, b):\n    return a - b\n\n\ndef boom():\n    raise ValueError('плохо')\n",
    "tests/test_calc.py": (
        "import sys\n\nsys.path.insert(0, '.')\nimport pytest\nfrom calc import add, boom\n\n\n"
        "def test_ok():\n    assert add(1, 0) == 1\n\n\n"
        "def test_add():\n    assert add(1, 2) == 3\n\n\n"
        "def test_boom():\n    boom()\n\n\n"
        "@pytest.mark.skip\ndef test_later():\n    pass\n"
    ),
}


def pytest_check(python: str, *more: str) -> Check:
    """Without the plugins that happen to be installed here: they take a second to import."""
    bare = ("env", "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1")
    return Check("pytest", "pytest", (*bare, python, "-m", "pytest", "-q", *more))


def unittest_check(python: str) -> Check:
    argv = (python, str(REPORTER / "samokoder_report.py"), "discover")
    return Check("unittest", "unittest", argv)


async def test_pytest_names_the_tests_and_the_users_lines(
    project: Any, run: Any, python: str
) -> None:
    result = await run(pytest_check(python), await project(FILES))
    assert result.exit_code == 1 and not result.ok
    assert result.failed == ("tests/test_calc.py::test_add", "tests/test_calc.py::test_boom")
    assert result.passed == ("tests/test_calc.py::test_ok",)
    assert result.skipped == ("tests/test_calc.py::test_later",)
    places = [(p.path, p.line, p.rule, p.test) for p in result.problems]
    assert places == [
        ("tests/test_calc.py", 13, "AssertionError", "tests/test_calc.py::test_add"),
        ("calc.py", 6, "ValueError", "tests/test_calc.py::test_boom"),
    ]
    assert "assert -1 == 3" in result.problems[0].message
    assert result.problems[1].message == "ValueError: плохо"
    assert [f.path for f in result.problems[1].related] == ["tests/test_calc.py"]
    assert "scratch" not in result.output, "the copy's path is not the user's concern"


async def test_a_changed_snapshot_is_what_is_tested(project: Any, run: Any, python: str) -> None:
    snapshot = await project(FILES)
    right = FILES["calc.py"].replace("a - b", "a + b").encode()
    change = FileChange("calc.py", ChangeKind.MODIFY, None, right)
    changed = snapshot.with_changes(ChangeSet("fix", (change,)))
    before = await run(pytest_check(python), snapshot)
    after = await run(pytest_check(python), changed)
    again = await run(pytest_check(python), snapshot)
    assert "tests/test_calc.py::test_add" in before.failed
    assert "tests/test_calc.py::test_add" in after.passed
    assert again.failed == before.failed, "taking the change away brings the failure back"
    assert after.tree == changed.hash


async def test_only_some_tests_can_be_run(project: Any, run: Any, python: str) -> None:
    snapshot = await project(FILES)
    one = select(pytest_check(python), ["tests/test_calc.py::test_ok"])
    result = await run(one, snapshot)
    assert (result.exit_code, result.passed, result.failed) == (
        0, ("tests/test_calc.py::test_ok",), (),
    )  # fmt: skip


async def test_a_module_that_cannot_be_imported_is_named(
    project: Any, run: Any, python: str
) -> None:
    files = {"test_a.py": "import helper\n\n\ndef test_a():\n    pass\n", "helper.py": "x = (\n"}
    result = await run(pytest_check(python), await project(files))
    assert [(p.path, p.line, p.rule) for p in result.problems] == [("helper.py", 1, "SyntaxError")]
    assert result.failed == ("test_a.py",)


async def test_fixture_errors_and_tear_downs_count_as_failures(
    project: Any, run: Any, python: str
) -> None:
    text = (
        "import pytest\n\n\n@pytest.fixture\ndef broken():\n    raise OSError('нет')\n\n\n"
        "@pytest.fixture\ndef closing():\n    yield\n    raise OSError('late')\n\n\n"
        "def test_a(broken):\n    pass\n\n\ndef test_b(closing):\n    pass\n\n\n"
        "def test_c(unknown_fixture):\n    pass\n"
    )
    result = await run(pytest_check(python), await project({"test_f.py": text}))
    assert [(p.line, p.test) for p in result.problems] == [
        (6, "test_f.py::test_a"), (12, "test_f.py::test_b"), (23, "test_f.py::test_c"),
    ]  # fmt: skip
    assert result.failed == ("test_f.py::test_a", "test_f.py::test_b", "test_f.py::test_c")
    assert result.passed == ()


@pytest.mark.parametrize(
    "text",
    [
        "import os\n\n\ndef test_a():\n    assert False\n\n\ndef test_z():\n    os._exit(0)\n",
        "import os\n\nos._exit(0)\n",
    ],
)
async def test_ending_the_interpreter_is_no_success(
    project: Any, run: Any, python: str, text: str
) -> None:
    """A cheat: exit code 0 without the tests having come to their end."""
    result = await run(pytest_check(python), await project({"test_e.py": text}))
    assert result.exit_code == ENDED_EARLY and not result.ok


async def test_unittest_runs_without_pytest(project: Any, run: Any, python: str) -> None:
    text = (
        "import unittest\n\n\nclass T(unittest.TestCase):\n"
        "    def test_a(self):\n        self.assertEqual(1, 2)\n\n"
        "    def test_b(self):\n        pass\n\n"
        "    def test_sub(self):\n        for n in (1, 2):\n"
        "            with self.subTest(n=n):\n                self.assertEqual(n, 1)\n\n"
        "    @unittest.skip('x')\n    def test_s(self):\n        pass\n"
    )
    snapshot = await project({"test_u.py": text, "test_gone.py": "import nowhere_mod\n"})
    result = await run(unittest_check(python), snapshot)
    assert result.failed == ("test_gone", "test_u.T.test_a", "test_u.T.test_sub")
    assert result.passed == ("test_u.T.test_b",)
    assert result.skipped == ("test_u.T.test_s",)
    assert [(p.path, p.line) for p in result.problems] == [
        ("test_gone.py", 1), ("test_u.py", 6), ("test_u.py", 14),
    ]  # fmt: skip
    one = await run(select(unittest_check(python), ["test_u.T.test_b"]), snapshot)
    assert (one.exit_code, one.passed, one.failed) == (0, ("test_u.T.test_b",), ())


async def test_the_unittest_runner_prints_and_exits_as_unittest_does(
    project: Any, run: Any, python: str
) -> None:
    text = (
        "import unittest\n\n\nclass T(unittest.TestCase):\n    def test_a(self):\n        1 / 0\n"
    )
    snapshot = await project({"test_u.py": text})
    ours = await run(unittest_check(python), snapshot)
    plain = await run(Check("p", "unittest", (python, "-m", "unittest", "discover")), snapshot)
    seconds = re.compile(r"\d+\.\d+s")
    assert seconds.sub("", ours.output) == seconds.sub("", plain.output)
    assert ours.exit_code == plain.exit_code == 1
    assert [(p.path, p.line, p.test) for p in plain.problems] == [
        ("test_u.py", 6, "test_u.T.test_a")
    ]


async def test_a_users_plain_command_is_run_as_it_is(project: Any, run: Any, python: str) -> None:
    snapshot = await project({"main.py": "def f():\n    return {}['x']\n\n\nf()\n"})
    check = from_command(f"{python} main.py", origin="user", timeout=20)
    result = await run(check, snapshot)
    assert check.kind == "command" and check.argv == (python, "main.py")
    assert [(p.path, p.line, p.rule) for p in result.problems] == [("main.py", 2, "KeyError")]


async def test_a_passing_command_has_no_problems_whatever_it_prints(
    project: Any, run: Any, python: str
) -> None:
    snapshot = await project({"main.py": "print('main.py:1:1: error: not really')\n"})
    result = await run(from_command(f"{python} main.py", origin="user", timeout=20), snapshot)
    assert result.ok and result.problems == ()


async def test_ruff_needs_no_trust_and_says_what_breaks(project: Any, run: Any) -> None:
    snapshot = await project({"a.py": "import os\nprint(undefined)\n", "b.py": "def f(:\n"})
    check = (await detect(snapshot, Settings()))[0]
    assert check.kind == "ruff" and not needs_trust(check)
    result = await run(check, snapshot)
    said = {(p.path, p.line, p.severity) for p in result.problems}
    assert ("a.py", 2, Severity.ERROR) in said, "an undefined name"
    assert ("b.py", 1, Severity.ERROR) in said, "a syntax error"
    assert ("a.py", 1) not in {(path, line) for path, line, _ in said}, "not a matter of style"


async def test_a_check_that_hangs_is_stopped(project: Any, run: Any) -> None:
    check = Check("slow", "command", ("sleep", "30"), timeout=0.3)
    result = await run(check, await project({"a.txt": "x"}))
    assert result.timed_out and not result.ok and result.seconds < 5


@pytest.mark.parametrize(
    "argv", [("no-such-tool-x",), (sys.executable, "-I", "-S", "-m", "pytest")]
)
async def test_a_tool_that_is_missing_is_named(
    project: Any, run: Any, argv: tuple[str, ...]
) -> None:
    with pytest.raises(EnvironmentMissing, match=r"no-such-tool-x|pytest"):
        await run(Check("x", "command", argv), await project({"a.txt": "x"}))


async def test_an_editable_install_tests_the_copy_not_the_workspace(
    project: Any, run: Any, tmp_path: Path
) -> None:
    """The environment's path file points into the workspace; the copy must be imported."""
    test = (
        "import unittest\nimport shop\n\n\nclass T(unittest.TestCase):\n"
        "    def test_a(self):\n        self.assertEqual(shop.VALUE, 'new')\n"
    )
    files = {"src/shop/__init__.py": "VALUE = 'old'\n", "test_s.py": test}
    snapshot = await project({**files, "pyproject.toml": ""})
    root = snapshot.root
    await to_thread.run_sync(lambda: venv.create(root / ".venv", with_pip=False, symlinks=True))
    site = next((root / ".venv").glob("lib/python3*/site-packages"))
    (site / "shop.pth").write_text(f"{root / 'src'}\n")
    change = FileChange("src/shop/__init__.py", ChangeKind.MODIFY, None, b"VALUE = 'new'\n")
    changed = snapshot.with_changes(ChangeSet("fix", (change,)))
    check = unittest_check(str(root / ".venv" / "bin" / "python"))
    after = await run(check, changed)
    assert after.ok, after.output
    assert after.stray == ()
    before = await run(check, snapshot)
    assert before.failed == ("test_s.T.test_a",), "the control"


async def test_modules_that_came_from_the_workspace_all_the_same_are_reported(
    project: Any, run: Any, python: str
) -> None:
    files = {"src/old.py": "x = 1\n"}
    snapshot = await project(files)
    test = (
        f"import sys\nsys.path.insert(0, {str(snapshot.root / 'src')!r})\nimport unittest\n"
        "import old\n\n\nclass T(unittest.TestCase):\n    def test_a(self):\n        pass\n"
    )
    snapshot = await project({**files, "test_o.py": test})
    result = await run(unittest_check(python), snapshot)
    assert result.stray == (("old",) if result.sandbox == "none" else ())


async def test_what_a_check_costs_besides_the_tool(project: Any, run: Any, python: str) -> None:
    """The copy, the confinement, the reading, in time of our own process: about 4 ms."""
    snapshot = await project({"a.txt": "x"})
    taken = []
    for _ in range(6):
        started = time.process_time()
        await run(Check("t", "command", ("true",)), snapshot)
        taken.append(time.process_time() - started)
    assert min(taken) < 0.03


async def test_the_settings_name_the_commands(project: Any) -> None:
    snapshot = await project(FILES)
    settings = Settings(check=CheckSettings(commands=("pytest -q", "make lint && true"), timeout=9))
    first, second = await detect(snapshot, settings)
    assert (first.kind, first.argv, first.origin) == ("pytest", ("pytest", "-q"), "settings")
    assert (second.kind, second.argv[:2], second.timeout) == ("command", ("sh", "-c"), 9)
    assert needs_trust(first)


def test_the_reporter_runs_on_old_pythons() -> None:
    """3.7 is the oldest; anything newer in its syntax would break such a project's tests."""
    ast.parse((REPORTER / "samokoder_report.py").read_text("utf-8"), feature_version=(3, 7))
