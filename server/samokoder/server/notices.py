"""Words for people: the editor's log and its messages."""

import logging
from typing import Any

from lsprotocol import types

from samokoder.server.failures import ClientRefused, ClientSilent
from samokoder.server.protocol import ClientProtocol

log = logging.getLogger(__name__)

ANSWER_SECONDS = 300.0
"""How long a question stays open; somebody may have to be fetched from the coffee machine."""


class Notices:
    """Messages to the person in front of one client."""

    def __init__(self, protocol: ClientProtocol) -> None:
        self._protocol = protocol

    def log(self, message: str, kind: types.MessageType = types.MessageType.Info) -> None:
        """A line in the editor's log."""
        self._say(types.WINDOW_LOG_MESSAGE, message, kind)

    def show(self, message: str, kind: types.MessageType = types.MessageType.Info) -> None:
        """A message the user sees at once."""
        self._say(types.WINDOW_SHOW_MESSAGE, message, kind)

    def tell(self, level: str, message: str) -> None:
        """A kept notice the user sees at once; ``level`` is info, warning or error."""
        self.show(message, types.MessageType[level.capitalize()])

    def _say(self, method: str, message: str, kind: types.MessageType) -> None:
        self._protocol.notify(method, {"type": kind.value, "message": message})

    async def choose(
        self,
        question: str,
        options: tuple[str, ...],
        seconds: float = ANSWER_SECONDS,
        kind: types.MessageType = types.MessageType.Info,
    ) -> str | None:
        """The option the user picked; None when none was, in time or at all."""
        params: dict[str, Any] = {
            "type": kind.value,
            "message": question,
            "actions": [{"title": option} for option in options],
        }
        try:
            answer = await self._protocol.ask(types.WINDOW_SHOW_MESSAGE_REQUEST, params, seconds)
        except (ClientSilent, ClientRefused) as error:
            log.info("a question was not answered: %s", error)
            return None
        title = answer.get("title") if isinstance(answer, dict) else None
        return title if title in options else None
