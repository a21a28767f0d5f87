"""From a basket to an order."""

from dataclasses import dataclass, field

from shop.money import total
from shop.shipping import fee, parcels


@dataclass
class Order:
    number: int
    customer: str
    basket: object
    lines: list
    freight: object
    state: str = "open"
    log: list = field(default_factory=list)


class Desk:
    """Takes orders, ships and cancels them."""

    def __init__(self, pricing, stock, bus):
        self._pricing = pricing
        self._stock = stock
        self._bus = bus
        self._orders = {}

    def take(self, customer, basket, country, day):
        order = self._opened(customer, basket)
        order.lines = self._pricing.lines(order.basket, country, day)
        order.freight = total(fee(grams) for grams in parcels(order.lines))
        self._orders[order.number] = order
        self._moved(order, "open")
        return order

    def _opened(self, customer, basket):
        order = Order(len(self._orders) + 1, customer, basket.copy(), [], None)
        self._stock.reserve(order.number, dict(order.basket.lines()))
        return order

    def ship(self, number):
        self._stock.ship(number)
        self._moved(self._orders[number], "shipped")

    def cancel(self, number):
        self._stock.release(number)
        self._moved(self._orders[number], "cancelled")

    def sum(self, number):
        order = self._orders[number]
        return self._pricing.sum(order.lines).plus(order.freight)

    def _moved(self, order, state):
        order.state = state
        order.log.append(state)
        self._bus.publish("order", order=order)
