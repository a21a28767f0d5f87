"""`samokoder.diagnostics`, and changes that only the editor's other servers can judge.

Where no check can prove a change, it may be applied in the editor after consent; the diagnostics
that come next decide: it stays when the complaint is gone and no new one came, else it is undone.
"""

import time
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from samokoder.agents.errors import InvalidInput
from samokoder.agents.runs.undoing import Selection
from samokoder.server.commands.command import Args, Call, Command
from samokoder.server.commands.shared import Uri
from samokoder.server.forwarded import Said

if TYPE_CHECKING:
    from samokoder.server.commands.fix import Diagnostic

_APPLY, _LEAVE = "Apply and watch", "Leave it"
WAIT = 20.0
"""Seconds the editor has to say something new of a changed document."""
_CALM = 3.0
"""Seconds in which a server may correct what it said first."""
_NEAR = 3
"""Lines by which a complaint may move and still be the same one."""


class DiagnosticsArgs(Args, frozen=True):
    uri: Uri = ""
    diagnostics: Annotated[
        tuple[Said, ...], Meta(description="All that stands at the document now.")
    ] = ()


class Heard(msgspec.Struct, frozen=True):
    """How many diagnostics were taken note of."""

    count: int = 0


async def diagnostics(call: Call, args: DiagnosticsArgs) -> Heard:
    if call.client is None or not args.uri:
        return Heard()
    call.service.forwarded.put(call.client, args.uri, args.diagnostics)
    return Heard(len(args.diagnostics))


def said_of(diagnostic: "Diagnostic") -> Said:
    """The diagnostic a fix was asked for, in the words of :mod:`forwarded`."""
    return Said(diagnostic.message, diagnostic.source, diagnostic.code, diagnostic.line)


def can_watch(call: Call, uri: str) -> bool:
    """Whether this client forwards what stands at the document."""
    return call.client is not None and call.service.forwarded.known(call.client, uri) is not None


async def settled(call: Call, run_id: str, uri: str, asked: Said) -> tuple[bool, str]:
    """Apply what the run proposes, if the user agrees, and keep it while the editor is content.

    Whether it stayed, and what was seen, in words.
    """
    forwarded, client = call.service.forwarded, call.client
    before = forwarded.known(client or "", uri)
    if client is None or before is None:
        return False, ""
    who = asked.source or "its server"
    question = (
        f"No tool here can show that the change is right. Apply it and watch what {who} says? "
        "It is taken back if the complaint stays or a new one appears."
    )
    if await call.choose(question, (_APPLY, _LEAVE)) != _APPLY:
        return False, "not applied: nobody agreed to it"
    heard = forwarded.times(client, uri)
    try:
        taken = await call.service.engine.apply(run_id, client=client)
    except InvalidInput as error:
        return False, f"not applied: {error}"
    if taken.conflicts or not taken.changed:
        return False, taken.message or "not applied"
    seen = await _judged(call, uri, asked, before, heard)
    if not seen:
        return True, f"{who} no longer complains, and of nothing new"
    undone = await call.service.engine.undo(run_id, Selection(), client=client)
    left = f"; not all of it: {undone.message}" if undone.conflicts else ""
    return False, f"taken back, {seen}{left}"


async def _judged(call: Call, uri: str, asked: Said, before: tuple[Said, ...], heard: int) -> str:
    """Why the change cannot stay; empty when it can. ``heard``: how often the editor had told
    something before.
    """
    assert call.client is not None
    forwarded = call.service.forwarded
    deadline = time.monotonic() + WAIT
    verdict, first = "the editor said nothing of it", True
    while (left := deadline - time.monotonic()) > 0:
        now = await forwarded.news(call.client, uri, heard, left if first else _CALM)
        if now is None:
            break
        heard = forwarded.times(call.client, uri)
        first = False
        verdict = wrong(asked, before, now)
    return verdict


def wrong(asked: Said, before: Iterable[Said], now: Iterable[Said]) -> str:
    """What speaks against a change: the complaint is still there, or there is a new one."""
    mine = (asked.message, asked.source)
    stays = [d for d in now if (d.message, d.source) == mine and abs(d.line - asked.line) <= _NEAR]
    if stays:
        return f"{asked.source or 'the server'} still says: {asked.message[:120]}"
    was = Counter((d.message, d.source, d.severity) for d in before)
    fresh = Counter((d.message, d.source, d.severity) for d in now if d.severity <= 2) - was
    for message, source, _ in fresh:
        return f"{source or 'a server'} says something new: {message[:120]}"
    return ""


COMMANDS = (
    Command(
        "samokoder.diagnostics",
        DiagnosticsArgs,
        diagnostics,
        "Tell what other servers say of a document, so that fixes can be watched.",
    ),
)
