"""The plan of a generation, as the client shows it: read from the document the user edits too."""

from collections.abc import Mapping
from pathlib import Path

from samokoder.server.acp import wire

_GOOD = ("done", "deleted")


def entries(path: Path, ended: Mapping[str, str]) -> list[tuple[str, wire.Status]]:
    """Each task with where it stands; nothing when there is no plan to be read.

    ``ended`` says how tasks of this run ended. Reads a file and imports, so not on the loop.
    """
    from samokoder.agents.generate import document

    try:
        plan = document.parse(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return []
    found: list[tuple[str, wire.Status]] = []
    for entry in plan.entries:
        task = entry.task
        end = ended.get(task.id, "done" if task.done else "")
        words = f"{task.id}: {task.title}" + (f" ({end})" if end and end not in _GOOD else "")
        found.append((words, "completed" if end else "pending"))
    for at, (words, status) in enumerate(found):
        if ended and status == "pending":
            found[at] = (words, "in_progress")
            break
    return found
