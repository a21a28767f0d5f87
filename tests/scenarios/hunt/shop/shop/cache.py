"""Results that are kept until what they were made from changes."""


class Cache:
    """Keeps the newest ``size`` results by key."""

    def __init__(self, size=50):
        self._size = size
        self._kept = {}

    def get(self, key, make):
        """The kept result, or a new one from ``make()``."""
        if key in self._kept:
            self._kept[key] = self._kept.pop(key)
            return self._kept[key]
        value = make()
        self._kept[key] = value
        while len(self._kept) > self._size:
            del self._kept[next(iter(self._kept))]
        return value

    def forget(self, prefix):
        """Drop every key that starts like this tuple."""
        for key in [k for k in self._kept if k[: len(prefix)] == prefix]:
            del self._kept[key]
