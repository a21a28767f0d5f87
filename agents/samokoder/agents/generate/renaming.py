"""Whether a test was only renamed along with what it tests: then it is as strong as it was."""

import re
from collections.abc import Collection
from pathlib import PurePosixPath

from samokoder.agents.generate.plan import Task

_TOKEN = re.compile(rb"[A-Za-z_$][\w$]*|\S")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")


def names(task: Task) -> frozenset[str]:
    """Names the plan lets the task rename: public ones it breaks, modules it moves."""
    found = {name for w in task.works for text in w.breaks for name in _NAME.findall(text)}
    for work in task.works:
        if work.to:
            path = PurePosixPath(work.path)
            found |= {path.stem, *path.parts[:-1]}
    return frozenset(found)


def only(before: bytes, after: bytes | None, renamed: Collection[str]) -> bool:
    """Whether both texts are equal but for these names, each of which became one other name."""
    if after is None:
        return False
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    if len(old) != len(new):
        return False
    became: dict[bytes, bytes] = {}
    for was, now in zip(old, new, strict=True):
        if was == now:
            if was in became:
                return False
            continue
        if was.decode() not in renamed or not _NAME.fullmatch(now.decode("utf-8", "replace")):
            return False
        if became.setdefault(was, now) != now or now in old:
            return False
    return len(set(became.values())) == len(became)
