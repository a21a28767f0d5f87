"""Set-up finds a Python that works by running the candidates, and says what to do without one."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def script(folder: Path, name: str, body: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def find(path: str, home: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(ROOT / "scripts" / "python")],
        env={"PATH": path, "HOME": str(home), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_shim_that_exists_and_fails_is_passed_over(tmp_path: Path) -> None:
    shims, real = tmp_path / "shims", tmp_path / "real"
    shims.mkdir()
    real.mkdir()
    script(shims, "python3.13", "echo 'python3.13: command not found' >&2; exit 127")
    script(shims, "python3.12", "exit 0")
    script(real, "python3.11", f'exec "{sys.executable}" "$@"')
    found = find(f"{shims}:{real}:/usr/bin:/bin", tmp_path)
    assert found.returncode == 0, found.stderr
    assert Path(found.stdout.strip()).samefile(sys.executable)


def test_a_named_python_is_the_only_candidate(tmp_path: Path) -> None:
    found = find(os.defpath, tmp_path, PYTHON=sys.executable)
    assert Path(found.stdout.strip()).samefile(sys.executable)
    old = script(tmp_path, "old", "echo 'is Python 3.9, 3.11 or newer is needed' >&2; exit 1")
    refused = find(os.defpath, tmp_path, PYTHON=str(old))
    assert refused.returncode == 1
    assert f"{old}: is Python 3.9" in refused.stderr
    assert "make setup PYTHON=" in refused.stderr


def test_a_python_without_venv_says_what_to_install(tmp_path: Path) -> None:
    bare = script(tmp_path, "bare", "echo 'has no module ensurepip' >&2; exit 1")
    refused = find(os.defpath, tmp_path, PYTHON=str(bare))
    assert "apt install python3-venv" in refused.stderr
