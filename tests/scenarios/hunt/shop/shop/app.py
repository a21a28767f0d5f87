"""The shop, put together."""

from shop.basket import Basket
from shop.cache import Cache
from shop.catalogue import Article, Catalogue
from shop.discounts import Rules
from shop.events import Bus
from shop.money import Money
from shop.orders import Desk
from shop.pricing import Pricing
from shop.reports import Alerts, Turnover
from shop.stock import Stock


class Shop:
    """Everything that belongs together, for one day's business."""

    def __init__(self, rules=(), cached=50):
        self.bus = Bus()
        self.catalogue = Catalogue()
        self.stock = Stock(self.bus)
        self.alerts = Alerts(self.bus, self.stock)
        self.turnover = Turnover(self.bus)
        self.pricing = Pricing(self.catalogue, Rules(rules), Cache(cached))
        self.desk = Desk(self.pricing, self.stock, self.bus)

    def article(self, number, name, price, grams=100, group="general", pieces=0):
        article = Article(number, name, Money.parse(price), grams, group)
        self.catalogue.add(article)
        if pieces:
            self.stock.receive(number, pieces)
        return article

    def find(self, text):
        """Articles by words of their names."""
        return self.catalogue.search(text)

    def order(self, customer, *lines, country="DE", day=100):
        return self.desk.take(customer, Basket(lines), country, day)
