"""Prices of a small shop, in cents."""


def discounted(price: int) -> int:
    """The price after the discount."""
    return price - price * 10 // 100
