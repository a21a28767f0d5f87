"""Errors on their way to the client: every exception becomes one JSON-RPC error object."""

from typing import Any

from pygls.exceptions import JsonRpcException

from samokoder.agents.errors import InvalidInput
from samokoder.state.errors import SamokoderError

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
NOT_INITIALIZED = -32002
REQUEST_FAILED = -32803
REQUEST_CANCELLED = -32800


class Malformed(JsonRpcException):
    """A message the protocol does not allow, with the code that says why."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message, code)


class ClientSilent(SamokoderError):
    """The editor did not answer in time."""

    code = "client-silent"
    exit_code = 4


class ClientRefused(SamokoderError):
    """The editor refused."""

    code = "client-refused"
    exit_code = 4


def error_object(error: BaseException) -> dict[str, Any]:
    """``code``, ``message`` and ``data`` with our own code, hint and exit code."""
    error = _single(error)
    if isinstance(error, SamokoderError):
        code = INVALID_PARAMS if isinstance(error, InvalidInput) else REQUEST_FAILED
        data = {"code": error.code, "hint": error.hint, "exit_code": error.exit_code}
        return {"code": code, "message": str(error), "data": data}
    if isinstance(error, JsonRpcException):
        answer: dict[str, Any] = {"code": error.code, "message": error.message}
        if error.data is not None:
            answer["data"] = error.data
        return answer
    hint = "Please report it with the output of `samokoder doctor`."
    data = {"code": "internal", "hint": hint, "exit_code": 5}
    message = f"Something went wrong inside Samokoder ({type(error).__name__}). {hint}"
    return {"code": INTERNAL_ERROR, "message": message, "data": data}


def _single(error: BaseException) -> BaseException:
    """What a task group wrapped, when it wrapped just one error."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
