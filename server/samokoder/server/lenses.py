"""Lenses: above the file that starts a program, what can be done with its preview."""

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from samokoder.server.uris import path_of

if TYPE_CHECKING:
    from samokoder.server.connection import Connection

_STARTS = frozenset(
    (
        *("dockerfile", "containerfile", "compose.yaml", "compose.yml"),
        *("docker-compose.yaml", "docker-compose.yml"),
        *("app.py", "main.py", "server.py", "manage.py", "wsgi.py", "asgi.py", "streamlit_app.py"),
        *("package.json", "server.js", "index.js", "app.js", "index.html"),
        *("go.mod", "main.go", "cargo.toml", "main.rs", "makefile"),
    )
)
"""Names of files people think of as the one that starts the program, in small letters."""
_START, _STOP, _LOGS = (f"samokoder.preview.{verb}" for verb in ("start", "stop", "logs"))


async def code_lenses(connection: "Connection", params: Any) -> list[dict[str, Any]]:
    """The lenses of a ``textDocument/codeLens`` request; none for most files."""
    document = params.get("textDocument") if isinstance(params, dict) else None
    uri = document.get("uri") if isinstance(document, dict) else None
    if not isinstance(uri, str) or _START not in connection.host.names:
        return []
    if PurePosixPath(unquote(urlsplit(uri).path)).name.lower() not in _STARTS:
        return []
    live = await _live(connection, uri)
    if live is None:
        return [_lens("▶ Preview", _START, {"uri": uri})]
    preview, url = live
    return [
        _lens(f"Preview: {url or 'running'}", _LOGS, {"preview": preview}),
        _lens("Stop", _STOP, {"preview": preview}),
    ]


async def _live(connection: "Connection", uri: str) -> tuple[str, str] | None:
    """The id and address of the preview of this document's workspace, if one is live."""
    path = path_of(uri)
    service: Any = connection.host.engine_slot.current
    if path is None or service is None or not hasattr(service, "previews"):
        return None
    for root in connection.roots:
        if path.is_relative_to(root):
            found = await service.previews.listing(root)
            return (found[0].id, found[0].url) if found else None
    return None


def _lens(title: str, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
    start = {"line": 0, "character": 0}
    return {
        "range": {"start": start, "end": start},
        "command": {"title": title, "command": command, "arguments": [arguments]},
    }
