import pytest
from durations import format_duration, parse_duration

KNOWN = {"45s": 45, "1m": 60, "1h30m": 5400, "2h5m10s": 7510, "1h": 3600, "1m1s": 61, "0s": 0}


@pytest.mark.parametrize(("text", "seconds"), KNOWN.items())
def test_both_ways(text, seconds):
    assert parse_duration(text) == seconds
    assert format_duration(seconds) == text


def test_large_numbers():
    assert parse_duration("100h") == 360_000
    assert format_duration(90_000) == "25h"


@pytest.mark.parametrize("text", ["abc", "", "12", "5x"])
def test_what_is_not_a_duration(text):
    with pytest.raises(ValueError):
        parse_duration(text)
