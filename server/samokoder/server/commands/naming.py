"""Findings by the names people give them."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from samokoder.agents.errors import InvalidInput
from samokoder.agents.review.shelf import Kept, from_row
from samokoder.server.commands.command import Call
from samokoder.state import findings, workspaces

Finding = Annotated[str, Meta(description="The finding's fingerprint, or its beginning.")]


async def named(call: Call, root: Path, beginning: str) -> Kept:
    """The finding of this fingerprint; InvalidInput when there is none or more than one."""
    if not beginning:
        raise InvalidInput("which finding?", hint="`samokoder finding list` names them.")
    async with call.service.db.reading() as s:
        workspace = await workspaces.find(s, str(root))
        same = await findings.matching(s, workspace.id, beginning) if workspace else ()
    if len(same) != 1:
        word = "no finding" if not same else "more than one finding"
        raise InvalidInput(
            f"{word} is called {beginning!r}", hint="`samokoder finding list` names them."
        )
    return from_row(same[0])
