"""Writing to open documents, and taking it back when something later fails."""

from collections.abc import Iterable
from dataclasses import dataclass

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
    files: Iterable[Decision], editors: Editors, label: str, prefer: str | None
) -> list[Edited]:
    """Send every open file's change to every client that has it open, a client at a time.

    Raises :class:`disk.Stale` when a document is no longer the one that was looked at, and
    EditorRefused; what other clients had taken is taken back first.
    """
    by_client: dict[str, list[tuple[Decision, Buffer]]] = {}
    for file in files:
        for buffer in file.buffers:
            by_client.setdefault(buffer.client, []).append((file, buffer))
    edited: list[Edited] = []
    for client in sorted(by_client, key=lambda c: (c != prefer, c)):
        try:
            edited += await _send(client, by_client[client], editors, label)
        except Exception:
            await take_back(edited, editors)
            raise
    return edited


async def take_back(edited: Iterable[Edited], editors: Editors) -> None:
    """Give documents their old text back, keeping what was typed since.

    A document that was typed into at the same lines, or whose client does not answer, keeps the
    change: nothing of the user's is lost, and planning anew sees it.
    """
    by_client: dict[str, list[BufferEdit]] = {}
    for one in edited:
        now = _now(one.buffer, editors)
        if now is None:
            continue
        back = merge(one.text.encode(), now.text.encode(), one.buffer.text.encode()).content
        if back is not None and back != now.text.encode():
            edits = diff.edits(now.text, back.decode())
            by_client.setdefault(now.client, []).append(BufferEdit(now.path, now.version, edits))
    for client, changes in by_client.items():
        await editors.apply(client, tuple(changes), "Take back an incomplete change")


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
