"""Numbers of things, in words for people."""


def counted(number: int, thing: str) -> str:
    """``1 file``, ``2 files``; the plural is the singular with an s."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
