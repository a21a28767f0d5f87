"""The twelve briefs of `tests/scenarios/generate`, each over LSP and in the shell.

    python tests/benchmarks/generate_briefs.py [--briefs empty-todo,multi-words]

A scripted model answers what was written for it; the tree must be the golden one and the project's
own tests pass where it stands. One line a brief: seconds over LSP and in the shell, or what is
wrong. The tests run all of them over LSP and one of each class in the shell.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).parents[1] / "integration" / "generate"))

import test_briefs
from briefs import NAMES

FACES: dict[str, Callable[[str, Path], Awaitable[None]]] = {
    "lsp": test_briefs.test_over_lsp,
    "shell": lambda name, folder: test_briefs.test_in_the_shell(name, folder, folder),
}
VARIABLES = ("SAMOKODER_STATE_DIR", "SAMOKODER_CONFIG_DIR", "SAMOKODER_CACHE_DIR")


def once(name: str, face: str) -> tuple[float, str]:
    """Seconds, and what is wrong."""
    with tempfile.TemporaryDirectory(prefix="brief-") as folder:
        for variable in VARIABLES:
            own = Path(folder, variable.lower())
            own.mkdir()
            os.environ[variable] = str(own)
        work = Path(folder, "work")
        work.mkdir()
        started = time.monotonic()
        try:
            anyio.run(FACES[face], name, work)
        except AssertionError as error:
            return time.monotonic() - started, str(error).partition("\n")[0][:120] or "wrong"
        return time.monotonic() - started, ""


def main() -> int:
    """0 when all are well."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--briefs", default=",".join(NAMES))
    names = parser.parse_args().briefs.split(",")
    bad = done = 0
    print(f"{'brief':<20} {'over LSP':>9} {'shell':>9}")
    for name in names:
        tool = test_briefs.NEEDS.get(name)
        if tool and shutil.which(tool) is None:
            print(f"{name:<20} not run: no {tool} here", flush=True)
            continue
        found = [once(name, face) for face in FACES]
        wrong = "; ".join(
            f"{face}: {why}" for face, (_, why) in zip(FACES, found, strict=True) if why
        )
        times = " ".join(f"{seconds:7.1f} s" for seconds, _ in found)
        print(f"{name:<20} {times}  {wrong or 'well'}", flush=True)
        bad += sum(bool(why) for _, why in found)
        done += len(found)
    print(f"{done - bad} of {done} are well")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
