from collections import Counter


def _some(values):
    if not values:
        raise ValueError("no values")


def mean(values):
    _some(values)
    return sum(values) / len(values)


def median(values):
    _some(values)
    ordered = sorted(values)
    middle = len(ordered) // 2
    return (ordered[middle] + ordered[~middle]) / 2


def mode(values):
    _some(values)
    return min(Counter(values).items(), key=lambda item: (-item[1], item[0]))[0]
