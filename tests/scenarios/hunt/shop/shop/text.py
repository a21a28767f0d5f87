"""Normal forms of what people type."""

import unicodedata


def normal(word):
    """For comparing: composed, without case, with single spaces."""
    composed = unicodedata.normalize("NFC", word)
    return " ".join(composed.split()).casefold()


def code(text):
    """An article number: upper case, without blanks and dashes."""
    return "".join(c for c in text.upper() if c not in " -")
