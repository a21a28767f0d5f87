"""Arguments of commands: strict, and helpful when they are wrong."""

from typing import Any

import pytest

from samokoder.agents.errors import InvalidInput
from samokoder.server.commands.command import Args, Command, NoArgs
from samokoder.server.dispatch import arguments, find


class Given(Args, frozen=True):
    path: str = ""
    count: int = 0


async def _run(call: Any, args: Any) -> object:
    return None


COMMAND = Command("samokoder.try", Given, _run, "Try")
BARE = Command("samokoder.bare", NoArgs, _run, "Take nothing")


def test_what_is_given_is_taken():
    assert arguments(COMMAND, [{"path": "x", "count": 2}]) == Given("x", 2)
    for nothing in (None, [], (), [None], [{}]):
        assert arguments(COMMAND, nothing) == Given()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([{"pth": "x"}], "Did you mean path?"),
        ([{"zzz": 1}], "Known: count, path."),
        ([{"count": "2"}], "Expected `int`"),
        ([{"count": True}], "Expected `int`"),
        ([{"path": None}], "Expected `str`"),
        (["x"], "not a value of type str"),
        ([{}, {}], "not 2 arguments"),
    ],
)
def test_what_does_not_fit_is_named(given, says):
    with pytest.raises(InvalidInput) as error:
        arguments(COMMAND, given)
    assert says in str(error.value)


def test_a_command_without_arguments_says_so():
    with pytest.raises(InvalidInput) as error:
        arguments(BARE, [{"x": 1}])
    assert "It takes no arguments." in str(error.value)


def test_an_unknown_command_is_named_with_the_nearest():
    with pytest.raises(InvalidInput) as error:
        find({COMMAND.name: COMMAND}, "samokoder.tri")
    assert "samokoder.try" in str(error.value)
