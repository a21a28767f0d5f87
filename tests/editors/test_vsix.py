"""The package of the VS Code extension: the same bytes for the same sources, small, no network."""

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from anyio.to_thread import run_sync

PROJECT = Path(__file__).parents[2]
EXTENSION = PROJECT / "vscode-extension"
TOOLS = EXTENSION / "node_modules" / "esbuild"

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not TOOLS.is_dir(),
    reason="the extension's tools are not installed here",
)


def packed(folder: Path, umask: int) -> bytes:
    """The package, built below a folder of its own, without a network where that can be had."""
    alone = ["unshare", "--map-root-user", "--net"]
    probe = [*alone, "true"]
    if (
        not shutil.which("unshare")
        or subprocess.run(probe, capture_output=True, check=False).returncode
    ):
        alone = []
    target = folder / "samokoder.vsix"
    builds = (
        ["node", "esbuild.mjs", "--production", f"--out={folder / 'out'}"],
        [sys.executable, str(PROJECT / "scripts" / "vsix.py"), str(folder / "out"), str(target)],
    )
    for argv in builds:
        done = subprocess.run(
            [*alone, *argv],
            cwd=EXTENSION,
            env={**os.environ, "TZ": f"UTC{umask:+d}", "PYTHONHASHSEED": str(umask)},
            umask=umask,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return target.read_bytes()


async def test_two_builds_give_the_same_bytes(tmp_path: Path) -> None:
    first = await run_sync(packed, tmp_path / "first", 0o022)
    again = await run_sync(packed, tmp_path / "some where else", 0o077)
    assert first == again
    assert len(first) < 2_000_000
    with zipfile.ZipFile(io.BytesIO(first)) as package:
        names = set(package.namelist())
        shown = json.loads(package.read("extension/package.json"))
        readme = package.read("extension/README.md").decode()
    assert f"extension/{shown['main'].removeprefix('./')}" in names
    assert {"extension/images/icon.png", "extension/LICENSE.txt"} <= names
    assert any(name.endswith(".whl") for name in names), "the server is inside"
    assert "extension/wheel/requirements.lock" in names
    assert not [name for name in names if "node_modules" in name or name.endswith((".map", ".ts"))]
    pictures = {part.partition(")")[0] for part in readme.split("](")[1:]}
    assert pictures
    assert {f"extension/{picture}" for picture in pictures} <= names
