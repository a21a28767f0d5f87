"""Writes the logs of the error corpus anew by running the real tools on small broken projects.

A case is ``tests/scenarios/logs/<tool>/NN.case``: a head (``kind``, ``run``, ``python``), then
files, each after a line ``-- path --``. A line that ends in ⟵ is one a report must name; the mark
is taken off before the tools see it. Beside it are written ``NN.log``, what the tools printed, with
the machine's paths replaced, and ``NN.json``, the labels.

    python tests/benchmarks/error_corpus.py [--path DIR]… [--pythons DIR] [--modules DIR] [TOOL]…

``--path`` folders are searched first for tools, ``--pythons`` holds interpreters by version,
``--modules`` is a node_modules folder that the projects see as theirs.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

LOGS = Path(__file__).parent.parent / "scenarios" / "logs"
ROOT = "/srv/project"
MARK = "⟵"
_FILE = re.compile(r"^-- (.+) --\n", re.MULTILINE)
_SECONDS = 180


def read_case(path: Path) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """The head, the files without marks, and the marked places as ``path:line``."""
    head, *parts = _FILE.split(path.read_text("utf-8"))
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    files, places = {}, []
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        for number, line in enumerate(text.splitlines(), 1):
            places += [f"{name}:{number}"] * line.count(MARK)
        files[name] = re.sub(rf"[ ]*{MARK}+", "", text)
    return fields, files, sorted(set(places))


def produce(case: Path, options: argparse.Namespace) -> None:
    head, files, expected = read_case(case)
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
        root = Path(folder) / "project"
        for name, text in files.items():
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
        paths = [str(Path(p).resolve()) for p in options.path]
        if "python" in head and options.pythons:
            paths.insert(0, str(options.pythons / head["python"] / "bin"))
        if options.modules:
            (root / "node_modules").symlink_to(options.modules.resolve())
            paths.append(str(options.modules.resolve() / ".bin"))
        env = {
            **os.environ,
            "PATH": os.pathsep.join([*paths, os.environ["PATH"]]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LC_ALL": "C.UTF-8",
            "CARGO_TARGET_DIR": f"{folder}/target",
            "GOFLAGS": "-mod=mod",
            "GOPROXY": "off",
        }
        for name in (
            "RUST_BACKTRACE",
            "VIRTUAL_ENV",
            "PYTHONHOME",
            "NO_COLOR",
            "FORCE_COLOR",
            "PYTEST_ADDOPTS",
        ):
            env.pop(name, None)
        done = subprocess.run(
            head["run"], shell=True, cwd=root, env=env, timeout=_SECONDS, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        text = scrubbed(done.stdout.decode("utf-8", "replace"), root, options)
    case.with_suffix(".log").write_text(text, "utf-8")
    labels = {
        "kind": head["kind"],
        "run": head["run"],
        "files": sorted(files),
        "expected": expected,
    }
    case.with_suffix(".json").write_text(
        json.dumps(labels, ensure_ascii=False, indent=1) + "\n", "utf-8"
    )


def scrubbed(text: str, root: Path, options: argparse.Namespace) -> str:
    """The text as it would read on a machine of no one in particular."""
    replaced = {str(root): ROOT, str(root.parent): "/tmp/build"}
    if options.modules:
        replaced[str(options.modules.resolve())] = f"{ROOT}/node_modules"
        replaced[os.path.relpath(options.modules.resolve(), root)] = "node_modules"
    if options.pythons:
        for folder in options.pythons.iterdir():
            replaced[str(folder)] = "/usr/local"
    replaced[str(Path(sys.prefix))] = "/srv/user/tools"
    replaced[str(Path.home())] = "/srv/user"
    for old, new in sorted(replaced.items(), key=lambda pair: -len(pair[0])):
        text = text.replace(old, new)
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", action="append", default=[])
    parser.add_argument("--pythons", type=Path)
    parser.add_argument("--modules", type=Path)
    parser.add_argument("tools", nargs="*")
    options = parser.parse_args()
    for case in sorted(LOGS.glob("*/*.case")):
        if not options.tools or case.parent.name in options.tools:
            produce(case, options)
            print(case.relative_to(LOGS))


if __name__ == "__main__":
    main()
