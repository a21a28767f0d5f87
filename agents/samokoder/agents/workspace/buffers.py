"""Writing to open documents, and taking it back when something later fails."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from samokoder.agents.errors import EditorRefused
from samokoder.agents.workspace import diff, disk
from samokoder.agents.workspace.decide import Decision
from samokoder.agents.workspace.merge import merge
from samokoder.agents.workspace.target import Buffer, BufferEdit, Editors


@dataclass(frozen=True, slots=True)
class Edited:
    """One document that took its new text; ``version`` is the one after."""

    file: Decision
    buffer: Buffer
    text: str
    version: int


async def write_buffers(
    files: Iterable[Decision],
    editors: Editors,
    label: str,
    prefer: str | None,
    edited: list[Edited],
) -> None:
    """Send every open file's change to every client that has it open, a client at a time.

    What was taken is put into ``edited``, also when this raises :class:`disk.Stale` because a
    document is no longer the one that was looked at, or EditorRefused.
    """
    by_client: dict[str, list[tuple[Decision, Buffer]]] = {}
    for file in files:
        for buffer in file.buffers:
            by_client.setdefault(buffer.client, []).append((file, buffer))
    for client in sorted(by_client, key=lambda c: (c != prefer, c)):
        edited += await _send(client, by_client[client], editors, label)


async def take_back(edited: Iterable[Edited], editors: Editors) -> set[str]:
    """Give documents their old text back, keeping what was typed since.

    A document that was typed into at the same lines, or whose client does not answer, keeps the
    change: nothing of the user's is lost, and planning anew sees it. Returns the paths of these.
    """
    by_client: dict[str, list[BufferEdit]] = {}
    paths: dict[str, set[str]] = {}
    left: set[str] = set()
    for one in edited:
        now = _now(one.buffer, editors)
        if now is None:  # closed, perhaps saved before
            left.add(one.file.path)
            continue
        back = merge(one.text.encode(), now.text.encode(), one.buffer.text.encode()).content
        if back is None:
            left.add(one.file.path)
        elif back != now.text.encode():
            edits = diff.edits(now.text, back.decode())
            by_client.setdefault(now.client, []).append(BufferEdit(now.path, now.version, edits))
            paths.setdefault(now.client, set()).add(one.file.path)
    for client, changes in by_client.items():
        if not await editors.apply(client, tuple(changes), "Take back an incomplete change"):
            left |= paths[client]
    return left


def moved(file: Decision, editors: Editors) -> bool:
    """Whether a file is open in other editors, or with other texts, than when it was looked at."""
    now = {b.client: b for at in _places(file) for b in editors.buffers(at)}
    return now != {b.client: b for b in file.buffers}


def _places(file: Decision) -> tuple[Path, ...]:
    found = file.standing.found
    return (found.real, found.target)


async def _send(
    client: str, files: list[tuple[Decision, Buffer]], editors: Editors, label: str
) -> list[Edited]:
    texts = [file.text_for(buffer) for file, buffer in files]
    if any(_now(buffer, editors) != buffer for _, buffer in files):
        raise disk.Stale(files[0][0].path)
    edits = tuple(
        BufferEdit(buffer.path, buffer.version, diff.edits(buffer.text, text))
        for (_, buffer), text in zip(files, texts, strict=True)
        if buffer.text != text
    )
    if edits and not await editors.apply(client, edits, label):
        if any(_now(buffer, editors) != buffer for _, buffer in files):
            raise disk.Stale(files[0][0].path)
        raise EditorRefused(", ".join(file.path for file, _ in files))
    return [
        Edited(file, buffer, text, now.version if (now := _now(buffer, editors)) else 0)
        for (file, buffer), text in zip(files, texts, strict=True)
    ]


def _now(buffer: Buffer, editors: Editors) -> Buffer | None:
    return next((b for b in editors.buffers(buffer.path) if b.client == buffer.client), None)
