"""Everything a JSON-RPC server must survive, each found broken in the library underneath.

Every test runs twice over real pipes: against one process, and through the forwarder to the daemon.
"""

import json
import os
import subprocess
import time
from typing import Any

import pytest

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL = (
    -32700,
    -32600,
    -32601,
    -32602,
    -32603,
)
NOT_INITIALIZED, CANCELLED, FAILED = -32002, -32800, -32803


def code(answer: dict[str, Any]) -> int:
    return int(answer["error"]["code"])


# The life cycle


def test_a_request_before_initialize_is_refused(start):
    peer = start()
    assert code(peer.answer(peer.command("probe.echo"))) == NOT_INITIALIZED
    assert "capabilities" in peer.initialize()["result"], "the client may still initialize"


def test_a_notification_before_initialize_does_nothing(start, tmp_path):
    peer = start()
    peer.notify("initialized")
    peer.open(tmp_path / "a.py", "too early")
    peer.initialize()
    assert peer.run("probe.buffer", path=str(tmp_path / "a.py")) == []
    me = peer.run("probe.facts")["client"]
    assert peer.run("probe.journal").count(f"connected {me}") == 1


def test_a_request_without_an_id_does_nothing(living):
    name = f"no id {id(living)}"
    command = {"command": "probe.sleep", "arguments": [{"name": name}]}
    living.notify("workspace/executeCommand", command)
    living.notify("initialize", {"capabilities": {}})
    living.notify("shutdown")
    assert f"{name} completed" not in living.run("probe.journal")


def test_a_second_initialize_is_refused(living):
    params = {"processId": None, "rootUri": None, "capabilities": {}}
    assert code(living.call("initialize", params)) == INVALID_REQUEST
    assert living.run("probe.echo", value=1) == 1


@pytest.mark.timing
def test_shutdown_then_exit_ends_with_zero_within_a_tenth_of_a_second(start):
    seconds = []
    for _ in range(3):
        peer = start()
        peer.initialize()
        assert peer.call("shutdown") == {"jsonrpc": "2.0", "id": 2, "result": None}
        begin = time.perf_counter()
        peer.notify("exit")
        assert peer.exit_code() == 0
        seconds.append(time.perf_counter() - begin)
    best = min(seconds)
    assert best <= 0.1, (
        "Emacs kills the process 100 ms after exit; the others wait for a busy machine"
    )


def test_exit_without_shutdown_ends_with_one(peer):
    peer.notify("exit")
    assert peer.exit_code() == 1


def test_exit_before_initialize_ends_with_one(start):
    peer = start()
    peer.notify("exit")
    assert peer.exit_code() == 1


def test_the_end_of_the_input_ends_with_one(peer):
    peer.hang_up()
    assert peer.exit_code() == 1


def test_requests_after_shutdown_are_refused_and_notifications_ignored(peer):
    peer.call("shutdown")
    assert code(peer.answer(peer.command("probe.echo"))) == INVALID_REQUEST
    assert code(peer.call("shutdown")) == INVALID_REQUEST
    peer.notify("textDocument/didSave", {})
    assert peer.silence() == []


def test_shutdown_with_a_request_in_flight_answers_both(peer):
    running = peer.command("probe.sleep", seconds=30, name="in flight")
    stuck = peer.command("probe.blocking", seconds=0.5)
    time.sleep(0.1)
    assert peer.call("shutdown")["result"] is None
    assert code(peer.answer(running)) == CANCELLED
    assert code(peer.answer(stuck)) == CANCELLED
    peer.notify("exit")
    assert peer.exit_code() == 0


def test_shutdown_while_the_server_waits_for_the_client(peer):
    running = peer.command("probe.ask")
    peer.incoming("window/showMessageRequest")
    assert peer.call("shutdown")["result"] is None
    assert code(peer.answer(running)) == CANCELLED


def test_the_end_of_the_clients_process_ends_the_server(start):
    parent = subprocess.Popen(["sleep", "60"])
    peer = start()
    peer.initialize(processId=parent.pid)
    assert peer.run("probe.echo", value=1) == 1
    parent.kill()
    parent.wait()
    assert peer.exit_code(5) == 1, "though its pipes are still open"


def test_a_client_from_another_process_namespace_is_served(start):
    peer = start()
    gone = subprocess.Popen(["true"])
    gone.wait()
    peer.initialize(processId=gone.pid)
    time.sleep(1.2)
    assert peer.run("probe.echo", value=1) == 1, "a process id that means nothing here is no death"


# Malformed input


def test_what_is_not_json_gets_a_parse_error(living):
    living.body(b"{bad}")
    answer = living.answer(None)
    assert code(answer) == PARSE_ERROR
    assert answer["id"] is None
    assert living.run("probe.echo", value=1) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"42",
        b"null",
        b'[{"jsonrpc":"2.0","id":9,"method":"shutdown"}]',
        b'{"jsonrpc":"2.0"}',
        b'{"jsonrpc":"2.0","id":null,"method":"shutdown"}',
        b'{"jsonrpc":"2.0","id":true,"method":"shutdown"}',
        b'{"jsonrpc":"2.0","id":1.5,"method":"shutdown"}',
    ],
)
def test_what_is_no_message_is_an_invalid_request(living, body):
    living.body(body)
    assert code(living.answer(None)) == INVALID_REQUEST
    assert living.run("probe.echo", value=1) == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"id":9,"method":"shutdown"}',
        b'{"jsonrpc":"1.0","id":9,"method":"shutdown"}',
        b'{"jsonrpc":"2.0","id":9,"method":5}',
        b'{"jsonrpc":"2.0","id":9}',
    ],
)
def test_an_invalid_request_with_an_id_is_answered_under_it(living, body):
    living.body(body)
    assert code(living.answer(9)) == INVALID_REQUEST


def test_deeply_nested_json_is_refused_not_fatal(living):
    living.body(b"[" * 200_000)
    assert code(living.answer(None)) == PARSE_ERROR
    assert living.run("probe.echo", value=1) == 1


def test_a_nested_jsonrpc_key_is_just_data(living):
    inner = {"jsonrpc": "2.0", "id": 1, "method": "textDocument/hover", "params": {}}
    assert living.run("probe.echo", value=inner) == inner


@pytest.mark.parametrize(
    "params",
    [None, {"arguments": 3}, {"command": 5, "arguments": {}}, [], "x", 7],
)
def test_params_that_do_not_fit_are_answered(living, params):
    assert code(living.call("workspace/executeCommand", params)) == INVALID_PARAMS
    assert living.run("probe.echo", value=1) == 1


def test_a_malformed_notification_is_ignored(living):
    living.notify("textDocument/didOpen", {"textDocument": 1})
    living.notify("textDocument/didChange", {"contentChanges": "x"})
    living.notify("$/cancelRequest", {"id": {}})
    living.notify("$/cancelRequest", [])
    living.notify("window/workDoneProgress/cancel", {"token": []})
    assert living.run("probe.echo", value=1) == 1


def test_unknown_methods_are_told_so_and_unknown_notifications_ignored(living):
    assert code(living.call("no/such", {})) == METHOD_NOT_FOUND
    assert code(living.call("$/no/such", {})) == METHOD_NOT_FOUND
    assert code(living.call("textDocument/hover", {})) == METHOD_NOT_FOUND
    living.notify("no/such")
    living.notify("$/no/such")
    assert living.silence() == []


def test_an_id_in_use_is_refused_and_the_first_request_goes_on(peer):
    running = peer.command("probe.sleep", seconds=0.3)
    params = {"command": "probe.echo", "arguments": []}
    peer.send(id=running, method="workspace/executeCommand", params=params)
    first, second = peer.answer(running), peer.answer(running)
    assert code(first) == INVALID_REQUEST
    assert second["result"] == 0.3


def test_ids_may_be_strings(living):
    params = {"command": "probe.echo", "arguments": [{"value": 5}]}
    living.send(id="one", method="workspace/executeCommand", params=params)
    assert living.answer("one")["result"] == 5


def test_a_response_nobody_asked_for_is_ignored(living):
    living.send(id=77, result=None)
    living.send(id="x", error={"code": 1, "message": "no"})
    assert living.run("probe.echo", value=1) == 1
    assert living.silence() == []


# Headers

ECHO = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 500,
        "method": "workspace/executeCommand",
        "params": {"command": "probe.echo", "arguments": [{"value": 7}]},
    }
).encode()


@pytest.mark.parametrize(
    "header",
    [
        b"content-length: @\r\n\r\n",
        b"CONTENT-LENGTH:@\r\n\r\n",
        b"Content-Length:@\r\n\r\n",
        b"Content-Length : @\r\n\r\n",
        b"Content-Length: @\n\n",
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: @\r\n\r\n",
        b"Content-Length: @\r\nContent-Type: x\r\n\r\n",
        b"garbage\r\nContent-Length: @\r\n\r\n",
        b"\r\n\r\nContent-Length: @\r\n\r\n",
    ],
)
def test_header_forms_that_clients_send(living, header):
    living.raw(header.replace(b"@", str(len(ECHO)).encode()) + ECHO)
    assert living.answer(500)["result"] == 7


@pytest.mark.parametrize(
    "header",
    [b"Content-Type: x\r\n\r\n", b"Content-Length: x\r\n\r\n", b"Content-Length: -5\r\n\r\n"],
)
def test_a_header_without_a_length_is_an_error_and_the_next_message_is_read(living, header):
    living.raw(header)
    assert code(living.answer(None)) == INVALID_REQUEST
    living.raw(b'{"lost": true}')
    assert living.run("probe.echo", value=1) == 1


def test_a_message_that_is_too_large_is_an_error_and_the_end(peer):
    peer.raw(b"Content-Length: %d\r\n\r\n" % (65 << 20))
    assert code(peer.answer(None)) == INVALID_REQUEST
    assert peer.exit_code() == 1


def test_a_body_that_breaks_off_ends_the_connection(peer):
    peer.raw(b'Content-Length: 30\r\n\r\n{"jsonrpc":"2.0"}')
    peer.hang_up()
    assert peer.exit_code() == 1


def test_a_message_may_come_in_pieces(living):
    for byte in b"Content-Length: %d\r\n\r\n" % len(ECHO) + ECHO:
        living.raw(bytes([byte]))
    assert living.answer(500)["result"] == 7


def test_a_large_message_there_and_back(living):
    text = "é🎉" * (2 << 20)
    assert living.run("probe.echo", value=text) == text


# Commands


def test_cancel_really_cancels(living):
    name = f"cancelled-{os.getpid()}-{id(living)}"
    running = living.command("probe.sleep", seconds=30, name=name)
    time.sleep(0.1)
    living.notify("$/cancelRequest", {"id": running})
    assert code(living.answer(running)) == CANCELLED
    assert f"{name} cancelled by user" in living.run("probe.journal"), (
        "the handler itself was stopped"
    )
    assert living.silence() == [], "one answer only"


def test_cancel_of_work_in_a_thread_answers_at_once(living):
    running = living.command("probe.blocking", seconds=2)
    time.sleep(0.1)
    begin = time.perf_counter()
    living.notify("$/cancelRequest", {"id": running})
    assert code(living.answer(running)) == CANCELLED
    assert time.perf_counter() - begin < 1


def test_cancel_of_what_is_over_or_unknown_does_nothing(living):
    done = living.command("probe.echo")
    living.answer(done)
    living.notify("$/cancelRequest", {"id": done})
    living.notify("$/cancelRequest", {"id": "never"})
    assert living.silence() == []


def test_six_blocking_commands_do_not_stop_a_seventh(peer):
    for _ in range(6):
        peer.command("probe.blocking", seconds=1.5)
    begin = time.perf_counter()
    assert peer.run("probe.echo", value=1) == 1
    assert time.perf_counter() - begin < 1


def test_an_exception_is_one_internal_error_without_its_text(living):
    answer = living.answer(living.command("probe.crash"))
    assert code(answer) == INTERNAL
    assert answer["error"]["data"]["code"] == "internal"
    assert answer["error"]["data"]["exit_code"] == 5
    assert "ValueError" in answer["error"]["message"]
    assert "boom" not in answer["error"]["message"], "what it says may be anybody's secret"
    assert living.silence() == []


def test_a_result_that_cannot_be_sent_is_an_error_too(living):
    assert code(living.answer(living.command("probe.unencodable"))) == INTERNAL


def test_our_own_errors_carry_code_hint_and_exit_code(living):
    error = living.answer(living.command("probe.limit"))["error"]
    assert error["code"] == FAILED
    facts = {"code": "limit-reached", "hint": "Raise `budget.tokens`.", "exit_code": 3}
    assert error["data"] == facts
    assert "5 of 5 tokens" in error["message"]
    assert code(living.answer(living.command("probe.invalid"))) == INVALID_PARAMS


def test_an_unknown_command_is_named_with_the_nearest(living):
    error = living.answer(living.command("probe.flagg"))["error"]
    assert error["code"] == INVALID_PARAMS
    assert "probe.flag" in error["data"]["hint"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([{"enable": True}], "enabled"),
        ([{"enabled": "no"}], "bool"),
        ([{"enabled": 1}], "bool"),
        ([{"Enabled": True}], "enabled"),
        ([True], "one object"),
        ([{}, {}], "one object"),
        ([[]], "one object"),
    ],
)
def test_arguments_are_validated_never_guessed(living, arguments, says):
    answer = living.call(
        "workspace/executeCommand", {"command": "probe.flag", "arguments": arguments}
    )
    assert code(answer) == INVALID_PARAMS
    assert says in answer["error"]["message"]


@pytest.mark.parametrize(
    "arguments", [{}, {"arguments": None}, {"arguments": []}, {"arguments": [None]}]
)
def test_a_command_works_without_arguments(living, arguments):
    answer = living.call("workspace/executeCommand", {"command": "probe.flag", **arguments})
    assert answer["result"] is False, "Helix can pass none"


def test_too_many_requests_at_once_are_refused_and_the_rest_goes_on(peer):
    first = peer.command("probe.sleep", seconds=30)
    others = [peer.command("probe.sleep", seconds=30) for _ in range(500)]
    assert code(peer.answer(others[-1])) == FAILED
    peer.notify("$/cancelRequest", {"id": first})
    assert code(peer.answer(first)) == CANCELLED


# Slow and dead clients


def test_a_client_that_reads_slowly_gets_everything(start):
    peer = start()
    peer.initialize()
    text = "x" * 1_000_000
    ids = [peer.command("probe.echo", value=text) for _ in range(8)]
    time.sleep(0.5)
    for number in ids:
        assert len(peer.answer(number)["result"]) == 1_000_000


def test_a_killed_client_is_forgotten(forwarder):
    other, peer = forwarder(), forwarder()
    other.initialize()
    peer.initialize()
    me = peer.run("probe.facts")["client"]
    peer.command("probe.sleep", seconds=60, name="orphan")
    peer.run("probe.echo")
    peer.process.kill()
    deadline = time.monotonic() + 5
    while other.run("probe.facts")["clients"] != 1 and time.monotonic() < deadline:
        time.sleep(0.02)
    journal = other.run("probe.journal")
    assert "orphan cancelled by end" in journal, "nobody waits for it; no user has cancelled it"
    assert f"disconnected {me}" in journal


def test_hundreds_of_requests_are_each_answered_once(living):
    count = 300
    ids = [living.command("probe.echo", value=n) for n in range(count)]
    got = [living.answer(number)["result"] for number in ids]
    assert got == list(range(count))
    assert living.silence() == []
