"""What a client can do, read without trusting its form, and what this server offers it.

Unknown values from newer clients are no error: a capability that cannot be understood is not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lsprotocol import types

from samokoder.server.text import Encoding

_ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")


@dataclass(frozen=True, slots=True)
class ClientCapabilities:
    """What may be sent to the client, and in which form."""

    name: str = ""
    version: str = ""
    encoding: Encoding = "utf-16"
    apply_edit: bool = False
    document_changes: bool = False
    create_files: bool = False
    change_annotations: bool = False
    progress: bool = False
    ask_user: bool = True
    """``window/showMessageRequest`` is part of the base protocol; no client announces it."""
    show_document: bool = False
    configuration: bool = False
    watch_configuration: bool = False
    code_action_literals: bool = False
    code_action_data: bool = False
    related_information: bool = False
    diagnostic_data: bool = False
    pull_diagnostics: bool = False
    refresh_diagnostics: bool = False
    events: bool = False
    """Wants ``samokoder/event`` notifications: initializationOptions ``{"events": true}``."""
    events_name: str = ""
    """The client's lasting name, when it wants what it missed too: ``{"events": "name"}``."""

    @property
    def pulls(self) -> bool:
        """Whether it asks for diagnostics by itself and can be told to ask again."""
        return self.pull_diagnostics and self.refresh_diagnostics


def read(params: dict[str, Any]) -> ClientCapabilities:
    """The capabilities in the params of ``initialize``."""
    offered = params.get("capabilities")
    info = params.get("clientInfo")
    name = str(_at(info, "name") or "")
    edit = _at(offered, "workspace", "workspaceEdit")
    resources = _at(edit, "resourceOperations")
    published = _at(offered, "textDocument", "publishDiagnostics")
    events = _at(params.get("initializationOptions"), "events")
    return ClientCapabilities(
        name=name,
        version=str(_at(info, "version") or ""),
        encoding=_encoding(_at(offered, "general", "positionEncodings")),
        apply_edit=_at(offered, "workspace", "applyEdit") is True,
        # Neovim handles them, checks the version in them, and does not say so.
        document_changes=_at(edit, "documentChanges") is True or name == "Neovim",
        create_files=isinstance(resources, list) and "create" in resources,
        change_annotations=isinstance(_at(edit, "changeAnnotationSupport"), dict),
        progress=_at(offered, "window", "workDoneProgress") is True,
        show_document=_at(offered, "window", "showDocument", "support") is True,
        configuration=_at(offered, "workspace", "configuration") is True,
        watch_configuration=(
            _at(offered, "workspace", "didChangeConfiguration", "dynamicRegistration") is True
        ),
        code_action_literals=isinstance(
            _at(offered, "textDocument", "codeAction", "codeActionLiteralSupport"), dict
        ),
        code_action_data=_at(offered, "textDocument", "codeAction", "dataSupport") is True,
        related_information=_at(published, "relatedInformation") is True,
        diagnostic_data=_at(published, "dataSupport") is True,
        pull_diagnostics=isinstance(_at(offered, "textDocument", "diagnostic"), dict),
        refresh_diagnostics=_at(offered, "workspace", "diagnostics", "refreshSupport") is True,
        events=events is True or bool(events and isinstance(events, str)),
        events_name=events if isinstance(events, str) else "",
    )


def _encoding(offered: object) -> Encoding:
    """The client's own first choice: it costs it nothing, and us one look at an ASCII flag."""
    if isinstance(offered, list):
        for name in offered:
            for encoding in _ENCODINGS:
                if name == encoding:
                    return encoding
    return "utf-16"


def offer(client: ClientCapabilities, commands: Sequence[str]) -> types.ServerCapabilities:
    """What this server tells the client it can do."""
    return types.ServerCapabilities(
        position_encoding=types.PositionEncodingKind(client.encoding),
        text_document_sync=types.TextDocumentSyncOptions(
            open_close=True,
            change=types.TextDocumentSyncKind.Incremental,
            save=types.SaveOptions(include_text=False),
        ),
        code_action_provider=types.CodeActionOptions(
            code_action_kinds=[types.CodeActionKind.QuickFix, types.CodeActionKind.Source],
            resolve_provider=False,
        )
        if client.code_action_literals
        else True,
        diagnostic_provider=types.DiagnosticOptions(
            inter_file_dependencies=True, workspace_diagnostics=False, identifier="samokoder"
        )
        if client.pulls
        else None,
        code_lens_provider=types.CodeLensOptions(resolve_provider=False),
        execute_command_provider=types.ExecuteCommandOptions(
            commands=list(commands), work_done_progress=True
        ),
        workspace=types.WorkspaceOptions(
            workspace_folders=types.WorkspaceFoldersServerCapabilities(
                supported=True, change_notifications=True
            )
        ),
    )


def _at(value: object, *keys: str) -> Any:
    """A nested member; None where the path leaves the objects."""
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value
