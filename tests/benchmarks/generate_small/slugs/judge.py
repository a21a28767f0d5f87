import pytest
from slugs import slugify, unique_slug


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Hello World", "hello-world"),
        ("  Hello,   World!  ", "hello-world"),
        ("a--b__c", "a-b-c"),
        ("Version 2.0 is out", "version-2-0-is-out"),
        ("already-a-slug", "already-a-slug"),
        ("", ""),
        ("!!!", ""),
    ],
)
def test_slugify(text, wanted):
    assert slugify(text) == wanted


def test_a_free_slug_is_kept():
    assert unique_slug("Hello World", []) == "hello-world"
    assert unique_slug("Hello World", {"other"}) == "hello-world"


def test_a_taken_slug_gets_the_next_number():
    assert unique_slug("Hello World", ["hello-world"]) == "hello-world-2"
    assert unique_slug("Hello World", {"hello-world", "hello-world-2"}) == "hello-world-3"
    assert unique_slug("Hello World", {"hello-world", "hello-world-3"}) == "hello-world-2"
