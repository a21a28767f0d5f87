"""Of a large workspace only what a failure reaches is read (R8, scale)."""

from pathlib import Path

from samokoder.agents.checks.check import Check, CheckResult, Evidence, Problem
from samokoder.agents.repair import reach
from samokoder.agents.repair.case import Case
from samokoder.agents.runs.direct import DirectRun
from samokoder.agents.workspace.changeset import content_hash
from samokoder.agents.workspace.snapshot import Entry, Snapshot

FILES = {
    "src/shop/__init__.py": "",
    "src/shop/app.py": "from .prices import net\nfrom shop.deep import (\n    depth,\n)\n",
    "src/shop/prices.py": "import shop.money as money\n",
    "src/shop/money.py": "CENTS = 100\n",
    "src/shop/deep/__init__.py": "from shop.deep.depth import depth\n",
    "src/shop/deep/depth.py": "depth = 1\n",
    "src/shop/unused.py": "from shop import app\n",
    "tests/test_app.py": "from shop import app\nimport os, json\n",
}


class Counting:
    """Content that counts who asks for it."""

    def __init__(self) -> None:
        self.read_paths: list[str] = []

    async def read(self, path: str, entry: Entry) -> bytes:
        self.read_paths.append(path)
        return FILES.get(path, f"VALUE = '{path}'\n").encode()


def a_case(others: int) -> tuple[Case, Counting]:
    names = [*FILES, *(f"filler/m{n}.py" for n in range(others))]
    source = Counting()
    entries = {n: Entry(content_hash(FILES.get(n, n).encode()), 1) for n in names}
    snapshot = Snapshot(Path("/w"), entries, source, {})
    problem = Problem("tests/test_app.py", 1, "it fails", test="tests/test_app.py::test_it")
    result = CheckResult(Check("t", "pytest", ("t",)), 1, 0.1, "", (problem,), (problem.test,))
    return Case(DirectRun(snapshot), snapshot, (), Evidence((result,), (problem,))), source


async def test_only_what_the_failure_reaches_is_read() -> None:
    case, source = a_case(2500)
    found = await reach.texts(case)
    assert set(found) == set(FILES) - {"src/shop/unused.py"}
    assert next(iter(found)) == "tests/test_app.py"
    assert set(source.read_paths) == set(found), "nothing else is opened"


async def test_a_small_workspace_is_read_as_a_whole() -> None:
    case, _ = a_case(3)
    assert len(await reach.texts(case)) == len(FILES) + 3
