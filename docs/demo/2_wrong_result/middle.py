"""The middle of some numbers."""


def median(numbers: list[float]) -> float:
    """The middle one of the numbers by size.

    Of an even count it is the mean of the two in the middle; of no numbers it is 0.
    """
    if not numbers:
        return 0.0
    ordered = sorted(numbers)
    return ordered[len(ordered) // 2]
