"""The benchmark of the state's growth, shortened (R18)."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "state_growth.py"


def test_the_state_stays_small_and_the_benchmark_runs() -> None:
    command = [sys.executable, "-W", "error", str(BENCHMARK), "--steps", "60", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    found = json.loads(done.stdout)["designs"]
    ours, theirs = found["delta manifests"]["bytes"], found["JSON snapshots"]["bytes"]
    # all 200 files and 25 tasks are there after the last step, 60 states in the baseline
    assert ours < 1_500_000 < 20_000_000 < theirs
