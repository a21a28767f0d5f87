"""The plan as a document: nothing is lost on the way there and back (R4)."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samokoder.agents.generate import document
from samokoder.agents.generate.plan import Plan, Task, Work, faults, normal

SOME = st.text(max_size=40)
PIECES = st.lists(
    st.sampled_from(
        ["# x", "- [ ] **T1: a**", "  - create `a`: b", "`", "``", "\\- a", "\\", "text", "",
         "- check: `x`", "> q", "## Tasks", "## Epic: z", "    - gives: `f`", "a\tb", "é → 🙂"]
    ),
    max_size=5,
).map("\n".join)  # fmt: skip
TEXTS = st.one_of(SOME, PIECES)
MANY = st.lists(TEXTS, max_size=3).map(tuple)
WORKS = st.builds(
    Work,
    path=TEXTS,
    action=st.sampled_from(["create", "edit", "rename", "delete"]),
    purpose=TEXTS,
    to=TEXTS,
    gives=MANY,
    needs=MANY,
    breaks=MANY,
)
TASKS = st.builds(
    Task,
    id=st.one_of(SOME, st.sampled_from(["T1", "T2", "x-y"])),
    title=TEXTS,
    detail=TEXTS,
    epic=TEXTS,
    works=st.lists(WORKS, max_size=3).map(tuple),
    checks=MANY,
    needs=st.lists(st.sampled_from(["T1", "T2", "?"]), max_size=2).map(tuple),
    done=st.booleans(),
)
PLANS = st.builds(
    Plan,
    title=TEXTS,
    brief=TEXTS,
    demands=TEXTS,
    design=TEXTS,
    tasks=st.lists(TASKS, max_size=4).map(tuple),
)


@settings(max_examples=400, deadline=None)
@given(PLANS)
def test_a_plan_comes_back_from_its_document_as_it_was(plan: Plan) -> None:
    clean = normal(plan)
    assert document.parse(document.render(clean)).plan == clean
    assert normal(clean) == clean


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.lists(TEXTS).map("\n".join)))
def test_any_text_is_printed_as_it_was_read(text: str) -> None:
    assert document.parse(text).text == text


@settings(max_examples=200, deadline=None)
@given(PLANS, st.data())
def test_ticking_changes_one_character(plan: Plan, data: st.DataObject) -> None:
    before = document.parse(document.render(normal(plan)))
    if not before.entries:
        return
    entry = data.draw(st.sampled_from(before.entries))
    after = before.ticked(entry.task.id)
    changed = [i for i, (a, b) in enumerate(zip(before.text, after.text, strict=True)) if a != b]
    assert len(changed) == (not entry.task.done)
    assert all(t.done for t in after.plan.tasks if t.id == entry.task.id)


WRITTEN = """\
# Plan: shop

My own words here.

## How it is built

One package.

## Epic: Core

- [x] **T1: Prices**
  Sum them up.
  - create `shop/price.py`: the prices
    - gives: `def total(items: list[Item]) -> int`
    - needs: `shop/item.py`
  - rename `a.py` → `b.py`
  - check: `pytest -q`

and a remark

* [ ] T2: Basket
\t- edit `shop/basket.py`: use the prices
\t\t- breaks: `Basket.sum`, `old`
  - needs: T1

## Later

- [ ] write a man page
"""


def test_what_people_write_is_understood() -> None:
    plan = document.parse(WRITTEN).plan
    assert plan.title == "shop"
    assert plan.design == "One package."
    first, second, third = plan.tasks
    assert first.done and first.id == "T1" and first.detail == "Sum them up."
    assert first.works == (
        Work(
            path="shop/price.py",
            purpose="the prices",
            gives=("def total(items: list[Item]) -> int",),
            needs=("shop/item.py",),
        ),
        Work(path="a.py", action="rename", to="b.py"),
    )
    assert first.checks == ("pytest -q",)
    assert second.needs == ("T1",)
    assert second.epic == "Core"
    assert second.works[0].breaks == ("Basket.sum", "old")
    assert third.title == "write a man page"
    assert third.epic == "Later"
    assert re.fullmatch(r"U[0-9a-f]{6}", third.id)


def test_a_reworded_task_is_another_one_a_moved_or_ticked_one_is_not() -> None:
    task = Task(id="T1", title="a", works=(Work(path="a.py"),))
    assert task.digest == Task(id="T1", title="a", works=(Work(path="a.py"),), done=True).digest
    assert task.digest != Task(id="T1", title="b", works=(Work(path="a.py"),)).digest


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (Work(path="../x.py"), "leaves the workspace"),
        (Work(path="AGENTS.md"), "rules for agents"),
        (Work(path="a.py", action="rename"), "renamed to nothing"),
        (Work(path="./a.py"), "one spelling"),
    ],
)
def test_paths_of_a_plan_are_looked_at(work: Work, said: str) -> None:
    assert any(said in fault for fault in faults(Task(id="T1", title="x", works=(work,))))
