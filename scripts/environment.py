"""Install a hashed lock file into the environment this runs in, and say what it cost.

Standard library only. Every file is downloaded and checked against the lock first, then installed
from the folder it was downloaded to, so the size printed is the size that was really fetched.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)")
BUILD_TOOLS = ("setuptools",)
"""Needed before the packages that come as source only."""


def entries(lock: str) -> list[tuple[str, str, str]]:
    """(normalised name, version, the lines of the lock) of every package in a lock file."""
    found: list[tuple[str, str, list[str]]] = []
    for line in lock.splitlines():
        pin = PIN.match(line)
        if pin:
            name = re.sub(r"[-_.]+", "-", pin["name"]).lower()
            found.append((name, pin["version"], [line]))
        elif found and line.startswith("    --hash="):
            found[-1][2].append(line)
    return [(name, version, "\n".join(lines)) for name, version, lines in found]


def missing(lock: str) -> dict[str, str]:
    """The lines of every package of the lock that is not installed here yet, by name."""
    here = {
        (re.sub(r"[-_.]+", "-", dist.metadata["Name"]).lower(), dist.version)
        for dist in distributions()
    }
    return {
        name: lines.rstrip("\\ ")
        for name, version, lines in entries(lock)
        if (name, version) not in here
    }


def pip(*arguments: str) -> None:
    """Run this environment's pip; its own message is what the user sees when it fails."""
    done = subprocess.run([sys.executable, "-m", "pip", *arguments], check=False)
    if done.returncode:
        sys.exit(
            f"Installing failed (pip {arguments[0]}, exit code {done.returncode}); see above. "
            "Nothing outside .venv was changed; run the same command again once it is mended."
        )


def size(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())


def install(packages: dict[str, str]) -> int:
    """Install lines of a lock; the number of bytes that were downloaded."""
    if not packages:
        return 0
    with tempfile.TemporaryDirectory() as name:
        lock = Path(name, "part.lock")
        lock.write_text("\n".join(packages.values()) + "\n", "utf-8")
        files = Path(name, "files")
        # Without isolation nothing unhashed is fetched for a package that must be built.
        build = ("--use-pep517", "--no-build-isolation", "--require-hashes")
        pip("wheel", "-qq", "--no-deps", *build, "-r", str(lock), "--wheel-dir", str(files))
        # Empty when every line is for another platform.
        wheels = sorted(map(str, files.glob("*.whl")))
        if wheels:
            pip("install", "-qq", "--no-deps", "--no-compile", "--no-index", *wheels)
        return size(files) if wheels else 0


def main() -> None:
    """Install, compile, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lock", type=Path)
    lock: Path = parser.parse_args().lock
    start = time.monotonic()
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"Installing {lock.name} into {sys.prefix} (Python {version})", flush=True)
    packages = missing(lock.read_text("utf-8"))
    tools = {name: packages.pop(name) for name in BUILD_TOOLS if name in packages}
    downloaded = install(tools) + install(packages)
    pip("install", "-qq", "--no-deps", "--no-build-isolation", "--no-index", "-e", str(ROOT))
    # All cores at once: pip alone takes two to three times as long.
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", "-j", "0", sys.prefix],
        check=False,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    print(
        f"Ready in {time.monotonic() - start:.0f} s: downloaded {downloaded / 1e6:.1f} MB, "
        f"installed {size(Path(sys.prefix)) / 1e6:.0f} MB."
    )


if __name__ == "__main__":
    main()
