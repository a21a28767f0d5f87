import pytest
from caesar import decrypt, encrypt


@pytest.mark.parametrize(
    ("text", "shift", "wanted"),
    [
        ("abc", 1, "bcd"),
        ("xyz", 3, "abc"),
        ("Hello, World!", 5, "Mjqqt, Btwqi!"),
        ("ABC", -1, "ZAB"),
        ("same", 26, "same"),
        ("same", 0, "same"),
        ("a1 b2", 27, "b1 c2"),
        ("", 4, ""),
    ],
)
def test_encrypt(text, shift, wanted):
    assert encrypt(text, shift) == wanted


@pytest.mark.parametrize("shift", [-30, -1, 0, 3, 13, 25, 26, 100])
def test_decrypt_is_the_inverse(shift):
    text = "The quick brown fox jumps over 13 lazy dogs."
    assert decrypt(encrypt(text, shift), shift) == text
