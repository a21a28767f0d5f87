"""Opening a page in front of the user: in the editor where it can, by its address otherwise."""

import logging
from typing import TYPE_CHECKING

from lsprotocol import types

from samokoder.server.failures import ClientRefused, ClientSilent

if TYPE_CHECKING:
    from samokoder.server.service import Service

log = logging.getLogger(__name__)

SECONDS = 10.0
"""How long the editor may take to show it."""


async def show(service: "Service", client: str, url: str) -> bool:
    """Show an address to the user of this client; whether the editor opened it."""
    connection = service.connections.get(client)
    if connection is None:
        return False
    if connection.capabilities.show_document:
        params = {"uri": url, "external": True, "takeFocus": True}
        try:
            answer = await connection.protocol.ask(types.WINDOW_SHOW_DOCUMENT, params, SECONDS)
        except (ClientSilent, ClientRefused) as error:
            log.info("the editor did not open the page: %s", error)
        else:
            if isinstance(answer, dict) and answer.get("success") is True:
                return True
    connection.notices.show(f"The preview is ready: {url}")
    return False
