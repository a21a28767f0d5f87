"""The plan: epics of tasks, each with the files it makes or changes and how it is checked.

Plain values. :mod:`document` is the Markdown they are written in, which the user may edit.
"""

import hashlib
import re
from typing import Literal

import msgspec
from msgspec import Struct

from samokoder.agents.errors import PathRefused
from samokoder.agents.workspace import paths

Action = Literal["create", "edit", "rename", "delete"]


class Work(Struct, frozen=True, kw_only=True):
    """What happens to one file. ``to`` is the new path of a renamed one.

    ``gives`` are the signatures others may rely on, ``needs`` paths of the same task that are
    written before, ``breaks`` public names that may change or go.
    """

    path: str
    action: Action = "create"
    purpose: str = ""
    to: str = ""
    gives: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """The path when the work is done."""
        return self.to or self.path


class Task(Struct, frozen=True, kw_only=True):
    """One step that ends in a state that can be checked.

    ``works`` may be empty: then the tech lead names the files when its turn comes. ``checks`` are
    command lines beside the project's own checks; ``needs`` ids of tasks that come before.
    """

    id: str
    title: str
    detail: str = ""
    epic: str = ""
    works: tuple[Work, ...] = ()
    checks: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    done: bool = False

    @property
    def paths(self) -> frozenset[str]:
        """Every path the task may touch."""
        return frozenset(name for w in self.works for name in (w.path, w.to) if name)

    @property
    def digest(self) -> str:
        """Changes with every word that matters for the work; 12 hexadecimal digits."""
        same = msgspec.structs.replace(self, done=False, epic="", needs=())
        return hashlib.sha256(msgspec.json.encode(same)).hexdigest()[:12]


class Plan(Struct, frozen=True, kw_only=True):
    """``demands`` is what the result must do, ``design`` how it is built; both are Markdown."""

    title: str
    brief: str = ""
    demands: str = ""
    design: str = ""
    tasks: tuple[Task, ...] = ()

    def task(self, id: str) -> Task | None:
        """The task of this id."""
        return next((t for t in self.tasks if t.id == id), None)

    @property
    def open(self) -> tuple[Task, ...]:
        """Tasks that are not done, in the order of the document."""
        return tuple(t for t in self.tasks if not t.done)


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")


def line(text: str) -> str:
    """A text as one line."""
    return " ".join(_CONTROL.sub(" ", text).split())


def body(text: str) -> str:
    """A text of several lines without blanks at their ends."""
    clean = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\t", "    "))
    lines = [x.rstrip() for x in clean.split("\n")]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines)


def paragraph(text: str) -> str:
    """As :func:`body`, without blank lines and margins."""
    return "\n".join(x.strip() for x in body(text).split("\n") if x.strip())


def normal(plan: Plan) -> Plan:
    """The plan as the document can hold it: single lines, no control characters, ids unique."""
    tasks: list[Task] = []
    seen: set[str] = set()
    for n, task in enumerate(plan.tasks, 1):
        id = task.id if re.fullmatch(r"[A-Za-z][\w-]*", task.id, re.ASCII) else f"T{n}"
        while id in seen:
            id += "b"
        seen.add(id)
        tasks.append(
            Task(
                id=id,
                title=line(task.title).replace("*", "").strip() or id,
                detail=paragraph(task.detail),
                epic=line(task.epic),
                works=tuple(_work(w) for w in task.works if line(w.path)),
                checks=_lines(task.checks),
                needs=tuple(dict.fromkeys(n for n in task.needs if re.fullmatch(r"[\w-]+", n))),
                done=task.done,
            )
        )
    return Plan(
        title=line(plan.title) or "untitled",
        brief=body(plan.brief),
        demands=body(plan.demands),
        design=body(plan.design),
        tasks=tuple(tasks),
    )


def _work(work: Work) -> Work:
    return Work(
        path=line(work.path),
        action=work.action,
        purpose=line(work.purpose),
        to=line(work.to) if work.action == "rename" else "",
        gives=_lines(work.gives),
        needs=_lines(work.needs),
        breaks=_lines(work.breaks),
    )


def _lines(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found for t in texts if (found := line(t))))


def faults(task: Task) -> tuple[str, ...]:
    """Why the files of a task cannot be worked on; empty when they can."""
    found: list[str] = []
    seen: set[str] = set()
    for work in task.works:
        if work.action == "rename" and not work.to:
            found.append(f"{work.path} is renamed to nothing")
        for name in (n for n in (work.path, work.to) if n):
            try:
                clean = paths.clean(name)
            except PathRefused as error:
                found.append(error.detail)
                continue
            if clean != name:
                found.append(f"{name} is not in its one spelling ({clean})")
            if paths.protected(name):
                found.append(f"{name} holds rules for agents and cannot be changed")
        if work.path in seen:
            found.append(f"{work.path} is named twice")
        seen.add(work.path)
    return tuple(found)
