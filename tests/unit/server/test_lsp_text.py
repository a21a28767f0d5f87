"""The line list against a model that is slow and plainly right."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samokoder.server.text import Encoding, Position, Range, Text, column, split_lines, width

ALPHABET = "ab \n\r\t\x0b\x0c\x1c\x85\u2028\u2029éß漢🎉𝔘"
TEXT = st.text(alphabet=ALPHABET, max_size=30) | st.text(max_size=10).filter(str.isprintable)
ENCODING = st.sampled_from(["utf-8", "utf-16", "utf-32"])
PLACE = st.builds(
    Position, st.integers(min_value=-1, max_value=9), st.integers(min_value=-1, max_value=40)
)
EDIT = st.tuples(st.builds(Range, PLACE, PLACE), TEXT)


def units(text: str, encoding: Encoding) -> int:
    """Units of a text, by encoding it."""
    codec, size = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}[
        encoding
    ]
    return len(text.encode(codec)) // size


def offset(text: str, at: Position, encoding: Encoding) -> int:
    """The offset of a position, found by walking."""
    starts = [0] + [m.end() for m in re.finditer("\r\n|\n|\r", text)]
    if at.line < 0:
        return 0
    if at.line >= len(starts):
        return len(text)
    start = starts[at.line]
    end = start
    while end < len(text) and text[end] not in "\r\n":
        end += 1
    index = start
    while index < end and units(text[start : index + 1], encoding) <= at.character:
        index += 1
    return index


@given(TEXT, st.lists(EDIT, max_size=6), ENCODING)
def test_edits_give_what_the_model_gives(text, edits, encoding):
    ours, model = Text(text), text
    for where, new in edits:
        a, b = sorted((offset(model, where.start, encoding), offset(model, where.end, encoding)))
        model = model[:a] + new + model[b:]
        ours.replace(where, new, encoding)
        assert str(ours) == model
        assert ours.line_count == len(re.findall("\r\n|\n|\r", model)) + 1
        assert [ours.line(n) for n in range(ours.line_count)] == re.split("\r\n|\n|\r", model)


@given(TEXT, PLACE, ENCODING)
def test_positions_become_offsets(text, at, encoding):
    assert Text(text).offset_at(at, encoding) == offset(text, at, encoding)


@given(TEXT, st.integers(min_value=0, max_value=40), ENCODING)
def test_offsets_become_positions_and_come_back(text, at, encoding):
    ours = Text(text)
    at = min(at, len(text))
    place = ours.position_at(at, encoding)
    back = ours.offset_at(place, encoding)
    inside_line_end = text[at - 1 : at + 1] == "\r\n"
    assert back == (at - 1 if inside_line_end else at)


@given(TEXT, ENCODING)
def test_widths(text, encoding):
    assert width(text, encoding) == units(text, encoding)
    if not re.search("[\r\n]", text):
        assert column(text, units(text, encoding), encoding) == len(text)


@pytest.mark.parametrize(
    "odd", ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
)
def test_only_three_things_end_a_line(odd):
    assert split_lines(f"a{odd}b\r\nc\rd\n") == [f"a{odd}b\r\n", "c\r", "d\n"]
    text = Text(f"a{odd}b\nSECOND\n")
    text.replace(Range(Position(1, 0), Position(1, 6)), "EDIT", "utf-16")
    assert str(text) == f"a{odd}b\nEDIT\n"


def test_inside_a_character_is_its_start():
    assert column("a🎉b", 2, "utf-16") == 1
    assert column("a🎉b", 3, "utf-16") == 2
    assert [column("é🎉", n, "utf-8") for n in range(8)] == [0, 0, 1, 1, 1, 1, 2, 2]


def test_a_carriage_return_and_a_line_feed_may_meet():
    text = Text("a\rb\nc")
    text.replace(Range(Position(1, 0), Position(1, 1)), "", "utf-16")
    assert (str(text), text.line_count) == ("a\r\nc", 2)
    text = Text("x\n\n")
    text.replace(Range(Position(0, 1), Position(1, 0)), "\r", "utf-16")
    assert (str(text), text.line_count) == ("x\r\n", 2)


def test_an_edit_touches_only_its_lines():
    text = Text("".join(f"line {n}\n" for n in range(5000)))
    untouched = text._lines[4000]
    text.replace(Range(Position(10, 0), Position(10, 0)), "x", "utf-16")
    assert text._lines[4000] is untouched
