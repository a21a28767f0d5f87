"""Capabilities of real editors, as they send them, and of none."""

import pytest

from samokoder.server.capabilities import ClientCapabilities, offer, read

NEOVIM = {
    "clientInfo": {"name": "Neovim", "version": "0.11.4"},
    "capabilities": {
        "general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"]},
        "window": {"workDoneProgress": True, "showDocument": {"support": True}},
        "workspace": {"applyEdit": True, "configuration": True, "workspaceEdit": {}},
        "textDocument": {
            "codeAction": {"codeActionLiteralSupport": {}, "dataSupport": True},
            "publishDiagnostics": {"dataSupport": True, "relatedInformation": True},
            "diagnostic": {"dynamicRegistration": False},
        },
    },
}


def test_neovim():
    client = read(NEOVIM)
    assert client.encoding == "utf-8"
    assert client.document_changes, "handled, though not announced"
    assert client.progress
    assert client.configuration
    assert client.show_document
    assert client.code_action_literals
    assert client.pull_diagnostics
    assert not client.create_files
    assert not client.events


def test_nothing_is_assumed_of_an_unknown_client():
    assert read({}) == ClientCapabilities()
    assert read({"capabilities": {"workspace": {"applyEdit": "yes"}}}) == ClientCapabilities()


def test_create_and_annotations():
    edit = {"resourceOperations": ["create"], "changeAnnotationSupport": {"groupsOnLabel": True}}
    client = read({"capabilities": {"workspace": {"workspaceEdit": edit}}})
    assert client.create_files
    assert client.change_annotations


def test_events_are_opted_into():
    assert read({"initializationOptions": {"events": True}}).events
    assert not read({"initializationOptions": {"events": 1}}).events
    named = read({"initializationOptions": {"events": "my editor"}})
    assert (named.events, named.events_name) == (True, "my editor")
    assert not read({"initializationOptions": {"events": ""}}).events


@pytest.mark.parametrize("literals", [True, False])
def test_kinds_are_offered_only_to_those_who_know_them(literals):
    offered = offer(ClientCapabilities(code_action_literals=literals), ["a"]).code_action_provider
    assert (offered is True) is not literals
