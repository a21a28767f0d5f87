"""What the code reads beside itself is in the wheel: templates, prompts, queries."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def test_data_files_are_in_the_wheel(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    argv = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    wanted = {
        file.relative_to(source).as_posix()
        for source in (ROOT / "agents", ROOT / "server", ROOT / "state")
        for suffix in ("*.jinja", "*.scm", "*.toml", "*.json")
        for file in source.rglob(suffix)
    }
    assert any("scaffold/templates" in name for name in wanted)
    assert any("context/queries" in name for name in wanted)
    assert wanted <= names
