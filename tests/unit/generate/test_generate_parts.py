"""The parts of a generation that need no run: order, hunks, interfaces, answers, estimates."""

import json
import re
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from samokoder.agents.errors import AnswerUnusable, LimitReached
from samokoder.agents.generate import (
    additions,
    architect,
    asking,
    estimate,
    hunks,
    interfaces,
    ordering,
    renaming,
    reviewer,
    spec_writer,
    standing,
    tech_lead,
    together,
    wellformed,
)
from samokoder.agents.generate.plan import Task, Work
from samokoder.agents.generate.standing import Changed, Seen
from samokoder.agents.models import schemas
from samokoder.agents.models.model import Profile
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange, content_hash
from samokoder.agents.workspace.snapshot import Entry, Snapshot

# -- typed answers -------------------------------------------------------------------------------

SHAPES = (spec_writer.Spec, architect.Design, tech_lead.Steps, reviewer.Verdicts)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_role_s_schema_is_one_strict_providers_take(shape: type[Any]) -> None:
    schema = asking.schema_of(shape)
    Draft202012Validator.check_schema(schema)
    assert schemas.is_closed(schema)
    assert "$ref" not in json.dumps(schema)


@pytest.mark.parametrize(
    "text",
    [
        '{"title": "x", "demands": ["a"]}',
        'Here it is:\n```json\n{"title": "x", "demands": ["a"]}\n```\nDone.',
        '<think>{"no": 1}</think>{"title": "x", "demands": ["a"]}',
        '```\n{"title": "x", "demands": ["a"]}\n```',
    ],
)
def test_answers_are_found_in_what_is_around_them(text: str) -> None:
    assert asking.decode(text, spec_writer.Spec) == spec_writer.Spec("x", ("a",))


@pytest.mark.parametrize(
    ("text", "said"),
    [("no idea", "no JSON object"), ('{"title": 3}', "Expected"), ('{"title": ', "no JSON")],
)
def test_a_wrong_answer_says_what_is_wrong(text: str, said: str) -> None:
    found = asking.decode(text, spec_writer.Spec)
    assert isinstance(found, asking.Wrong)
    assert said in found.reason


# -- order ---------------------------------------------------------------------------------------


def _work(path: str, *needs: str) -> Work:
    return Work(path=path, needs=needs)


def test_files_wait_for_what_they_need_and_tests_for_everything() -> None:
    works = (_work("a.py", "b.py"), _work("b.py"), _work("test_a.py"))
    assert ordering.needs(works) == {
        "a.py": ("b.py",),
        "b.py": (),
        "test_a.py": ("a.py", "b.py"),
    }


def test_what_would_wait_for_itself_does_not_wait() -> None:
    works = (_work("a.py", "b.py"), _work("b.py", "c.py"), _work("c.py", "a.py", "c.py"))
    order = ordering.needs(works)
    assert ordering.levels(order) == {"a.py": 2, "b.py": 1, "c.py": 0}


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 8), max_size=4), min_size=1, max_size=9))
def test_an_order_without_circles_whatever_is_said(said: list[list[int]]) -> None:
    works = [_work(f"m{n}.py", *(f"m{k}.py" for k in needs)) for n, needs in enumerate(said)]
    order = ordering.needs(works)
    levels = ordering.levels(order)
    assert set(levels) == {w.path for w in works}
    assert all(levels[n] < levels[name] for name, before in order.items() for n in before)
    for parallel in (1, 3):
        rounds = ordering.rounds(order, parallel)
        least = max(-(-len(works) // parallel), max(levels.values()) + 1)
        assert least <= rounds <= len(works)


@pytest.mark.parametrize(
    ("levels", "parallel", "rounds"),
    [((10,), 5, 2), ((20,), 5, 4), ((10,), 10, 1), ((14, 13, 13), 5, 8), ((1, 9), 5, 3)],
)
def test_the_bound_of_a_level_plan(levels: tuple[int, ...], parallel: int, rounds: int) -> None:
    order: dict[str, tuple[str, ...]] = {}
    before: list[str] = []
    for level, count in enumerate(levels):
        names = [f"{level}.{n}" for n in range(count)]
        order |= {n: (before[i % len(before)],) if before else () for i, n in enumerate(names)}
        before = names
    assert ordering.rounds(order, parallel) == rounds


def test_tasks_come_in_the_document_s_order_but_after_what_they_need() -> None:
    tasks = (
        Task(id="T2", title="b", needs=("T1",)),
        Task(id="T3", title="c", needs=("gone",)),
        Task(id="T1", title="a"),
        Task(id="T4", title="d", done=True),
        Task(id="T5", title="e", needs=("T4",)),
    )
    assert [t.id for t in ordering.ready(tasks, {})] == ["T3", "T1", "T5"]
    assert [t.id for t in ordering.ready(tasks, {"T1": "done"})] == ["T2", "T3", "T5"]
    assert [t.id for t in ordering.ready(tasks, {"T1": "failed"})] == ["T3", "T5"]


async def test_several_pieces_of_work_end_with_the_error_that_counts() -> None:
    done: list[str] = []

    def piece(name: str, error: Exception | None = None) -> Any:
        async def work() -> str:
            await anyio.lowlevel.checkpoint()
            if error is not None:
                raise error
            done.append(name)
            return name

        return work

    assert await together.together({n: piece(n) for n in "ab"}) == {"a": "a", "b": "b"}
    works = {
        "a": piece("a", AnswerUnusable("x")),
        "b": piece("b", LimitReached("y")),
        "c": piece("c"),
    }
    with pytest.raises(LimitReached):
        await together.together(works)
    assert done == ["a", "b", "c"], "the others are finished"


# -- hunks ---------------------------------------------------------------------------------------

LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"\n", b"d"]), max_size=8).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(LINES, LINES, st.data())
def test_hunks_taken_out_leave_what_was_there(
    before: bytes, after: bytes, data: st.DataObject
) -> None:
    found = hunks.numbered({"f": (before, after)})
    keys = [h.key for h in found]
    assert len(set(keys)) == len(keys), "equal hunks have names of their own"
    assert hunks.without(before, found, ()) == after
    assert hunks.without(before, found, keys) == before
    out = data.draw(st.sets(st.sampled_from(keys))) if keys else set()
    left = hunks.without(before, found, out)
    assert {h.key[:16] for h in hunks.numbered({"f": (before, left)})} <= {
        k[:16] for k in keys
    } or len(out) not in (0, len(keys))


def test_hunks_are_numbered_over_all_files() -> None:
    found = hunks.numbered({"b": (b"1\n2\n3\n", b"1\nx\n3\n"), "a": (b"", b"new\n")})
    assert [(h.number, h.path, h.line) for h in found] == [(1, "a", 1), (2, "b", 2)]
    assert found[1].shown == " 1\n-2\n+x\n 3"


def test_changes_of_one_file() -> None:
    assert hunks.change("a", None, None) is None
    assert hunks.change("a", b"x", b"x") is None
    made = {
        kind: change.kind
        for kind, change in {
            "create": hunks.change("a", None, b""),
            "modify": hunks.change("a", b"x", b"y"),
            "delete": hunks.change("a", b"x", None),
        }.items()
        if change is not None
    }
    assert made == {k: ChangeKind(k) for k in ("create", "modify", "delete")}
    moved = hunks.change("b", b"x", b"x", old="a")
    assert moved == FileChange("a", ChangeKind.RENAME, content_hash(b"x"), None, "b")


# -- interfaces ----------------------------------------------------------------------------------

PYTHON = b'''\
LIMIT = 3


class Shop:
    """A shop."""

    def sell(self, item: str, count: int = 1) -> None:
        pass

    def _count(self):
        pass


def total(items: list[int]) -> int:
    return sum(items)


def _hidden():
    pass
'''


async def test_what_others_may_use_is_shown() -> None:
    shown = await interfaces.shown("shop.py", PYTHON)
    assert "def sell(self, item: str, count: int = 1) -> None" in shown
    assert "def total(items: list[int]) -> int" in shown
    assert "_hidden" not in shown and "_count" not in shown and "return sum" not in shown
    assert await interfaces.shown("a.txt", b"just words\n") == "just words"


@pytest.mark.parametrize(
    ("old", "new", "allowed", "said"),
    [
        (
            "def total(items: list[int]) -> int",
            "def total(items: list[int], tax: int)",
            (),
            "total",
        ),
        (
            "def total(items: list[int]) -> int",
            "def sum_up(items: list[int])",
            (),
            "`total` is gone",
        ),
        ("def total(items: list[int]) -> int", "def sum_up(items: list[int])", ("total",), ""),
        ("def total(items: list[int]) -> int", "def total(items)", ("def total(items)",), ""),
        ("return sum(items)", "return 0", (), ""),
        ("def _hidden()", "def _other()", (), ""),
        ("def sell(self, item: str", "def sell(self, item: int", (), "Shop.sell"),
        ("def sell(self, item: str", "def sell(self, item: int", ("Shop.sell",), ""),
    ],
)
async def test_public_names_others_rely_on(
    old: str, new: str, allowed: tuple[str, ...], said: str
) -> None:
    after = PYTHON.decode().replace(old, new).encode()
    found = await interfaces.broken("shop.py", PYTHON, after, allowed)
    assert said in found if said else found == ""


async def test_names_without_a_docstring() -> None:
    assert set(await interfaces.undocumented("shop.py", PYTHON)) == {"Shop.sell", "total"}
    assert await interfaces.undocumented("test_shop.py", PYTHON) == ()


# -- strength of tests ---------------------------------------------------------------------------

TEST = b"""\
import unittest

from shop import total


class T(unittest.TestCase):
    def test_total(self):
        self.assertEqual(total([1, 2]), 3)
"""


@pytest.mark.parametrize(
    ("old", "new", "names", "only"),
    [
        ("total", "sum_up", {"total"}, True),
        ("total", "sum_up", set(), False),
        ("total([1, 2]), 3", "total([1, 2]), 4", {"total"}, False),
        ("assertEqual", "assertIn", {"assertEqual"}, True),
        ("self.assertEqual(total", "self.assertEqual(self", {"total"}, False),
        ("from shop import total", "from shop import total, tax", {"total"}, False),
    ],
)
def test_only_renamed(old: str, new: str, names: set[str], only: bool) -> None:
    after = re.sub(rf"(?<!_){re.escape(old)}", new, TEST.decode()).encode()
    assert renaming.only(TEST, after, names) is only


def test_names_a_plan_may_rename() -> None:
    works = (
        Work(path="lib/helper.py", action="rename", to="lib/wording.py", breaks=("def do_it(x)",)),
        Work(path="b.py", action="edit"),
    )
    found = renaming.names(Task(id="T1", title="x", works=works))
    assert {"helper", "do_it"} <= found
    assert "b" not in found


@pytest.mark.parametrize(
    ("added", "kept"),
    [
        ("\n\nclass More(unittest.TestCase):\n    def test_more(self):\n        pass\n", False),
        ("\n\nLIMIT = 3\n", False),
        ("\n\ndef helper(x):\n    return x\n", False),
        ("\n\ndef total(x):\n    return 3\n", True),
        ("\n\nunittest = None\n", True),
        ("\n\ndef setUpModule():\n    cheat()\n", True),
        ("\n\ndef pytest_runtest_call(item):\n    pass\n", True),
        ("\n\nX = cheat()\n", True),
        ("\n\n@cheat\ndef helper():\n    pass\n", True),
    ],
)
def test_additions_that_cannot_reach_what_is_there_do_not_count(added: str, kept: bool) -> None:
    after = TEST + added.encode()
    left = additions.without(TEST, after)
    assert (left == after) is kept
    if not kept:
        assert left.rstrip() == TEST.rstrip()


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("a.json", '{"a": 1}', ""),
        ("a.json", '{"a": 1', "Expecting"),
        ("a.toml", "a = 1", ""),
        ("a.toml", "a = ", "Invalid value"),
        ("a.yaml", "a: [1, 2]\n", ""),
        ("a.yaml", "a: [1, 2\n", "expected"),
        ("a.html", "<!doctype html><p>x<br><ul><li>y</ul>", ""),
        ("a.html", "<div><span></div>", "inside <span>"),
        ("a.html", "<div>", "not closed"),
        ("a.css", "a { color: red }", ""),
        ("a.css", "a { color: red ", "bracket"),
        ("a.py", "def f(:\n", "line 1"),
        ("a.txt", "{", ""),
    ],
)
def test_files_that_nobody_runs_can_be_read(path: str, text: str, said: str) -> None:
    found = wellformed.fault(path, text.encode())
    assert said in found if said else found == ""


# -- estimates and what the user changed ----------------------------------------------------------


def test_an_estimate_grows_with_the_work_and_says_it_in_words() -> None:
    tasks = [Task(id="T1", title="x", works=(_work("a.py"), _work("b.py", "a.py")))]
    remote = Profile("openai", "gpt-4.1", remote=True)

    def guess(tasks: list[Task], profile: Profile | None, parallel: int = 4) -> Any:
        return estimate.estimate(tasks, profile, parallel=parallel, reviewed=True, documented=True)

    one, two = guess(tasks, remote), guess(tasks * 2, remote)
    assert 0 < one.calls < two.calls
    assert one.micros and two.micros and one.micros < two.micros
    assert guess(tasks, Profile("x", "y", remote=True)).micros is None
    assert guess([], remote).calls == 0
    local = guess(tasks, Profile("embedded", "z", remote=False), 1)
    assert local.micros == 0 and local.seconds > one.seconds
    module = Work(path="m.py", gives=("f(x)", "g(x)"))
    small = estimate.estimate(
        [Task(id="T1", title="x", works=(module, _work("test_m.py", "m.py")))],
        Profile("embedded", "z", small=True, remote=False),
        parallel=1, reviewed=False, documented=True, small=True,
    )  # fmt: skip
    assert (small.calls, small.seconds > 60) == (6, True), "three versions, claims of two functions"
    assert "about $0." in estimate.told(one) and "model calls" in estimate.told(one)
    assert "price unknown" in estimate.told(guess(tasks, Profile("x", "y", remote=True)))


class _Contents:
    async def read(self, path: str, entry: Entry) -> bytes:
        raise KeyError(path)


def _tree(**files: str) -> Snapshot:
    entries = {n: Entry(content_hash(t.encode()), len(t)) for n, t in files.items()}
    return Snapshot(Path("/nowhere"), entries, _Contents())


def _changed(path: str, text: str) -> Changed:
    return Changed(path, content_hash(text.encode()), len(text), 0o644)


def test_what_the_user_changes_is_taken_up_where_nothing_of_ours_waits() -> None:
    state = standing.begin(_tree(a="1", b="2", c="3"))
    mine = ChangeSet("x", (FileChange("b", ChangeKind.MODIFY, None, b"mine"),))
    standing.made(state, mine, applied=False)
    seen = Seen(changed=(_changed("a", "one"), _changed("b", "two")), gone=("c",))
    assert standing.take_up(state, seen) == ("a", "c")
    assert state.tree.files["a"].hash == content_hash(b"one")
    assert state.tree.files["b"].hash == content_hash(b"mine"), "ours, not applied yet"
    assert "c" not in state.tree.files
    standing.reached(state, mine)
    assert state.shown["b"].hash == content_hash(b"mine")


def test_edits_of_a_plan_in_words() -> None:
    old = {"T1": "a", "T2": "b", "T3": "c"}
    assert standing.differences(old, dict(old)) == []
    new = {"T3": "c", "T1": "A", "T9": "d"}
    assert standing.differences(old, new) == [
        "“b” is no longer in the plan",
        "“d” was added to the plan",
        "“a” now reads “A”",
        "the order of the plan was changed",
    ]
