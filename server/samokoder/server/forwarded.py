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
    _times: dict[tuple[str, str], int] = field(default_factory=dict)
    _news: dict[tuple[str, str], anyio.Event] = field(default_factory=dict)

    def put(self, client: str, uri: str, said: tuple[Said, ...]) -> None:
        """A client tells what stands at a document now."""
        self._known.pop((client, uri), None)
        self._known[client, uri] = said
        self._times[client, uri] = self.times(client, uri) + 1
        while len(self._known) > _DOCUMENTS:
            oldest = next(iter(self._known))
            del self._known[oldest], self._times[oldest]
        self._news.pop((client, uri), anyio.Event()).set()

    def known(self, client: str, uri: str) -> tuple[Said, ...] | None:
        """What was forwarded last; None when this client never did."""
        return self._known.get((client, uri))

    def times(self, client: str, uri: str) -> int:
        """How often something was forwarded for this document."""
        return self._times.get((client, uri), 0)

    async def news(
        self, client: str, uri: str, after: int, seconds: float
    ) -> tuple[Said, ...] | None:
        """What was forwarded after so many times; None when nothing came in time."""
        with anyio.move_on_after(seconds):
            while self.times(client, uri) <= after:
                await self._news.setdefault((client, uri), anyio.Event()).wait()
            return self.known(client, uri)
        return None
