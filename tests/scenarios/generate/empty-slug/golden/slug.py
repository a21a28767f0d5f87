"""Readable addresses from titles."""

import re
import unicodedata


def slugify(title: str, sep: str = "-") -> str:
    """Lower-case ASCII words of a title, joined by ``sep``."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return sep.join(re.findall(r"[a-z0-9]+", plain.lower()))


def unique(slug: str, taken: set[str]) -> str:
    """The slug, or with the first number behind it that is free."""
    number, found = 1, slug
    while found in taken:
        number += 1
        found = f"{slug}-{number}"
    return found
