"""`samokoder review` and its kin as a shell or a pipeline calls them (R9)."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from anyio.to_thread import run_sync

WEB = """\
import sqlite3

from flask import request


def show():
    db = sqlite3.connect("x")
    return db.execute("SELECT * FROM t WHERE n = '%s'" % request.args["n"])
"""


pytestmark = pytest.mark.timeout(240)
"""Every call starts a process of its own, which takes seconds on a busy machine."""


class Shell:
    """A workspace with a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.work = folder / "work"
        self.work.mkdir()
        self.env = {**os.environ}
        for name in ("STATE", "CACHE", "CONFIG", "RUNTIME"):
            (folder / name).mkdir(mode=0o700)
            self.env[f"SAMOKODER_{name}_DIR"] = str(folder / name)

    async def __call__(self, *args: str) -> "subprocess.CompletedProcess[str]":
        argv = [sys.executable, "-m", "samokoder.server.main", *args]
        return await run_sync(
            lambda: subprocess.run(
                argv, cwd=self.work, env=self.env, capture_output=True, text=True, timeout=50,
                check=False,
            )
        )  # fmt: skip

    async def json(self, *args: str) -> Any:
        return json.loads((await self(*args, "--json")).stdout)

    async def git(self, *args: str) -> None:
        identity = ("-c", "user.name=t", "-c", "user.email=t@localhost")
        argv = ["git", "-c", "init.defaultBranch=main", *identity, *args]
        await run_sync(lambda: subprocess.run(argv, cwd=self.work, check=True, capture_output=True))


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


async def test_exit_codes_and_formats(shell: Shell) -> None:
    (shell.work / "ok.py").write_text("def double(x):\n    return 2 * x\n")
    clean = await shell("review", "ok.py", "--no-model")
    assert clean.returncode == 0, clean.stdout + clean.stderr
    (shell.work / "web.py").write_text(WEB)
    told = await shell("review", "--no-model")
    assert told.returncode == 1
    assert told.stdout.startswith("web.py:8:12: error: "), told.stdout
    wrong = await shell("review", "nothere.py", "--no-model")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    listed = json.loads((await shell("review", "--no-model", "--format", "json")).stdout)
    assert [(f["path"], f["line"], f["severity"], f["cwe"]) for f in listed] == [
        ("web.py", 8, "error", "89")
    ]
    log = json.loads((await shell("review", "--no-model", "--format", "sarif")).stdout)
    assert log["version"] == "2.1.0"
    assert len(log["runs"][0]["results"]) == 1
    whole = await shell.json("review", "--no-model")
    assert whole["run"]["state"] == "succeeded"
    assert whole["findings"][0]["evidence"][0]["kind"] == "flow"
    assert whole["used"]["calls"] == 0


async def test_a_branch_fails_on_what_it_brings_and_on_nothing_else(shell: Shell) -> None:
    (shell.work / "old.py").write_text(WEB)
    await shell.git("init", "-q")
    await shell.git("add", ".")
    await shell.git("commit", "-qm", "old")
    nothing = await shell("review", "--no-model")
    assert nothing.returncode == 0
    assert "nothing to review" in nothing.stdout
    await shell.git("checkout", "-qb", "work")
    (shell.work / "new.py").write_text(WEB)
    (shell.work / "old.py").write_text(WEB + "\n\nLIMIT = 5\n")
    await shell.git("add", ".")
    await shell.git("commit", "-qm", "new")
    found = await shell.json("review", "--diff", "main", "--no-model")
    assert [f["path"] for f in found["findings"]] == ["new.py"], "what was there before is not new"
    commit = await shell.json("review", "--commit", "HEAD", "--no-model")
    assert [f["path"] for f in commit["findings"]] == ["new.py"]


async def test_dismissals_are_shared_by_a_file_and_survive_a_rename(shell: Shell) -> None:
    (shell.work / "web.py").write_text(WEB)
    (finding,) = (await shell.json("review", "--no-model"))["findings"]
    name = finding["fingerprint"]
    done = await shell("finding", "dismiss", name[:10], "--reason", "only in tests", "--share")
    assert done.returncode == 0, done.stderr
    file = shell.work / ".samokoder" / "dismissals.toml"
    assert 'reason = "only in tests"' in file.read_text()
    assert await shell.json("finding", "list") == []
    log = await shell.json("finding", "export")
    (result,) = log["runs"][0]["results"]
    assert result["suppressions"][0]["justification"] == "only in tests"

    # somebody else, with nothing but the project's files, where the file has moved
    other = Shell(_made(shell.work.parent / "other"))
    (other.work / ".samokoder").mkdir()
    (other.work / ".samokoder" / "dismissals.toml").write_text(file.read_text())
    (other.work / "moved.py").write_text("# moved\n" + WEB)
    answer = await other.json("review", "--no-model")
    assert (answer["findings"], answer["dismissed"]) == ([], 1)

    undone = await shell("finding", "dismiss", name[:10], "--revoke")
    assert undone.returncode == 0
    assert "fingerprint" not in file.read_text()
    assert [f["fingerprint"] for f in await shell.json("finding", "list")] == [name]


async def test_a_change_cannot_dismiss_its_own_findings(shell: Shell) -> None:
    (shell.work / "web.py").write_text(WEB)
    (finding,) = (await shell.json("review", "--no-model"))["findings"]
    await shell("finding", "dismiss", finding["fingerprint"], "--share")
    other = Shell(_made(shell.work.parent / "other"))
    (other.work / "a.py").write_text("x = 1\n")
    await other.git("init", "-q")
    await other.git("add", ".")
    await other.git("commit", "-qm", "first")
    (other.work / ".samokoder").mkdir()
    file = other.work / ".samokoder" / "dismissals.toml"
    file.write_text((shell.work / ".samokoder" / "dismissals.toml").read_text())
    (other.work / "web.py").write_text(WEB)
    answer = await other.json("review", "--no-model")
    assert [f["path"] for f in answer["findings"]] == ["web.py"]
    assert answer["dismissed"] == 0


async def test_a_file_of_dismissals_that_is_not_right_is_told_and_kept(shell: Shell) -> None:
    (shell.work / "web.py").write_text(WEB)
    (shell.work / ".samokoder").mkdir()
    file = shell.work / ".samokoder" / "dismissals.toml"
    file.write_text("dismissal = 5\n")
    answer = await shell.json("review", "--no-model")
    assert len(answer["findings"]) == 1
    assert any("dismissals.toml is not right" in note for note in answer["notes"])
    name = answer["findings"][0]["fingerprint"]
    failed = await shell("finding", "dismiss", name, "--share")
    assert failed.returncode == 2
    assert file.read_text() == "dismissal = 5\n"


async def test_what_was_found_before_a_cancellation_is_kept(shell: Shell) -> None:
    (shell.work / "web.py").write_text(WEB)
    script = shell.work.parent / "script.json"
    script.write_text(json.dumps({"rules": [{"answer": '{"findings": []}', "delay": 60}]}))

    def interrupted() -> int:
        argv = [sys.executable, "-m", "samokoder.server.main", "review", "--all"]
        argv += ["--model", f"scripted:{script}"]
        with subprocess.Popen(
            argv, cwd=shell.work, env=shell.env, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith("taint: 1"):
                    break
            time.sleep(0.5)
            process.send_signal(2)
            process.stderr.read()
            return process.wait(20)

    assert await run_sync(interrupted) == 130
    assert [f["path"] for f in await shell.json("finding", "list")] == ["web.py"]


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
