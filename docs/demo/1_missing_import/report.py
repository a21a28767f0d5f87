"""A short report about measured times."""


def summary(seconds: list[float]) -> str:
    """The middle and the slowest of some measured times, in words."""
    if not seconds:
        return "nothing was measured"
    middle = statistics.median(seconds)
    return f"median {middle:.1f} s, slowest {max(seconds):.1f} s"
