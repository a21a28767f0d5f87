"""Money: known prices, the user's own, and honesty about the rest."""

from pathlib import Path

import pytest

from samokoder.agents.errors import InvalidInput
from samokoder.agents.models import prices
from samokoder.agents.models.model import Profile, Usage


def test_a_known_price() -> None:
    model = Profile("openai", "gpt-4.1")
    assert prices.micros(model, Usage(1_000_000, 0)) == 2_000_000
    assert prices.micros(model, Usage(0, 1_000_000)) == 8_000_000
    assert prices.micros(model, Usage(1_000_000, 0, 400_000)) == 1_200_000 + 200_000
    assert prices.micros(model, Usage(1, 0)) == 2


def test_fractions_are_rounded_up() -> None:
    assert prices.micros(Profile("openai", "gpt-5-nano"), Usage(1, 0)) == 1


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("claude-sonnet-4-5", True),
        ("claude-sonnet-4-5-20250929", True),
        ("claude-sonnet-9", False),
        ("claude-sonnet-4-5-mystery", False),
    ],
)
def test_a_dated_name_has_its_familys_price(name: str, known: bool) -> None:
    assert (prices.price(Profile("anthropic", name)) is not None) is known


def test_an_unknown_price_is_none_and_this_machine_is_free() -> None:
    assert prices.micros(Profile("openai", "brand-new"), Usage(10, 10)) is None
    assert prices.micros(Profile("gateway.example.org", "gpt-4.1"), Usage(10, 10)) is None
    assert prices.micros(Profile("embedded", "x", remote=False), Usage(10, 10)) == 0
    assert prices.micros(Profile("ollama", "x", remote=True), Usage(10, 10)) is None


def test_the_users_own_prices(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('["openai:gpt-4.1"]\ninput = 1\noutput = 4\n["mine:x"]\ninput=1\noutput=1\n')
    try:
        prices.load(tmp_path)
        assert prices.micros(Profile("openai", "gpt-4.1"), Usage(10, 10, 5)) == 50
        assert prices.micros(Profile("mine", "x"), Usage(10, 10)) == 20
        file.write_text('["a:b"]\ninput = -1\noutput = 1\n')
        with pytest.raises(InvalidInput, match=r"prices\.toml"):
            prices.load(tmp_path)
        assert prices.price(Profile("mine", "x")) is not None, "a bad file changes nothing"
    finally:
        file.unlink()
        prices.load(tmp_path)
    assert prices.price(Profile("mine", "x")) is None
