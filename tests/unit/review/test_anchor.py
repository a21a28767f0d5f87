"""Quoted code is found again where it moved to, and nowhere else (R9)."""

import pytest

from samokoder.agents.review.anchor import Span, anchor


def found(text: str, quote: str, at: Span) -> Span | None:
    lines = text.split("\n")
    return anchor(quote, at, lambda n: lines[n - 1], len(lines))


@pytest.mark.parametrize(
    ("text", "quote", "at", "expected"),
    [
        ("a\nlong line\nb", "long line", (2, 1, 2, 10), (2, 1, 2, 10)),
        ("x\nx\na\nlong line", "long line", (2, 1, 2, 10), (4, 1, 4, 10)),
        ("    long line", "long line", (1, 1, 1, 10), (1, 5, 1, 14)),
        ("one line\n  two", "one line\n  two", (5, 1, 6, 6), (1, 1, 2, 6)),
        ("if one line\n  two()", "one line\n  two", (1, 4, 2, 6), (1, 4, 2, 6)),
        ("long line is longer", "long line", (1, 1, 1, 10), (1, 1, 1, 10)),
        ("gone", "long line", (1, 1, 1, 10), None),
        ("", "long line", (1, 1, 1, 10), None),
        ("one line\n  three", "one line\n  two", (1, 1, 2, 6), None),
        # too short to be looked for anywhere else
        ("a\nx", "x", (1, 1, 1, 2), None),
        ("a\nx", "x", (2, 1, 2, 2), (2, 1, 2, 2)),
        # of two on a line the nearer one
        ("f(abcd) + f(abcd)", "abcd", (1, 13, 1, 17), (1, 13, 1, 17)),
        ("  ", "  ", (1, 1, 1, 3), None),
    ],
)
def test_where_a_quote_stands(text: str, quote: str, at: Span, expected: Span | None) -> None:
    assert found(text, quote, at) == expected


def test_of_two_places_the_nearer_one() -> None:
    text = "\n".join(["same line"] + ["-"] * 10 + ["same line", "-"])
    assert found(text, "same line", (9, 1, 9, 10)) == (12, 1, 12, 10)
    assert found(text, "same line", (4, 1, 4, 10)) == (1, 1, 1, 10)


def test_a_place_longer_than_its_quote_keeps_its_length() -> None:
    body = [f"line {n}" for n in range(10)]
    quote = "\n".join(body[:6])
    assert found("\n".join(["", *body]), quote, (1, 1, 9, 7)) == (2, 1, 10, 7)
