"""Prints where the diagnostics of broken projects stand, and what a fix without a model mends.

Run: scripts/engine run .venv/bin/python tests/benchmarks/preview_broken.py [NAME…]

Every project is previewed over a real LSP session. Bounds: the diagnostic on the right line in all
but one of every twenty; what is marked as mendable is mended through its code action, proven, and
the preview answers afterwards with nothing left to show.
"""

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine"))

import broken
import toolchains

SHARE = 19 / 20


def main(names: list[str]) -> int:
    hits = asked = mended = wanted = 0
    for case in broken.cases():
        if names and case.name not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            for name in ("CONFIG", "STATE", "CACHE", "RUNTIME"):
                os.environ[f"SAMOKODER_{name}_DIR"] = f"{folder}/{name.lower()}"
            root = Path(folder, "project")
            root.mkdir()
            try:
                seen = broken.play(case, root)
            except toolchains.Missing as error:
                print(f"{case.name:<22}skipped, no {error}")
                continue
        good = broken.right(case, seen)
        asked, hits = asked + 1, hits + good
        if case.fix:
            wanted, mended = wanted + 1, mended + (seen.healthy)
        place = case.at or f"({case.cause})"
        fix = f"   fix: {seen.verdict}{', healthy' if seen.healthy else ''}" if case.fix else ""
        print(f"{case.name:<22}{place:<22}{'right' if good else 'WRONG'}{fix}", flush=True)
        if not good:
            print(f"    shown: {seen.shown}  cause: {seen.cause}  said: {seen.said[:300]}")
    print(f"{hits} of {asked} on the right line; {mended} of {wanted} mended by the code action")
    return 0 if hits >= SHARE * asked and mended == wanted else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
