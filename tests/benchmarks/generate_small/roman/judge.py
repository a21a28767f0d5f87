import pytest
from roman import from_roman, to_roman

KNOWN = {
    1: "I", 2: "II", 3: "III", 4: "IV", 5: "V", 9: "IX", 14: "XIV", 40: "XL", 90: "XC", 99: "XCIX",
    400: "CD", 444: "CDXLIV", 900: "CM", 1000: "M", 1994: "MCMXCIV", 2024: "MMXXIV",
    3999: "MMMCMXCIX",
}  # fmt: skip


@pytest.mark.parametrize(("number", "text"), KNOWN.items())
def test_both_ways(number, text):
    assert to_roman(number) == text
    assert from_roman(text) == number


def test_every_number_comes_back():
    assert all(from_roman(to_roman(n)) == n for n in range(1, 4000))


@pytest.mark.parametrize("number", [0, -1, 4000])
def test_out_of_range(number):
    with pytest.raises(ValueError):
        to_roman(number)
