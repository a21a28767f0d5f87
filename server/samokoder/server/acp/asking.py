"""Questions to the person behind an ACP client, as permission requests."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from samokoder.server.acp import wire
from samokoder.server.answers import ALWAYS, NO
from samokoder.server.lines import Refused

Ask = Callable[[str, dict[str, Any], float], Awaitable[Any]]
SECONDS = 3600.0
"""How long a question stays on the client's screen."""
_REFUSALS = frozenset({NO, "Leave it", "Reject", "Stop", "Cancel", "Discard"})


async def permission(ask: Ask, call: dict[str, Any], options: Sequence[str]) -> str | None:
    """The option that was picked; None when none was, or the client cannot ask.

    ``call`` is the tool call that needs the permission.
    """
    offered = [
        {"optionId": str(number), "name": option, "kind": _kind(option)}
        for number, option in enumerate(options)
    ]
    try:
        params = {"toolCall": call, "options": offered}
        answer = await ask("session/request_permission", params, SECONDS)
        picked = msgspec.convert(answer, wire.Permission).option
    except (Refused, TimeoutError, msgspec.ValidationError):
        return None
    names = {str(number): option for number, option in enumerate(options)}
    return names.get(picked) if picked is not None else None


def refusal(options: Sequence[str]) -> str | None:
    """The option that lets nothing happen."""
    return next((option for option in options if option in _REFUSALS), None)


def _kind(option: str) -> str:
    if option == ALWAYS:
        return "allow_always"
    return "reject_once" if option in _REFUSALS else "allow_once"
