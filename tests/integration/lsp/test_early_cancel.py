"""Cancelling by token right behind the request, in one piece with it."""

import json
from typing import Any


def frame(**message: Any) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def test_a_cancellation_does_not_overtake_its_request(living: Any) -> None:
    params = {"command": "probe.sleep", "arguments": [{"seconds": 30}], "workDoneToken": "t"}
    asked = frame(id=900, method="workspace/executeCommand", params=params)
    living.raw(asked + frame(method="window/workDoneProgress/cancel", params={"token": "t"}))
    assert living.answer(900, 5)["error"]["code"] == -32800
