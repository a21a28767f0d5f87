"""In which order files and tasks can be worked on, and how long that takes at least."""

from collections.abc import Mapping, Sequence

from samokoder.agents.context.tags import is_test
from samokoder.agents.generate.plan import Task, Work


def needs(works: Sequence[Work]) -> dict[str, tuple[str, ...]]:
    """For each file by its new path, the files of the same task that come before it.

    A test file for which nothing is said comes after everything that is no test. What would wait
    for itself does not wait.
    """
    names = {name: w.target for w in works for name in (w.path, w.target)}
    wanted: dict[str, tuple[str, ...]] = {}
    for work in works:
        said = tuple(dict.fromkeys(names[n] for n in work.needs if n in names))
        if not work.needs and is_test(work.target):
            said = tuple(w.target for w in works if not is_test(w.target))
        wanted[work.target] = tuple(n for n in said if n != work.target)
    return _acyclic(wanted)


def _acyclic(wanted: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    open_: list[str] = []

    def visit(name: str) -> None:
        open_.append(name)
        kept = []
        for need in wanted[name]:
            if need in open_:
                continue
            if need not in found:
                visit(need)
            kept.append(need)
        found[name] = tuple(kept)
        open_.pop()

    for name in wanted:
        if name not in found:
            visit(name)
    return {name: found[name] for name in wanted}


def levels(wanted: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """How many files come before each one, on the longest way."""
    found: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in found:
            found[name] = 1 + max((depth(n) for n in wanted[name]), default=-1)
        return found[name]

    return {name: depth(name) for name in wanted}


def rounds(wanted: Mapping[str, tuple[str, ...]], parallel: int) -> int:
    """Rounds of calls that writing these files takes, so many at once, each as early as it can.

    Highest level first, which is the best there is for calls of equal length where the order is
    a forest, and never far from it elsewhere.
    """
    after: dict[str, list[str]] = {name: [] for name in wanted}
    for name, before in wanted.items():
        for need in before:
            after[need].append(name)
    height: dict[str, int] = {}

    def high(name: str) -> int:
        if name not in height:
            height[name] = 1 + max((high(n) for n in after[name]), default=0)
        return height[name]

    done: set[str] = set()
    count = 0
    while len(done) < len(wanted):
        ready = [n for n in wanted if n not in done and done.issuperset(wanted[n])]
        ready.sort(key=high, reverse=True)
        done.update(ready[:parallel])
        count += 1
    return count


def ready(tasks: Sequence[Task], ended: Mapping[str, str]) -> list[Task]:
    """Tasks whose turn it may be, in the order of the document. ``ended`` says by id how tasks
    ended; only "done" and "held" ones are built on.
    """
    known = {t.id for t in tasks}
    good = {id for id, end in ended.items() if end in ("done", "held")}
    good |= {t.id for t in tasks if t.done}
    return [
        t
        for t in tasks
        if not t.done and t.id not in ended and all(n in good or n not in known for n in t.needs)
    ]
