"""What a basket costs."""

from dataclasses import dataclass

from shop.money import total
from shop.taxes import rate


@dataclass(frozen=True)
class Line:
    article: object
    pieces: int
    net: object
    tax: object


class Pricing:
    """Nets with discounts, tax line by line."""

    def __init__(self, catalogue, rules, cache):
        self._catalogue = catalogue
        self._rules = rules
        self._cache = cache

    def lines(self, basket, country, day):
        pieces = {}
        for number, count in basket.lines():
            group = self._catalogue.article(number).group
            pieces[group] = pieces.get(group, 0) + count
        return [
            self._line(number, count, pieces, country, day) for number, count in basket.lines()
        ]

    def _line(self, number, count, pieces, country, day):
        article = self._catalogue.article(number)
        group = article.group

        def share():
            return self._rules.best(group, pieces[group], day)

        off = self._cache.get(("share", group, pieces[group], day), share)
        net = article.price.times(count)
        net = net.minus(net.times(off))
        return Line(article, count, net, net.times(rate(country, group)))

    def sum(self, lines):
        """Net and tax together."""
        return total(x.net for x in lines).plus(total(x.tax for x in lines))
