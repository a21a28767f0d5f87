"""Figures that follow the events."""

from shop.money import Money


class Turnover:
    """Nets of shipped orders by group of goods."""

    def __init__(self, bus):
        self._groups = {}
        bus.subscribe("order", self._on_order)

    def _on_order(self, order):
        if order.state != "shipped":
            return
        for line in order.lines:
            old = self._groups.get(line.article.group, Money(0))
            self._groups[line.article.group] = old.plus(line.net)

    def table(self):
        """Group and net, the largest first, then by name."""
        return sorted(self._groups.items(), key=lambda item: (-item[1].cents, item[0]))


class Alerts:
    """Articles that run low, each told once until there is enough again."""

    def __init__(self, bus, stock, least=2):
        self._stock = stock
        self._least = least
        self._low = set()
        self.told = []
        bus.subscribe("stock", self._on_stock)

    def _on_stock(self, number):
        if self._stock.free(number) >= self._least:
            self._low.discard(number)
        elif number not in self._low:
            self._low.add(number)
            self.told.append(number)
