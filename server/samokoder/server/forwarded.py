"""What other servers say of a document, as clients forward it."""

from dataclasses import dataclass, field

import anyio
import msgspec

_DOCUMENTS = 500
"""Documents of which the last word is kept."""


class Said(msgspec.Struct, frozen=True):
    """One diagnostic of any server. Lines count from 1; severity as in the protocol, 1–4."""

    message: str
    source: str = ""
    code: str = ""
    line: int = 1
    severity: int = 1


@dataclass
class Forwarded:
    """The last diagnostics of each client's documents."""

    _known: dict[tuple[str, str], tuple[Said, ...]] = field(default_factory=dict)
    _news: dict[tuple[str, str], anyio.Event] = field(default_factory=dict)

    def put(self, client: str, uri: str, said: tuple[Said, ...]) -> None:
        """A client tells what stands at a document now."""
        self._known.pop((client, uri), None)
        self._known[client, uri] = said
        while len(self._known) > _DOCUMENTS:
            del self._known[next(iter(self._known))]
        self._news.pop((client, uri), anyio.Event()).set()

    def known(self, client: str, uri: str) -> tuple[Said, ...] | None:
        """What was forwarded last; None when this client never did."""
        return self._known.get((client, uri))

    async def news(self, client: str, uri: str, seconds: float) -> tuple[Said, ...] | None:
        """The next that is forwarded; None when nothing came in time."""
        event = self._news.setdefault((client, uri), anyio.Event())
        with anyio.move_on_after(seconds):
            await event.wait()
            return self.known(client, uri)
        return None
