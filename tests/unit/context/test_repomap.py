"""The map and the look-ups on real workspaces; what changed is all that is read again."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from samokoder.agents.context.graph import Graph
from samokoder.agents.context.repomap import Atlas
from samokoder.agents.context.tags import tags_of
from samokoder.agents.workspace.capture import Tree
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange
from samokoder.agents.workspace.snapshot import Snapshot

FILES = {
    "shop/models.py": (
        "class Order:\n    def total_price(self):\n        return sum_lines(self.lines)\n\n\n"
        "def sum_lines(lines):\n    return sum(lines)\n"
    ),
    "shop/api.py": (
        "from shop.models import Order\n\n\ndef show_order(id):\n"
        "    return Order(id).total_price()\n"
    ),
    "shop/mail.py": "def send_letter(to):\n    return to\n",
    "other/models.py": "class Order:\n    pass\n",
    "tests/test_api.py": (
        "from shop.api import show_order\n\n\ndef test_it():\n    assert show_order(1)\n"
    ),
    "README.md": "# Shop\n",
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    def write(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            target = tmp_path / "проект" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
        return tmp_path / "проект"

    return write


@pytest.fixture
async def shop(write: Callable[[Mapping[str, str]], Path]) -> Snapshot:
    return await Tree(write(FILES)).capture()


def changed(snapshot: Snapshot, path: str, text: str | None) -> Snapshot:
    kind = ChangeKind.DELETE if text is None else ChangeKind.MODIFY
    after = text.encode() if text is not None else None
    return snapshot.with_changes(ChangeSet("", (FileChange(path, kind, None, after),)))


async def test_the_map_begins_where_the_seeds_lead(shop: Snapshot) -> None:
    text = await Atlas().map_of(shop, ("shop/api.py",), 200)
    assert "shop/models.py:\n  class Order\n" in text
    assert "  def show_order(id)\n" in text
    assert text.index("shop/api.py") < text.index("shop/mail.py")
    assert "README.md" in text, "files without definitions are named while there is room"


async def test_a_name_is_a_seed_too(shop: Snapshot) -> None:
    atlas = Atlas()
    assert (await atlas.map_of(shop, ("send_letter",), 20)).startswith("shop/mail.py:")
    assert "send_letter" not in await atlas.map_of(shop, ("Order.total_price",), 20)


@pytest.mark.parametrize("budget", [0, 1, 10, 25, 60, 1000])
async def test_the_budget_is_kept(shop: Snapshot, budget: int) -> None:
    text = await Atlas().map_of(shop, ("shop/api.py", "unknown"), budget)
    assert len(text) <= budget * 4
    if budget >= 60:
        assert "class Order" in text


async def test_an_empty_workspace_has_an_empty_map(tmp_path: Path) -> None:
    assert await Atlas().map_of(await Tree(tmp_path).capture(), ("x",), 100) == ""


async def test_definitions_near_first(shop: Snapshot) -> None:
    atlas = Atlas()
    found = await atlas.definition(shop, "Order", near="shop/api.py")
    assert [(p.path, p.line, p.kind) for p in found] == [
        ("shop/models.py", 1, "class"),
        ("other/models.py", 1, "class"),
    ]
    (method,) = await atlas.definition(shop, "Order.total_price")
    assert (method.name, method.line, method.end) == ("Order.total_price", 2, 3)
    assert await atlas.definition(shop, "nothing") == ()


async def test_callers_and_callees(shop: Snapshot) -> None:
    atlas = Atlas()
    callers = await atlas.callers(shop, "show_order")
    assert [(p.path, p.line, p.name, p.in_test) for p in callers] == [
        ("tests/test_api.py", 5, "test_it", True)
    ]
    callees = await atlas.callees(shop, "shop/api.py", "show_order")
    assert [(p.path, p.name) for p in callees] == [
        ("shop/models.py", "Order"),
        ("shop/models.py", "Order.total_price"),
    ]
    assert await atlas.near(shop, "shop/api.py", ("show_order",)) == ((callees, callers),)
    assert [p.name for p in await atlas.callees(shop, "shop/models.py", "Order.total_price")] == [
        "sum_lines"
    ]
    assert [p.name for p in await atlas.defined(shop, "shop/models.py")] == [
        "Order",
        "Order.total_price",
        "sum_lines",
    ]


async def test_only_what_changed_is_read_again(shop: Snapshot) -> None:
    atlas = Atlas()
    await atlas.map_of(shop, (), 100)
    assert atlas.parsed == 5
    await atlas.map_of(shop, ("shop/mail.py",), 100)
    assert atlas.parsed == 5
    after = changed(shop, "shop/mail.py", "def send_parcel(to):\n    return to\n")
    assert "send_parcel" in await atlas.map_of(after, (), 200)
    assert atlas.parsed == 6
    back = await atlas.map_of(shop, (), 200)
    assert "send_letter" in back and "send_parcel" not in back
    assert atlas.parsed == 6, "a content that was read once is known"


async def test_a_file_that_is_gone_is_forgotten(shop: Snapshot) -> None:
    atlas = Atlas()
    assert len(await atlas.definition(shop, "Order")) == 2
    without = changed(shop, "other/models.py", None)
    assert [p.path for p in await atlas.definition(without, "Order")] == ["shop/models.py"]


async def test_the_same_bytes_in_another_language_are_other_tags(
    write: Callable[[Mapping[str, str]], Path],
) -> None:
    text = "class A {}\n"
    snapshot = await Tree(write({"a.java": text, "a.ts": text, "a.py": text})).capture()
    found = await Atlas().definition(snapshot, "A")
    assert {p.path for p in found} >= {"a.java", "a.ts"}


def flat(graph: Graph) -> dict[tuple[str, str], float]:
    return {(a, b): w for a, row in graph.edges().items() for b, w in row.items()}


def test_a_graph_kept_up_to_date_equals_one_made_anew() -> None:
    """However it came to be: 300 random edits of small files that use each other's names."""
    rng = random.Random(5)
    graph = Graph()
    now: dict[str, str] = {}
    for _ in range(300):
        path = f"p{rng.randrange(4)}/m{rng.randrange(6)}.py"
        if path in now and rng.random() < 0.2:
            del now[path]
            graph.update({}, [path])
        else:
            lines = [f"from p{rng.randrange(4)}.m{rng.randrange(6)} import name_{rng.randrange(8)}"]
            lines += [f"def name_{rng.randrange(8)}(): pass" for _ in range(rng.randrange(3))]
            lines += [f"name_{rng.randrange(8)}(name_{rng.randrange(8)})"]
            now[path] = "\n".join(lines)
            graph.update({path: (now[path], tags_of(path, now[path].encode()))})
        if rng.random() < 0.3:
            fresh = Graph()
            fresh.update({p: (t, tags_of(p, t.encode())) for p, t in now.items()})
            assert flat(graph) == pytest.approx(flat(fresh))
            assert graph.defining == fresh.defining and graph.referring == fresh.referring
