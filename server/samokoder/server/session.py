"""The life of a conversation: initialize, documents, settings, shutdown, exit."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from lsprotocol import types

from samokoder.server import capabilities
from samokoder.server.actions import code_actions
from samokoder.server.dispatch import Dispatch
from samokoder.server.documents import Document, Documents
from samokoder.server.engine import Engine
from samokoder.server.failures import INVALID_PARAMS, ClientRefused, ClientSilent, Malformed
from samokoder.server.lenses import code_lenses
from samokoder.server.protocol import Stage, current_request
from samokoder.server.text import Position, Range
from samokoder.server.uris import path_of
from samokoder.state.errors import SamokoderError

if TYPE_CHECKING:
    from samokoder.server.connection import Connection

log = logging.getLogger(__name__)

SECTION = "samokoder"
"""The section of the editor's settings that is ours."""
CONFIGURATION_SECONDS = 5.0
SHUTDOWN_SECONDS = 2.0


class Session:
    """Registers the handlers of one connection."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._engine: Engine | None = None
        on = connection.protocol.on
        on(types.INITIALIZE, self._initialize, raw=True)
        on(types.INITIALIZED, self._initialized, raw=True)
        on(types.SHUTDOWN, self._shutdown, raw=True)
        on(types.EXIT, self._exit, raw=True)
        on(types.TEXT_DOCUMENT_DID_OPEN, self._did_open)
        on(types.TEXT_DOCUMENT_DID_CHANGE, self._did_change)
        on(types.TEXT_DOCUMENT_DID_CLOSE, self._did_close)
        on(types.TEXT_DOCUMENT_DID_SAVE, _ignore, raw=True)
        on(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, self._did_change_folders)
        on(types.WORKSPACE_DID_CHANGE_CONFIGURATION, self._did_change_configuration, raw=True)
        on(types.WORKSPACE_DID_CHANGE_WATCHED_FILES, _ignore, raw=True)
        on(types.WINDOW_WORK_DONE_PROGRESS_CANCEL, self._cancel_progress, raw=True)
        on(types.SET_TRACE, _ignore, raw=True)
        on(types.TEXT_DOCUMENT_CODE_ACTION, self._code_action, raw=True)
        on(types.TEXT_DOCUMENT_DIAGNOSTIC, self._diagnostic, raw=True)
        on(types.TEXT_DOCUMENT_CODE_LENS, self._code_lens, raw=True)
        on(types.WORKSPACE_EXECUTE_COMMAND, Dispatch(connection).execute)

    async def end(self, seconds: float) -> None:
        """The client left: stop what it waits for, tell the engine."""
        connection = self._connection
        connection.protocol.stage = Stage.SHUT_DOWN
        await connection.protocol.stop_requests(seconds)
        if self._engine is not None:
            with anyio.move_on_after(seconds):
                await self._engine.disconnected(connection)

    # Life cycle

    def _initialize(self, params: Any) -> types.InitializeResult:
        if not isinstance(params, dict):
            raise Malformed(INVALID_PARAMS, "The params of initialize are an object.")
        connection = self._connection
        client = connection.capabilities = capabilities.read(params)
        connection.documents = Documents(client.encoding)
        connection.roots = _roots(params)
        options = params.get("initializationOptions")
        settings = options.get("settings") if isinstance(options, dict) else None
        connection.settings = settings if isinstance(settings, dict) else {}
        pid = params.get("processId")
        connection.process_id = pid if isinstance(pid, int) and pid > 0 else None
        connection.protocol.stage = Stage.INITIALIZED
        connection.tasks.start_soon(connection.watch_parent)
        connection.host.engine_slot.hurry()
        log.info("client %s %s %s", connection.id, client.name, client.version)
        return types.InitializeResult(
            capabilities=capabilities.offer(client, connection.host.names),
            server_info=types.ServerInfo(name=connection.name, version=connection.version),
        )

    async def _initialized(self, _params: Any) -> None:
        if self._connection.capabilities.watch_configuration:
            self._connection.tasks.start_soon(self._register_configuration)
        await self._pull_configuration()
        try:
            engine = await self._connection.host.engine()
        except SamokoderError as error:
            self._connection.notices.show(str(error), types.MessageType.Error)
            return
        self._engine = engine
        await engine.connected(self._connection)

    async def _shutdown(self, _params: Any) -> None:
        protocol = self._connection.protocol
        protocol.stage = Stage.SHUT_DOWN
        await protocol.stop_requests(SHUTDOWN_SECONDS, but=current_request.get())

    def _exit(self, _params: Any) -> None:
        done = self._connection.protocol.stage is Stage.SHUT_DOWN
        self._connection.leave(0 if done else 1)

    # Documents

    def _did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        item = params.text_document
        connection = self._connection
        document = connection.documents.opened(
            item.uri, str(item.language_id), item.version, item.text
        )
        if document.path is not None:
            connection.tasks.start_soon(_resolve, document)
        connection.diagnostics.document_changed(document, [])
        connection.diagnostics.document_turned(document.uri)

    def _did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        changes = [_change(change) for change in params.content_changes]
        uri, version = params.text_document.uri, params.text_document.version
        document = self._connection.documents.changed(uri, version, changes)
        if document is not None:
            self._connection.diagnostics.document_changed(document, changes)

    def _did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        self._connection.documents.closed(params.text_document.uri)
        self._connection.diagnostics.document_turned(params.text_document.uri)

    # Settings and folders

    def _did_change_folders(self, params: types.DidChangeWorkspaceFoldersParams) -> None:
        removed = {path_of(folder.uri) for folder in params.event.removed}
        kept = [root for root in self._connection.roots if root not in removed]
        added = [path for folder in params.event.added if (path := path_of(folder.uri))]
        self._connection.roots = tuple(dict.fromkeys((*kept, *added)))

    async def _did_change_configuration(self, params: Any) -> None:
        pushed = params.get("settings") if isinstance(params, dict) else None
        own = pushed.get(SECTION) if isinstance(pushed, dict) else None
        if isinstance(own, dict):
            self._connection.settings = own
        await self._pull_configuration()

    async def _pull_configuration(self) -> None:
        connection = self._connection
        if not connection.capabilities.configuration:
            return
        params = {"items": [{"section": SECTION}]}
        try:
            answer = await connection.protocol.ask(
                types.WORKSPACE_CONFIGURATION, params, CONFIGURATION_SECONDS
            )
        except (ClientSilent, ClientRefused) as error:
            log.info("no settings from the editor: %s", error)
            return
        if isinstance(answer, list) and answer and isinstance(answer[0], dict):
            connection.settings = answer[0]

    async def _register_configuration(self) -> None:
        registration = {
            "id": "samokoder-configuration",
            "method": types.WORKSPACE_DID_CHANGE_CONFIGURATION,
            "registerOptions": {"section": SECTION},
        }
        try:
            await self._connection.protocol.ask(
                types.CLIENT_REGISTER_CAPABILITY,
                {"registrations": [registration]},
                CONFIGURATION_SECONDS,
            )
        except (ClientSilent, ClientRefused) as error:
            log.info("settings are not watched: %s", error)

    # Requests

    async def _cancel_progress(self, params: Any) -> None:
        # a task of its own: it must not overtake the request that came just before it
        if isinstance(params, dict):
            self._connection.progress.cancel(params.get("token"))

    def _diagnostic(self, params: Any) -> dict[str, Any]:
        document = params.get("textDocument") if isinstance(params, dict) else None
        uri = document.get("uri") if isinstance(document, dict) else None
        items = self._connection.diagnostics.pulled(uri) if isinstance(uri, str) else []
        return {"kind": "full", "items": items}

    async def _code_lens(self, params: Any) -> list[Any]:
        return await code_lenses(self._connection, params)

    def _code_action(self, params: Any) -> list[Any]:
        return code_actions(self._connection, params)


def _ignore(_params: Any) -> None:
    """Nothing has to be done; said aloud so that it is not taken for unknown."""


def _change(change: Any) -> tuple[Range | None, str]:
    where = getattr(change, "range", None)
    if where is None:
        return None, change.text
    start, end = where.start, where.end
    return (
        Range(Position(start.line, start.character), Position(end.line, end.character)),
        change.text,
    )


def _roots(params: dict[str, Any]) -> tuple[Path, ...]:
    """The workspace folders, from the newest form the client sends to the oldest."""
    folders = params.get("workspaceFolders")
    uris: list[Any] = []
    if isinstance(folders, list):
        uris = [folder.get("uri") for folder in folders if isinstance(folder, dict)]
    if not uris:
        uris = [params.get("rootUri")]
    paths = [path for uri in uris if isinstance(uri, str) and (path := path_of(uri))]
    if not paths and isinstance(root := params.get("rootPath"), str) and root:
        paths = [Path(root)]
    return tuple(dict.fromkeys(paths))


async def _resolve(document: Document) -> None:
    """Find out under which name the document's file is known without symbolic links."""
    if document.path is not None:
        real = await anyio.to_thread.run_sync(document.path.resolve)
        document.real = Path(real)
