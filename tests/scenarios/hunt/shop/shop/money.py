"""Amounts in cents. Halves are rounded to even, as the accountants want it."""

from decimal import ROUND_HALF_EVEN, Decimal


class Money:
    """An amount of one currency; immutable."""

    __slots__ = ("cents", "currency")

    def __init__(self, cents, currency="EUR"):
        self.cents = cents
        self.currency = currency

    @classmethod
    def parse(cls, text):
        """From texts such as ``12.50 EUR``."""
        amount, currency = text.split()
        return cls(round_cents(Decimal(amount) * 100), currency)

    def plus(self, other):
        return Money(self.cents + other.cents, self.currency)

    def minus(self, other):
        return Money(self.cents - other.cents, self.currency)

    def times(self, factor):
        """The amount times a number, rounded to cents."""
        return Money(round_cents(Decimal(self.cents) * Decimal(str(factor))), self.currency)

    def __eq__(self, other):
        return (self.cents, self.currency) == (other.cents, other.currency)

    def __hash__(self):
        return hash((self.cents, self.currency))

    def __repr__(self):
        return f"{self.cents / 100:.2f} {self.currency}"


def round_cents(value):
    """A decimal number of cents as a whole one."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def total(amounts, currency="EUR"):
    """The sum of many amounts."""
    result = Money(0, currency)
    for amount in amounts:
        result = result.plus(amount)
    return result
