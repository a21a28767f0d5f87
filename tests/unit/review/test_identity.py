"""A finding keeps its name over moves, renames and rebases; a copy gets one of its own (R9)."""

import random
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from sourcing import Bench, Words, names, places

from samokoder.agents.review.request import ReviewRequest
from samokoder.agents.review.shelf import dismissal_of


def lay(root: Path, files: dict[str, str]) -> None:
    for old in list(root.rglob("*")):
        if old.is_file():
            old.unlink()
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


async def test_moved_lines_and_renamed_files_keep_their_findings(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    lay(tmp_path, {"a.py": "x = 1\ny = 'BUG one'\n", "b.py": "z = 'BUG two'\n"})
    first = await bench.review()
    assert len(first.findings) == 2
    lay(tmp_path, {"a.py": "# more\n\nx = 1\n    y = 'BUG one'\n", "sub/c.py": "z = 'BUG two'\n"})
    second = await bench.review()
    assert names(second) == names(first)
    assert places(second) == [("a.py", 4), ("sub/c.py", 1)]
    assert len(bench.shelf.kept) == 2, "no second row for the same finding"


async def test_a_copy_is_not_the_original(tmp_path: Path) -> None:
    """What is dismissed in one file is not dismissed in a new file with the same words."""
    bench = Bench(tmp_path)
    lay(tmp_path, {"a.py": "y = 'BUG'\n"})
    (only,) = (await bench.review()).findings
    dismissed(bench, only.fingerprint)
    lay(tmp_path, {"a.py": "y = 'BUG'\n", "b.py": "y = 'BUG'\n"})
    # the original is not even part of the second review
    (copy,) = (await bench.review(ReviewRequest(paths=("b.py",)))).findings
    assert copy.fingerprint != only.fingerprint
    again = await bench.review()
    assert places(again) == [("b.py", 1)]
    assert again.dismissed == 1


async def test_twins_that_move_together_keep_their_names(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    lay(tmp_path, {"a.py": "# first\ny = 'BUG'\n# second\ny = 'BUG'\n"})
    first = await bench.review()
    upper = min(first.findings, key=lambda f: f.finding.line)
    dismissed(bench, upper.fingerprint)
    lay(tmp_path, {"new.py": "import os\n\n# first\ny = 'BUG'\n# second\ny = 'BUG'\n"})
    second = await bench.review()
    assert places(second) == [("new.py", 6)], "the dismissed one is still the upper one"


async def test_what_is_gone_comes_back_under_its_name(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    lay(tmp_path, {"a.py": "y = 'BUG'\n"})
    (first,) = (await bench.review()).findings
    lay(tmp_path, {"a.py": "y = 1\n"})
    without = await bench.review()
    assert (without.findings, without.gone) == ((), 1)
    assert not bench.shelf.kept
    lay(tmp_path, {"b.py": "y = 'BUG'\n"})
    (again,) = (await bench.review()).findings
    assert again.fingerprint == first.fingerprint


def dismissed(bench: Bench, fingerprint: str) -> None:
    kept = bench.shelf.kept[fingerprint]
    bench.shelf.silenced[fingerprint] = dismissal_of(kept, "because")


BLOCKS = [
    "def f{n}(a):\n    return a + {n}\n",
    "class C{n}:\n    size = {n}\n",
    "x{n} = [{n}]\n",
    "def g{n}():\n    y = 'BUG {n}'\n    return y\n",
    "def h{n}():\n    y = 'BUG'\n    return y, {n}\n",
    "z{n} = 'BUG {n}'\n",
]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
async def test_nothing_doubles_and_no_dismissal_is_lost(
    tmp_path_factory: "object", seed: int
) -> None:
    """Files are renamed, blocks moved, code put between them; findings and dismissals stay."""
    root: Path = tmp_path_factory.mktemp("work")  # type: ignore[attr-defined]
    chance = random.Random(seed)
    files = {
        f"m{i}.py": [
            chance.choice(BLOCKS).format(n=10 * i + j) for j in range(chance.randint(1, 6))
        ]
        for i in range(chance.randint(1, 4))
    }
    bench = Bench(root, (Words(),))
    lay(root, {path: "\n".join(blocks) for path, blocks in files.items()})
    first = await bench.review()
    for one in first.findings:
        if chance.random() < 0.5:
            dismissed(bench, one.fingerprint)
    silenced = set(bench.shelf.silenced)
    shown, whose = set(names(first)) - silenced, named(bench, root)
    for _ in range(3):
        files = rebased(files, chance)
        lay(root, {path: "\n".join(blocks) for path, blocks in files.items()})
        again = await bench.review()
        assert set(names(again)) == shown, "neither a duplicate nor a lost dismissal"
        assert named(bench, root) == whose, "each name still means the same code"
        assert again.dismissed == len(silenced)
        assert set(bench.shelf.kept) == shown | silenced


def named(bench: Bench, root: Path) -> dict[str, str]:
    """The block each finding is in, told by its line and the one after it."""
    found = {}
    for name, kept in bench.shelf.kept.items():
        lines = (root / kept.finding.path).read_text().split("\n")
        found[name] = "\n".join(lines[kept.finding.line - 1 : kept.finding.line + 1])
    return found


def rebased(files: dict[str, list[str]], chance: random.Random) -> dict[str, list[str]]:
    """The same code somewhere else: a renamed file, blocks in another order, new code around."""
    found: dict[str, list[str]] = {}
    for path, blocks in files.items():
        new = list(blocks)
        if chance.random() < 0.4:
            new.insert(chance.randint(0, len(new)), f"added_{chance.randint(0, 10**6)} = 0\n")
        if chance.random() < 0.5:
            chance.shuffle(new)
        name = f"r{chance.randint(0, 10**6)}/{path}" if chance.random() < 0.4 else path
        found[name.rpartition("/")[2] if name.count("/") > 1 else name] = new
    return found
