"""Exceptions as JSON-RPC errors."""

from samokoder.agents.errors import Conflict, InvalidInput, PathRefused
from samokoder.server.failures import Malformed, error_object


def test_ours():
    answer = error_object(Conflict("a.py", hint="Look at both."))
    assert answer["code"] == -32803
    assert answer["data"] == {"code": "conflict", "hint": "Look at both.", "exit_code": 1}
    assert "a.py" in answer["message"]


def test_wrong_input_is_wrong_params():
    assert error_object(InvalidInput("x"))["code"] == -32602
    assert error_object(PathRefused("x"))["code"] == -32602


def test_the_protocols():
    assert error_object(Malformed(-32600, "no")) == {"code": -32600, "message": "no"}


def test_unexpected_ones_do_not_tell_what_they_hold():
    answer = error_object(KeyError("secret"))
    assert answer["code"] == -32603
    assert "secret" not in str(answer)


def test_a_group_of_one_is_that_one():
    group = ExceptionGroup("tasks", [ExceptionGroup("inner", [Conflict("a.py")])])
    assert error_object(group)["data"]["code"] == "conflict"
    several = ExceptionGroup("tasks", [Conflict("a"), Conflict("b")])
    assert error_object(several)["code"] == -32603
