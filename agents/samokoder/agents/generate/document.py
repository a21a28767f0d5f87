"""The plan as a Markdown document with checkboxes, which the user edits like any other text.

What a person writes between the tasks stays as it is: a document is printed from the lines it was
read from. A task is a list item with a checkbox, its id and title in bold; what is indented below
it belongs to it. A task that somebody adds needs no more than ``- [ ] what to do``.
"""

import hashlib
import re
from dataclasses import dataclass, field

from samokoder.agents.generate.plan import Action, Plan, Task, Work
from samokoder.agents.workspace import paths
from samokoder.agents.workspace import text as texts

PATH = paths.PLAN
"""Where the plan is in a workspace."""

NOTE = "> Reorder, reword, delete or add tasks here, also while they are worked on. Ticked is done."

_BRIEF, _DEMANDS, _DESIGN, _TASKS, _EPIC = (
    "Brief",
    "What it must do",
    "How it is built",
    "Tasks",
    "Epic: ",
)
_TASK = re.compile(r"[-*+] \[(?P<mark>[ xX])\][ \t]+(?P<rest>\S.*)\Z")
_BOLD = re.compile(r"\*\*(?P<id>[A-Za-z][\w-]*): (?P<title>.*?)\*\*\Z", re.ASCII)
_PLAIN = re.compile(r"(?P<id>[A-Z]\d+)[:.] (?P<title>.*)\Z", re.ASCII)
_HEAD = re.compile(r"(?P<level>#{1,6})[ \t]+(?P<title>.*?)[ \t]*\Z")
_SPECIAL = re.compile(r"\\*(?:#|[-*+] |>)")
_HASH = re.compile(r"\\*#")
_FILE = re.compile(
    r"- (?P<action>create|edit|rename|delete) (?P<fence>`+)(?P<path>.+?)(?P=fence)(?!`)"
    r"(?: (?:→|->) (?P<wall>`+)(?P<to>.+?)(?P=wall)(?!`))?(?:: (?P<purpose>.*))?\Z"
)
_FIELD = re.compile(r"- (?P<name>gives|needs|breaks|check): (?P<text>.+)\Z")
_CODE = re.compile(r"(?P<fence>`+)(?P<text>.+?)(?P=fence)(?!`)")


@dataclass(frozen=True, slots=True)
class Entry:
    """A task and the lines ``[start, end)`` it takes, counted from 0."""

    task: Task
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """``lines`` have their ends; joined they are the text again."""

    lines: tuple[str, ...]
    entries: tuple[Entry, ...]
    title: str = ""
    sections: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The document, byte for byte what was read but for what was changed on purpose."""
        return "".join(self.lines)

    @property
    def plan(self) -> Plan:
        """What the document says."""
        return Plan(
            title=self.title,
            brief=self.sections.get(_BRIEF, ""),
            demands=self.sections.get(_DEMANDS, ""),
            design=self.sections.get(_DESIGN, ""),
            tasks=tuple(e.task for e in self.entries),
        )

    def ticked(self, id: str) -> "Document":
        """The document with a task's box ticked; unchanged when it is not there or ticked."""
        entry = next((e for e in self.entries if e.task.id == id), None)
        if entry is None or entry.task.done:
            return self
        lines = list(self.lines)
        lines[entry.start] = lines[entry.start].replace("[ ]", "[x]", 1)
        return parse("".join(lines))


def parse(text: str) -> Document:
    """Read a document. Nothing is an error: what is not understood is text between the tasks."""
    lines = tuple(texts.lines(text))
    bare = [texts.body(x).rstrip().expandtabs(2) for x in lines]
    title, epic, section = "", "", ""
    sections: dict[str, list[str]] = {}
    entries: list[Entry] = []
    seen: set[str] = set()
    n = 0
    while n < len(bare):
        head, item = _HEAD.match(bare[n]), _TASK.match(bare[n])
        if head is not None:
            section = "" if len(head["level"]) == 1 else head["title"]
            if not section and not title:
                title = head["title"].removeprefix("Plan: ")
            epic = "" if section == _TASKS else section.removeprefix(_EPIC)
        elif item is not None and section not in (_BRIEF, _DEMANDS, _DESIGN):
            end = n + 1
            while end < len(bare) and (bare[end].startswith("  ") or _blank_inside(bare, end)):
                end += 1
            task = _task(item, bare[n + 1 : end], epic)
            entries.append(Entry(_unique(task, seen), n, end))
            n = end
            continue
        elif section:
            sections.setdefault(section, []).append(_unescaped(bare[n], _HASH))
        n += 1
    bodies = {name: "\n".join(found).strip("\n") for name, found in sections.items()}
    return Document(lines, tuple(entries), title, bodies)


def render(plan: Plan) -> str:
    """The document of a new plan (see :func:`plan.normal`)."""
    out = [f"# Plan: {plan.title}", "", NOTE, ""]
    for name, body in ((_BRIEF, plan.brief), (_DEMANDS, plan.demands), (_DESIGN, plan.design)):
        if body:
            out += [f"## {name}", "", *(_escaped(x, _HASH) for x in body.split("\n")), ""]
    epic: str | None = None
    for task in plan.tasks:
        if task.epic != epic:
            epic = task.epic
            out += [f"## {_EPIC}{epic}" if epic else f"## {_TASKS}", ""]
        out += [*_item(task), ""]
    return "\n".join(out).rstrip("\n") + "\n"


def _item(task: Task) -> list[str]:
    out = [f"- [{'x' if task.done else ' '}] **{task.id}: {task.title}**"]
    if task.detail:
        out += [f"  {_escaped(x)}" for x in task.detail.split("\n")]
    for work in task.works:
        to = f" → {_code(work.to)}" if work.to else ""
        purpose = f": {work.purpose}" if work.purpose else ""
        out.append(f"  - {work.action} {_code(work.path)}{to}{purpose}")
        out += [f"    - gives: {_code(x)}" for x in work.gives]
        if work.needs:
            out.append(f"    - needs: {', '.join(map(_code, work.needs))}")
        if work.breaks:
            out.append(f"    - breaks: {', '.join(map(_code, work.breaks))}")
    out += [f"  - check: {_code(x)}" for x in task.checks]
    if task.needs:
        out.append(f"  - needs: {', '.join(task.needs)}")
    return out


def _task(item: re.Match[str], below: list[str], epic: str) -> Task:
    rest = item["rest"].rstrip()
    named = _BOLD.match(rest) or _PLAIN.match(rest)
    title = named["title"] if named is not None else rest.strip("* ")
    detail: list[str] = []
    works: list[Work] = []
    checks: list[str] = []
    needs: list[str] = []
    for raw in below:
        deep, text = raw.startswith("    "), raw.strip()
        file, said = _FILE.match(text), _FIELD.match(text)
        if file is not None and not deep:
            works.append(_file(file))
        elif said is not None and deep and works:
            works[-1] = _more(works[-1], said)
        elif said is not None and said["name"] == "check":
            checks += _codes(said["text"])
        elif said is not None and said["name"] == "needs":
            needs += re.findall(r"[\w-]+", said["text"])
        elif text:
            detail.append(_unescaped(text))
    return Task(
        id=named["id"] if named is not None else _id(title),
        title=title,
        detail="\n".join(detail),
        epic=epic,
        works=tuple(works),
        checks=tuple(checks),
        needs=tuple(needs),
        done=item["mark"] != " ",
    )


def _file(found: re.Match[str]) -> Work:
    action: Action = found["action"]  # type: ignore[assignment]  # the pattern holds just these
    path = _bare(found["path"], found["fence"])
    to = _bare(found["to"], found["wall"]) if found["to"] else ""
    return Work(path=path, action=action, to=to, purpose=found["purpose"] or "")


def _more(work: Work, said: re.Match[str]) -> Work:
    found = _codes(said["text"])
    gives, needs, breaks = work.gives, work.needs, work.breaks
    if said["name"] == "gives":
        gives = (*gives, *found)
    elif said["name"] == "needs":
        needs = (*needs, *found)
    elif said["name"] == "breaks":
        breaks = (*breaks, *found)
    return Work(
        path=work.path,
        action=work.action,
        purpose=work.purpose,
        to=work.to,
        gives=gives,
        needs=needs,
        breaks=breaks,
    )


def _blank_inside(bare: list[str], at: int) -> bool:
    """A blank line between two parts of one task."""
    return not bare[at] and at + 1 < len(bare) and bare[at + 1].startswith("  ")


def _unique(task: Task, seen: set[str]) -> Task:
    id = task.id
    while id in seen:
        id += "b"
    seen.add(id)
    if id == task.id:
        return task
    return Task(**{name: getattr(task, name) for name in task.__struct_fields__} | {"id": id})


def _id(title: str) -> str:
    """An id for a task somebody added: the same as long as its title is."""
    return "U" + hashlib.sha256(title.encode()).hexdigest()[:6]


def _code(text: str) -> str:
    longest = max((len(x) for x in re.findall(r"`+", text)), default=0)
    if not longest:
        return f"`{text}`"
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}"


def _codes(text: str) -> list[str]:
    found = [_bare(m["text"], m["fence"]) for m in _CODE.finditer(text)]
    return found or [text.strip()]


def _bare(text: str, fence: str) -> str:
    return text[1:-1] if len(fence) > 1 and text[:1] == text[-1:] == " " else text


def _escaped(line: str, what: re.Pattern[str] = _SPECIAL) -> str:
    return f"\\{line}" if what.match(line) else line


def _unescaped(line: str, what: re.Pattern[str] = _SPECIAL) -> str:
    return line[1:] if line.startswith("\\") and what.match(line) else line
