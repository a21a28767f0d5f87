"""How late the event loop is: the time a due timer had to wait."""

from collections import deque

import anyio

INTERVAL = 0.1
"""Seconds between two looks."""
KEPT = 600
"""Looks that are remembered: one minute."""


class LoopLag:
    """Measures while it runs; costs ten wake-ups a second."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=KEPT)

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            due = anyio.current_time() + INTERVAL
            await anyio.sleep(INTERVAL)
            self._seconds.append(max(0.0, anyio.current_time() - due))

    def percentile(self, share: float) -> float:
        """Seconds of lag that ``share`` (0 to 1) of the last minute's looks did not exceed."""
        if not self._seconds:
            return 0.0
        ordered = sorted(self._seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
