"""What an editor sees: documents, edits, progress, questions, diagnostics, actions, events."""

import time
from pathlib import Path
from typing import Any

import pytest

EDITING = {
    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}},
    "general": {"positionEncodings": ["utf-8", "utf-16"]},
}


def spot(line: int, character: int, to: int | None = None) -> dict[str, Any]:
    start = {"line": line, "character": character}
    return {"start": start, "end": {"line": line, "character": character if to is None else to}}


def diagnostic(line: int, start: int, end: int, message: str = "undefined name") -> dict[str, Any]:
    return {"range": spot(line, start, end), "message": message, "source": "other", "code": 7}


def actions(peer, uri, *diagnostics, only=None, where=None) -> list[dict[str, Any]]:
    context: dict[str, Any] = {"diagnostics": list(diagnostics)}
    if only is not None:
        context["only"] = only
    params = {"textDocument": {"uri": uri}, "range": where or spot(0, 0), "context": context}
    return list(peer.call("textDocument/codeAction", params)["result"])


# initialize


def test_capabilities_offered(start):
    peer = start()
    offered = peer.initialize({"general": {"positionEncodings": ["utf-32", "utf-8"]}})["result"]
    assert offered["serverInfo"]["name"] == "samokoder"
    assert offered["capabilities"]["positionEncoding"] == "utf-32", "the client's first choice"
    assert offered["capabilities"]["textDocumentSync"]["change"] == 2
    assert "probe.echo" in offered["capabilities"]["executeCommandProvider"]["commands"]


@pytest.mark.parametrize("offer", [None, [], ["utf-7"], "utf-8", [5], ["utf-16"]])
def test_utf_16_is_what_remains(start, offer):
    peer = start()
    result = peer.initialize({"general": {"positionEncodings": offer}})["result"]
    assert result["capabilities"]["positionEncoding"] == "utf-16"


@pytest.mark.parametrize(
    "capabilities",
    [None, [], {"window": 5}, {"workspace": {"workspaceEdit": []}, "textDocument": "x"}],
)
def test_odd_capabilities_are_no_error(start, capabilities):
    peer = start()
    params = {"processId": None, "capabilities": capabilities, "rootUri": 5}
    assert "capabilities" in peer.call("initialize", params)["result"]


def test_folders_come_and_go(start, tmp_path):
    one, two = (tmp_path / "a b", tmp_path / "é")
    peer = start()
    peer.initialize(workspaceFolders=[{"uri": one.as_uri(), "name": "one"}])
    assert peer.run("probe.facts")["roots"] == [str(one)]
    event = {
        "added": [{"uri": two.as_uri(), "name": "two"}],
        "removed": [{"uri": one.as_uri(), "name": "one"}],
    }
    peer.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    assert peer.run("probe.facts")["roots"] == [str(two)]


@pytest.mark.parametrize("form", ["rootUri", "rootPath"])
def test_older_ways_to_name_the_folder(start, tmp_path, form):
    peer = start()
    value = tmp_path.as_uri() if form == "rootUri" else str(tmp_path)
    peer.initialize(**{"rootUri": None, form: value})
    assert peer.run("probe.facts")["roots"] == [str(tmp_path)]


# Settings


def settle(peer, expected: Any) -> Any:
    deadline = time.monotonic() + 5
    while (got := peer.run("probe.facts")["settings"]) != expected and time.monotonic() < deadline:
        time.sleep(0.02)
    return got


def test_settings_are_asked_for_and_watched(start):
    peer = start()
    watching = {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}}
    peer.initialize({"workspace": watching})
    asked = peer.incoming("workspace/configuration")
    assert asked["params"] == {"items": [{"section": "samokoder"}]}
    registered = peer.incoming("client/registerCapability")
    assert registered["params"]["registrations"][0]["method"] == "workspace/didChangeConfiguration"
    peer.send(id=registered["id"], result=None)
    peer.send(id=asked["id"], result=[{"log": {"level": "debug"}}])
    assert settle(peer, {"log": {"level": "debug"}}) == {"log": {"level": "debug"}}
    peer.notify("workspace/didChangeConfiguration", {"settings": None})
    again = peer.incoming("workspace/configuration")
    peer.send(id=again["id"], result=[{}])
    assert settle(peer, {}) == {}


def test_settings_that_are_pushed_or_given_at_the_start(start):
    peer = start()
    peer.initialize(initializationOptions={"settings": {"run": {"parallel": 2}}})
    assert peer.run("probe.facts")["settings"] == {"run": {"parallel": 2}}
    peer.notify("workspace/didChangeConfiguration", {"settings": {"samokoder": {"run": {}}}})
    assert settle(peer, {"run": {}}) == {"run": {}}


# Documents


def test_documents_follow_the_editor(living, tmp_path):
    path = tmp_path / "a.py"
    uri = living.open(path, "a\x0cb\r\nSECOND\u2028x\nthird")
    living.change(uri, 2, {"range": spot(1, 0, 6), "text": "EDIT"})
    [[_, version, text]] = living.run("probe.buffer", path=str(path))
    assert (version, text) == (2, "a\x0cb\r\nEDIT\u2028x\nthird")
    living.change(uri, 1, {"range": spot(0, 0), "text": "stale"})
    living.change("file:///never/opened", 5, {"text": "x"})
    living.change(uri, 3, {"text": "whole"}, {"range": spot(0, 5), "text": " 🎉"})
    assert living.run("probe.buffer", path=str(path))[0][1:] == [3, "whole 🎉"]
    living.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert living.run("probe.buffer", path=str(path)) == []


def test_a_document_is_found_under_its_real_name_too(living, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.py").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    uri = living.open(tmp_path / "link" / "a.py", "x")
    deadline = time.monotonic() + 5
    real = str(tmp_path / "real" / "a.py")
    while not living.run("probe.buffer", path=real) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert living.run("probe.buffer", path=real)[0][2] == "x"
    living.notify("textDocument/didClose", {"textDocument": {"uri": uri}})


# Edits


def apply(peer, path: Path, start: int, end: int, text: str) -> tuple[int, dict[str, Any]]:
    number = peer.command("probe.edit", path=str(path), start=start, end=end, text=text)
    return number, peer.incoming("workspace/applyEdit")


def test_an_edit_is_versioned_and_counts_when_the_text_comes_back(start, tmp_path):
    peer = start()
    peer.initialize(EDITING)
    uri = peer.open(tmp_path / "a.py", "é = 1\n🎉 = 2\n", version=7)
    number, sent = apply(peer, tmp_path / "a.py", 10, 11, "22")
    assert sent["params"]["label"] == "Probe"
    assert sent["params"]["edit"] == {
        "documentChanges": [
            {
                "textDocument": {"uri": uri, "version": 7},
                "edits": [{"range": spot(1, 7, 8), "newText": "22"}],
            }
        ]
    }, "columns are the client's: four bytes for the one character"
    peer.send(id=sent["id"], result={"applied": True})
    assert peer.silence(0.2) == [], "the client says so, but the text is not there yet"
    peer.change(uri, 8, {"range": spot(1, 7, 8), "text": "22"})
    assert peer.answer(number)["result"] is True


def test_an_edit_counts_though_the_user_types_at_once(start, tmp_path):
    peer = start()
    peer.initialize(EDITING)
    uri = peer.open(tmp_path / "a.py", "old")
    number, sent = apply(peer, tmp_path / "a.py", 0, 3, "new")
    peer.change(
        uri, 2, {"range": spot(0, 0, 3), "text": "new"}, {"range": spot(0, 3), "text": " typed"}
    )
    peer.send(id=sent["id"], result={"applied": True})
    assert peer.answer(number)["result"] is True


def test_an_edit_that_was_refused_or_not_understood_is_false(start, tmp_path):
    peer = start()
    peer.initialize(EDITING)
    peer.open(tmp_path / "a.py", "old")
    begin = time.monotonic()
    for result in ({"applied": False, "failureReason": "no"}, None, {"applied": "yes"}):
        number, sent = apply(peer, tmp_path / "a.py", 0, 3, "new")
        peer.send(id=sent["id"], result=result)
        assert peer.answer(number)["result"] is False
    number, sent = apply(peer, tmp_path / "a.py", 0, 3, "new")
    peer.send(id=sent["id"], error={"code": -32603, "message": "cannot"})
    assert peer.answer(number)["result"] is False
    assert time.monotonic() - begin < 4, "there is nothing to wait for after a no"


def test_an_edit_whose_text_never_comes_back_is_false(forwarder, tmp_path):
    peer = forwarder(PROBE_ECHO_SECONDS="0.3")
    peer.initialize(EDITING)
    uri = peer.open(tmp_path / "a.py", "old")
    number, sent = apply(peer, tmp_path / "a.py", 0, 3, "new")
    peer.send(id=sent["id"], result={"applied": True})
    peer.change(uri, 2, {"text": "something else"})
    assert peer.answer(number)["result"] is False


def test_an_edit_whose_client_never_answers_is_false(forwarder, tmp_path):
    peer = forwarder(PROBE_APPLY_SECONDS="0.3")
    peer.initialize(EDITING)
    peer.open(tmp_path / "a.py", "old")
    number, sent = apply(peer, tmp_path / "a.py", 0, 3, "new")
    assert peer.incoming("$/cancelRequest")["params"] == {"id": sent["id"]}
    assert peer.answer(number)["result"] is False
    peer.send(id=sent["id"], result={"applied": True})
    assert peer.run("probe.echo", value=1) == 1, "a late answer harms nobody"


def test_an_edit_is_never_sent_to_a_client_that_cannot(start, tmp_path):
    peer = start()
    peer.initialize()
    peer.open(tmp_path / "a.py", "old")
    assert peer.run("probe.edit", path=str(tmp_path / "a.py"), start=0, end=1, text="") is False


def test_plain_changes_where_versions_are_not_supported(start, tmp_path):
    peer = start()
    peer.initialize({"workspace": {"applyEdit": True}})
    uri = peer.open(tmp_path / "a.py", "🎉x")
    number, sent = apply(peer, tmp_path / "a.py", 1, 2, "y")
    assert sent["params"]["edit"] == {
        "changes": {uri: [{"range": spot(0, 2, 3), "newText": "y"}]}
    }, "utf-16: two units for the one character"
    peer.change(uri, 2, {"range": spot(0, 2, 3), "text": "y"})
    peer.send(id=sent["id"], result={"applied": True})
    assert peer.answer(number)["result"] is True


def test_annotations_where_they_are_supported(start, tmp_path):
    peer = start()
    support = {"documentChanges": True, "changeAnnotationSupport": {}}
    peer.initialize({"workspace": {"applyEdit": True, "workspaceEdit": support}})
    peer.open(tmp_path / "a.py", "old")
    _, sent = apply(peer, tmp_path / "a.py", 0, 3, "new")
    edit = sent["params"]["edit"]
    [name] = edit["changeAnnotations"]
    assert edit["documentChanges"][0]["edits"][0]["annotationId"] == name
    peer.send(id=sent["id"], result={"applied": False})


# Progress and questions


def test_progress_on_the_clients_own_token(living):
    params = {
        "command": "probe.progress",
        "arguments": [{}],
        "workDoneToken": "mine",
    }
    number = living.request("workspace/executeCommand", params)
    kinds = []
    while not kinds or kinds[-1] != "end":
        sent = living.incoming("$/progress")["params"]
        assert sent["token"] == "mine"
        kinds.append(sent["value"]["kind"])
    assert kinds == ["begin", "report", "end"]
    assert living.answer(number)["result"] == "done"


def test_progress_on_a_token_of_ours_and_its_cancel_button(start):
    peer = start()
    peer.initialize({"window": {"workDoneProgress": True}})
    name = f"by button {id(peer)}"
    number = peer.command("probe.progress", seconds=30, name=name)
    created = peer.incoming("window/workDoneProgress/create")
    peer.send(id=created["id"], result=None)
    begun = peer.incoming("$/progress")["params"]
    assert begun["token"] == created["params"]["token"]
    assert begun["value"] == {"kind": "begin", "title": "Work", "cancellable": True}
    assert peer.incoming("$/progress")["params"]["value"]["percentage"] == 50
    peer.notify("window/workDoneProgress/cancel", {"token": begun["token"]})
    assert peer.answer(number)["error"]["code"] == -32800
    assert peer.incoming("$/progress")["params"]["value"]["kind"] == "end"
    assert f"{name} cancelled by user" in peer.run("probe.journal")


def test_progress_that_is_refused_goes_to_the_log(start):
    peer = start()
    peer.initialize({"window": {"workDoneProgress": True}})
    number = peer.command("probe.progress")
    created = peer.incoming("window/workDoneProgress/create")
    peer.send(id=created["id"], error={"code": -32603, "message": "no"})
    assert peer.incoming("window/logMessage")["params"]["message"] == "Work: half way"
    assert peer.answer(number)["result"] == "done"


def test_progress_of_a_client_that_shows_none_goes_to_the_log(living):
    assert living.run("probe.progress") == "done"
    assert living.incoming("window/logMessage")["params"]["message"] == "Work: half way"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"result": {"title": "Yes"}}, "Yes"),
        ({"result": None}, None),
        ({"result": {"title": "Something else"}}, None),
        ({"result": []}, None),
        ({"error": {"code": -32601, "message": "?"}}, None),
    ],
)
def test_questions(living, answer, expected):
    number = living.command("probe.ask", question="Run them?")
    asked = living.incoming("window/showMessageRequest")
    assert asked["params"]["message"] == "Run them?"
    assert [a["title"] for a in asked["params"]["actions"]] == ["Yes", "No"]
    living.send(id=asked["id"], **answer)
    assert living.answer(number)["result"] == expected


# Diagnostics and actions


def test_diagnostics_carry_the_version_and_the_clients_columns(start, tmp_path):
    peer = start()
    peer.initialize({"textDocument": {"publishDiagnostics": {"dataSupport": True}}})
    uri = peer.open(tmp_path / "a.py", "ok\n🎉x = 1\n", version=3)
    peer.run("probe.mark", path=str(tmp_path / "a.py"), line=1, column=1)
    shown = peer.incoming("textDocument/publishDiagnostics")["params"]
    assert (shown["uri"], shown["version"]) == (uri, 3)
    [mark] = shown["diagnostics"]
    assert mark["range"] == spot(1, 2, 3)
    assert (mark["message"], mark["severity"], mark["source"]) == ("wrong", 1, "samokoder")
    assert mark["data"]["id"]


def test_a_diagnostic_of_ours_follows_the_text(start, tmp_path):
    peer = start()
    peer.initialize({"textDocument": {"codeAction": {"codeActionLiteralSupport": {}}}})
    uri = peer.open(tmp_path / "a.py", "one\ntwo\n")
    peer.run("probe.mark", path=str(tmp_path / "a.py"), line=1)
    [mark] = peer.incoming("textDocument/publishDiagnostics")["params"]["diagnostics"]
    peer.change(uri, 2, {"range": spot(0, 0), "text": "zero\n"})
    stale = {**mark, "range": spot(1, 99, 120)}
    [action] = actions(peer, uri, stale)
    [argument] = action["command"]["arguments"]
    assert argument["diagnostic"]["line"] == 3, "our own record, moved, not the echoed range"
    assert argument["diagnostic"]["column"] == 1


def test_actions_on_another_servers_diagnostic(start, tmp_path):
    peer = start()
    peer.initialize({"textDocument": {"codeAction": {"codeActionLiteralSupport": {}}}})
    uri = peer.open(tmp_path / "a.py", "🎉 = nme\n")
    given = diagnostic(0, 5, 8)
    [action] = actions(peer, uri, given)
    assert action["title"] == "Fix with Samokoder"
    assert action["kind"] == "quickfix"
    assert action["diagnostics"] == [given]
    command = action["command"]
    assert command["command"] == "samokoder.fix"
    assert command["arguments"][0] == {
        "uri": uri,
        "diagnostic": {
            "message": "undefined name",
            "source": "other",
            "code": "7",
            "line": 1,
            "column": 5,
            "end_line": 1,
            "end_column": 8,
        },
    }, "columns in code points, from 1"
    run = {"command": command["command"], "arguments": command["arguments"]}
    assert peer.call("workspace/executeCommand", run)["result"] == command["arguments"][0]


def test_byte_columns_beyond_the_line_are_clamped(living, tmp_path):
    uri = living.open(tmp_path / "clamped.py", "ééé\n")
    [command] = actions(living, uri, diagnostic(0, 2, 99), only=["quickfix"])
    facts = command["arguments"][0]["diagnostic"]
    assert (facts["column"], facts["end_column"]) == (3, 4)
    [command] = actions(living, uri, diagnostic(99, 0, 1))
    assert command["arguments"][0]["diagnostic"]["line"] == 2, "the last line there is"
    assert set(command) == {"title", "command", "arguments"}, "a Command where literals are unknown"


def test_several_diagnostics_can_be_told_apart(living, tmp_path):
    found = actions(
        living,
        "file:///unopened.py",
        diagnostic(0, 0, 1, "first\nmore"),
        diagnostic(1, 0, 1, "x" * 99),
    )
    assert [a["title"] for a in found] == [
        "Fix with Samokoder: first",
        f"Fix with Samokoder: {'x' * 59}…",
    ]


def test_no_action_is_offered_where_none_is_wanted(living):
    uri = "file:///unopened.py"
    assert actions(living, uri, diagnostic(0, 0, 1), only=["source.organizeImports"]) == []
    assert actions(living, uri) == []
    assert actions(living, uri, "odd", 5, None) == []
    assert living.call("textDocument/codeAction", {})["result"] == []
    assert living.call("textDocument/codeAction", [])["result"] == []
    assert len(actions(living, uri, {"message": None, "range": 5})) == 1, "odd, but a diagnostic"


def test_our_own_diagnostics_are_offered_to_editors_that_send_none(start, tmp_path):
    peer = start()
    peer.initialize()
    uri = peer.open(tmp_path / "a.py", "one\ntwo\n")
    peer.run("probe.mark", path=str(tmp_path / "a.py"), line=1, message="mine")
    assert actions(peer, uri, where=spot(0, 0)) == []
    [command] = actions(peer, uri, where=spot(1, 1))
    assert command["arguments"][0]["diagnostic"]["message"] == "mine"


# Events


def test_events_go_to_those_who_asked(start):
    curious, other = start(), start()
    curious.initialize(initializationOptions={"events": True})
    other.initialize()
    curious.run("probe.event", value=5)
    got = curious.incoming("samokoder/event")["params"]
    assert got == {"kind": "probe", "value": 5}
    assert other.run("probe.echo", value=1) == 1
    assert other.inbox == []
