"""Parcels and what they cost."""

from shop.money import Money

_LIMIT = 10_000
"""Grams of one parcel."""
_FEES = ((1_000, 390), (5_000, 590), (10_000, 890))


def parcels(lines):
    """Grams of each parcel: pieces are packed heaviest first, each into the first with room."""
    weights = sorted((x.article.grams for x in lines for _ in range(x.pieces)), reverse=True)
    found = []
    for grams in weights:
        for index, load in enumerate(found):
            if load + grams <= _LIMIT:
                found[index] += grams
                break
        else:
            found.append(grams)
    return found


def fee(grams):
    """The fee of one parcel."""
    for limit, cents in _FEES:
        if grams <= limit:
            return Money(cents)
    raise ValueError("too heavy")
