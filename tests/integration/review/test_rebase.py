"""Reviews of a branch before and after rebases, moves and renames, in real git (R9)."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from anyio.to_thread import run_sync

sys.path.insert(0, str(Path(__file__).parents[2] / "unit" / "review"))

from sourcing import Bench, names

from samokoder.agents.review.request import ReviewRequest
from samokoder.agents.review.shelf import dismissal_of

OLD = [f"def old{n}(x):\n    a = x\n    b = a\n    return b + {n}\n" for n in range(4)]
NEW = [
    "def fresh{n}(x):\n    y = 'BUG {n}'\n    return x, y\n",
    "def again{n}(x):\n    y = 'BUG'\n    return x, {n}, y\n",
    "def fine{n}(x):\n    return x * {n}\n",
]


class Repository:
    def __init__(self, root: Path, chance: random.Random) -> None:
        self.root, self.chance = root, chance

    def git(self, *args: str) -> None:
        identity = ("-c", "user.name=t", "-c", "user.email=t@localhost")
        argv = ["git", "-c", "init.defaultBranch=main", *identity, *args]
        subprocess.run(argv, cwd=self.root, check=True, capture_output=True)

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def begin(self) -> None:
        self.git("init", "-q")
        for n in range(3):
            (self.root / f"m{n}.py").write_text("\n\n".join(OLD))
        self.commit("main")
        self.git("checkout", "-qb", "work")
        for n in range(3):
            blocks = [self.chance.choice(NEW).format(n=10 * n + i) for i in range(3)]
            path = self.root / f"m{n}.py"
            path.write_text(path.read_text() + "\n\n" + "\n\n".join(blocks))
        self.commit("work")

    def rebase(self) -> None:
        """main goes on at the top of the same files, and the branch follows."""
        self.git("commit", "-qam", "before the rebase", "--allow-empty")
        self.git("checkout", "-q", "main")
        for path in sorted(self.root.glob("*.py")):
            lines = self.chance.randint(0, 5)
            path.write_text("# main\n" * lines + path.read_text())
        (self.root / "log.txt").write_text(str(self.chance.random()))
        self.commit("main goes on")
        self.git("checkout", "-q", "work")
        self.git("rebase", "-q", "main")

    def rename(self) -> None:
        path = self.chance.choice(sorted(self.root.glob("**/m*.py")))
        target = self.root / f"d{self.chance.randint(0, 999)}" / path.name
        target.parent.mkdir(exist_ok=True)
        self.git("mv", str(path), str(target))
        if self.chance.random() < 0.5:
            self.commit("renamed")

    def move(self) -> None:
        """New code around and between; not committed."""
        for path in sorted(self.root.glob("**/m*.py")):
            blocks = path.read_text().split("\n\n")
            blocks.insert(self.chance.randint(3, len(blocks)), f"Z{self.chance.random()} = 1\n")
            path.write_text("\n\n".join(blocks))
        self.commit("moved")


@pytest.mark.parametrize("seed", range(5))
async def test_the_same_findings_under_the_same_names(tmp_path: Path, seed: int) -> None:
    repository = Repository(tmp_path, random.Random(seed))
    await run_sync(repository.begin)
    bench = Bench(tmp_path)
    request = ReviewRequest(base="main")
    first = await bench.review(request)
    silenced = set(names(first)[::2])
    for name in silenced:
        bench.shelf.silenced[name] = dismissal_of(bench.shelf.kept[name], "because")
    shown = set(names(first)) - silenced
    words = {name: kept.finding.quote for name, kept in bench.shelf.kept.items()}
    steps = [repository.rebase, repository.move, repository.rename, repository.move]
    repository.chance.shuffle(steps)
    for step in steps:
        await run_sync(step)
        again = await bench.review(request)
        assert set(names(again)) == shown, (seed, step.__name__)
        assert again.dismissed == len(silenced)
        assert {n: k.finding.quote for n, k in bench.shelf.kept.items()} == words
