"""What lies in the warehouse, and what is spoken for."""


class OutOfStock(Exception):
    """There is not enough of an article."""


class Stock:
    """Pieces by article number."""

    def __init__(self, bus):
        self._pieces = {}
        self._reserved = {}
        self._bus = bus

    def receive(self, number, pieces):
        self._pieces[number] = self._pieces.get(number, 0) + pieces
        self._bus.publish("stock", number=number)

    def free(self, number):
        """Pieces that nobody has reserved."""
        taken = sum(held.get(number, 0) for held in self._reserved.values())
        return self._pieces.get(number, 0) - taken

    def reserve(self, owner, wanted):
        """All of it or nothing; ``wanted`` maps numbers to pieces."""
        for number, pieces in wanted.items():
            if self.free(number) < pieces:
                raise OutOfStock(number)
        held = self._reserved.setdefault(owner, {})
        for number, pieces in wanted.items():
            held[number] = held.get(number, 0) + pieces
            self._bus.publish("stock", number=number)

    def release(self, owner):
        """What was reserved is free again."""
        for number in self._reserved.pop(owner, {}):
            self._bus.publish("stock", number=number)

    def ship(self, owner):
        """What was reserved leaves the house."""
        for number, pieces in self._reserved.pop(owner, {}).items():
            self._pieces[number] -= pieces
            self._bus.publish("stock", number=number)
