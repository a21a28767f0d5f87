"""What a customer has chosen so far."""

from shop.text import code


class Basket:
    """Pieces by article number, in the order in which they were put in."""

    def __init__(self, lines=()):
        self._lines = {}
        for number, pieces in lines:
            self.put(number, pieces)

    def put(self, number, pieces=1):
        key = code(number)
        self._lines[key] = self._lines.get(key, 0) + pieces
        if self._lines[key] <= 0:
            del self._lines[key]

    def lines(self):
        """Number and pieces."""
        return list(self._lines.items())

    def copy(self):
        """A basket of its own: what is put into one is not in the other."""
        return Basket(self._lines.items())
