"""Which article has which words."""

from shop.text import normal


class Index:
    """Keys by word; a key is entered anew when its text changes."""

    def __init__(self):
        self._keys = {}
        self._texts = {}

    def enter(self, key, text):
        for word in normal(self._texts.get(key, "")).split():
            self._keys[word].discard(key)
        self._texts[key] = text
        for word in normal(text).split():
            self._keys.setdefault(word, set()).add(key)

    def keys(self, text):
        """Keys whose texts hold every word, in order."""
        words = normal(text).split()
        if not words:
            return []
        return sorted(set.intersection(*(self._keys.get(word, set()) for word in words)))
