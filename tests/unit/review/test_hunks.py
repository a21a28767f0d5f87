"""What a model is shown, and where its quotes are found again (R9)."""

from pathlib import Path

import pytest

from samokoder.agents.review import hunks
from samokoder.agents.review.hunks import Hunk, located, reviewable, visible
from samokoder.agents.review.session import Texts
from samokoder.agents.review.source import Scope
from samokoder.agents.review.target import Target
from samokoder.agents.workspace.capture import Tree

LINES = [
    "def f(x):\n",
    "    a = 1\n",
    "\n",
    "    b = g(a)  # \u202eno\n",
    "    a = 1\n",
    "\treturn b\n",
]


@pytest.mark.parametrize(
    ("quote", "line", "expected"),
    [
        ("    a = 1", 1, (2, 5, 2, 10)),
        ("a = 1", 6, (5, 5, 5, 10)),
        ("a = 1\nb = g(a)  # \\u{202e}no", 1, (2, 5, 4, 20)),
        ("g(a)  #", 4, (4, 9, 4, 16)),
        ("a = 2", 2, None),
        ("g(a)", 4, None),  # too short to be looked for inside of a line
        ("", 1, None),
        ("a = 1\nreturn b", 5, (5, 5, 6, 10)),
        ("return b\nnothing", 6, None),
    ],
)
def test_where_a_quote_stands(
    quote: str, line: int, expected: tuple[int, int, int, int] | None
) -> None:
    assert located(quote, line, Hunk("a.py", 1, 6, "", ""), LINES) == expected


def test_only_the_hunk_is_searched() -> None:
    assert located("a = 1", 1, Hunk("a.py", 4, 6, "", ""), LINES) == (5, 5, 5, 10)


def test_what_is_hidden_is_written_out() -> None:
    assert visible("a\u202eb\u200bc\td\n") == "a\\u{202e}b\\u{200b}c\td\n"


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("src/a.py", True),
        ("a.ts", True),
        ("Dockerfile", True),
        ("package-lock.json", False),
        ("web/node_modules/x.js", False),
        ("a.min.js", False),
        ("README.md", False),
        ("poetry.lock", False),
    ],
)
def test_what_is_worth_a_look(path: str, wanted: bool) -> None:
    assert reviewable(path) is wanted


async def shown(root: Path, text: str, lines: tuple[tuple[int, int], ...] | None) -> list[Hunk]:
    (root / "a.py").write_text(text)
    snapshot = await Tree(root).capture()
    target = Target("x", snapshot, Scope({"a.py": lines}))
    return list(await hunks.hunks(target, Texts(snapshot)))


async def test_a_change_is_shown_with_the_definition_around_it(tmp_path: Path) -> None:
    text = "import os\n\n\ndef one():\n    return two(1)\n\n\ndef two(x):\n    return os.sep * x\n"
    (hunk,) = await shown(tmp_path, text, ((5, 5),))
    assert (hunk.first, hunk.last) == (4, 5)
    assert any("calls" in line and "two" in line for line in hunk.near)
    (hunk,) = await shown(tmp_path, text, ((9, 9),))
    assert any("two is called at a.py:5" in line for line in hunk.near)


async def test_moving_code_does_not_make_it_new(tmp_path: Path) -> None:
    text = "def one():\n    return 1\n"
    (first,) = await shown(tmp_path, text, ((2, 2),))
    (moved,) = await shown(tmp_path, f"import os\n\n\n{text}", ((5, 5),))
    assert first.key == moved.key
    (other,) = await shown(tmp_path, text.replace("1", "2"), ((2, 2),))
    assert first.key != other.key


async def test_a_long_file_is_cut_where_definitions_begin(tmp_path: Path) -> None:
    body = "".join(f"    x{n} = {n}\n" for n in range(90))
    text = "".join(f"def f{n}():\n{body}\n" for n in range(6))
    found = await shown(tmp_path, text, None)
    assert [h.first for h in found][:3] == [1, 185, 369]
    assert found[0].last + 1 == found[1].first
    assert found[-1].last == text.count("\n")
