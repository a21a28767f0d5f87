"""What a project may be called, and what becomes of the name."""

import pytest

from samokoder.agents.errors import InvalidInput
from samokoder.agents.scaffold.names import names_of

GOOD = [
    ("Мой проект", "Мой проект", "moy-proekt", "moy_proekt"),
    ("щука-бот", "щука-бот", "shchuka-bot", "shchuka_bot"),
    ("Объект 1", "Объект 1", "obekt-1", "obekt_1"),
    ("café tool", "café tool", "cafe-tool", "cafe_tool"),
    ("Їжак", "Їжак", "yizhak", "yizhak"),
    ("my_tool", "my_tool", "my-tool", "my_tool"),
    ("  two\n words ", "two words", "two-words", "two_words"),
    ("O'Neil (v2)", "O'Neil (v2)", "o-neil-v2", "o_neil_v2"),
]


@pytest.mark.parametrize(("given", "title", "slug", "package"), GOOD)
def test_a_name_becomes_what_files_need(given: str, title: str, slug: str, package: str) -> None:
    names = names_of(given)
    assert (names.title, names.slug, names.package) == (title, slug, package)
    assert names.package.isidentifier() and names.package.isascii()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "no name"),
        ("   ", "no name"),
        ("..", "no name for a project"),
        ("a/b", "no name for a project"),
        ("a\\b", "no name for a project"),
        ("-x", "no name for a project"),
        ('a"b', "no name for a project"),
        ("<b>", "no name for a project"),
        ("{{ x }}", "no name for a project"),
        ("CON", "reserved on Windows"),
        ("a.", "ends in a dot"),
        ("1abc", "no package name"),
        ("日本", "no package name"),
        ("json", "would hide another one"),
        ("class", "would hide another one"),
        ("Flask", "would hide another one"),
        ("tests", "would hide another one"),
        ("x" * 61, "longer than 60"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(name: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        names_of(name)
