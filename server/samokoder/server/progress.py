"""Progress of one command in the editor, with a way to cancel it."""

import logging
import uuid
from typing import Any

from lsprotocol import types

from samokoder.server.capabilities import ClientCapabilities
from samokoder.server.failures import ClientRefused, ClientSilent
from samokoder.server.notices import Notices
from samokoder.server.protocol import ClientProtocol, Request

log = logging.getLogger(__name__)

CREATE_SECONDS = 5.0
"""How long the client may take to agree to a progress bar."""

Token = int | str


class ProgressTokens:
    """Which request a progress token belongs to, for ``window/workDoneProgress/cancel``."""

    def __init__(self) -> None:
        self._requests: dict[Token, Request] = {}

    def add(self, token: Token, request: Request) -> None:
        """From now on a cancelled token cancels the request."""
        self._requests[token] = request

    def remove(self, token: Token) -> None:
        """The token means nothing any more."""
        self._requests.pop(token, None)

    def cancel(self, token: object) -> None:
        """The user pressed cancel; unknown tokens are ignored."""
        request = self._requests.get(token) if isinstance(token, int | str) else None
        if request is not None:
            request.cancel(by_user=True)


class Progress:
    """Reports on the client's own token, else on one made on the first report, else in its log."""

    def __init__(
        self,
        title: str,
        request: Request,
        given: Token | None,
        capabilities: ClientCapabilities,
        protocol: ClientProtocol,
        tokens: ProgressTokens,
        notices: Notices,
    ) -> None:
        self._title = title
        self._request = request
        self._capabilities = capabilities
        self._protocol = protocol
        self._tokens = tokens
        self._notices = notices
        self._token: Token | None = None
        self._tried = False
        if given is not None:
            self._tried = True
            self._begin(given)

    async def say(self, message: str, percent: int | None) -> None:
        """One report; percent is 0 to 100."""
        if not self._tried:
            self._tried = True
            await self._create()
        if self._token is None:
            self._notices.log(f"{self._title}: {message}")
            return
        value: dict[str, Any] = {"kind": "report", "message": message}
        if percent is not None:
            value["percentage"] = max(0, min(100, percent))
        self._send(value)

    def end(self, message: str = "") -> None:
        """The work is over; nothing is sent when nothing was begun."""
        if self._token is None:
            return
        self._send({"kind": "end", "message": message} if message else {"kind": "end"})
        self._tokens.remove(self._token)
        self._token = None

    async def _create(self) -> None:
        if not self._capabilities.progress:
            return
        token = uuid.uuid4().hex
        try:
            await self._protocol.ask(
                types.WINDOW_WORK_DONE_PROGRESS_CREATE, {"token": token}, CREATE_SECONDS
            )
        except (ClientSilent, ClientRefused) as error:
            log.info("no progress bar: %s", error)
            return
        self._begin(token)

    def _begin(self, token: Token) -> None:
        self._token = token
        self._tokens.add(token, self._request)
        self._send({"kind": "begin", "title": self._title, "cancellable": True})

    def _send(self, value: dict[str, Any]) -> None:
        self._protocol.notify(types.PROGRESS, {"token": self._token, "value": value})
