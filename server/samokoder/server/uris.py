"""``file:`` addresses and paths, both ways. A client's own spelling is kept for what goes back."""

import os
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

WINDOWS = os.name == "nt"


def path_of(uri: str) -> Path | None:
    """The file a URI names; None when it names none (``untitled:``, ``git:``, …)."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme != "file":
        return None
    path = unquote(parts.path)
    if parts.netloc and parts.netloc != "localhost":
        path = f"//{unquote(parts.netloc)}{path}"
    elif WINDOWS and path[2:3] == ":":
        path = path[1].lower() + path[2:]
    if not path or "\0" in path:
        return None
    return Path(os.path.normpath(path))


def uri_of(path: Path) -> str:
    """The URI of an absolute path."""
    text = path.as_posix()
    if WINDOWS and text[1:2] == ":":
        return f"file:///{quote(text)}"
    return f"file:{quote(text)}" if text.startswith("//") else f"file://{quote(text)}"
