"""Articles and how they are found."""

from dataclasses import dataclass

from shop.index import Index
from shop.text import code


@dataclass(frozen=True)
class Article:
    number: str
    name: str
    price: object
    grams: int
    group: str = "general"


class Catalogue:
    """Articles by number and by words of their names."""

    def __init__(self):
        self._articles = {}
        self._index = Index()

    def add(self, article):
        """A second article of the same number takes the first one's place."""
        key = code(article.number)
        self._articles[key] = article
        self._index.enter(key, article.name)

    def article(self, number):
        return self._articles[code(number)]

    def search(self, text):
        """Articles whose names hold every word, by number."""
        return [self._articles[key] for key in self._index.keys(text)]
