"""Packages on one address of this machine: wheels of what is installed here, npm's own tarballs.

The tarballs come from a cache ``scripts/engine run`` fills while there is a network.
"""

import base64
import hashlib
import http.server
import importlib.metadata
import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toolchains import Missing

LOCK = Path(__file__).parent / "projects" / "vite" / "package-lock.json"

CACHE = Path(__file__).resolve().parents[2] / ".venv/npm"


@contextmanager
def serving(address: str, pages: Mapping[str, bytes]) -> Iterator[int]:
    """Serve these paths: the port."""

    class Shop(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path.partition("?")[0])
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_args: object) -> None:
            """Nothing to stderr."""

    server = http.server.ThreadingHTTPServer((address, 0), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def wheels(*names: str) -> dict[str, bytes]:
    """A simple index with these distributions as they are installed here. Raises Missing."""
    pages = {}
    for name in names:
        try:
            file, data = _wheel(importlib.metadata.distribution(name))
        except importlib.metadata.PackageNotFoundError as error:
            raise Missing(name) from error
        place = f"/files/{file}#sha256={hashlib.sha256(data).hexdigest()}"
        pages[f"/simple/{normal(name)}/"] = f'<a href="{place}">{file}</a>'.encode()
        pages[f"/files/{file}"] = data
    return pages


def normal(name: str) -> str:
    """A distribution's name as an index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _wheel(found: importlib.metadata.Distribution) -> tuple[str, bytes]:
    """A pure distribution packed again from its files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for file in found.files or ():
            inside = str(file)
            if not inside.startswith("..") and "__pycache__" not in inside:
                target.writestr(inside, Path(str(found.locate_file(file))).read_bytes())
    name = found.metadata["Name"].replace("-", "_")
    return f"{name}-{found.version}-py3-none-any.whl", packed.getvalue()


def tarballs() -> dict[str, bytes]:
    """What the Vite project's lock file names, for this machine. Raises Missing."""
    pages, absent = {}, []
    for place, one in _packages().items():
        algorithm, _, digest = one["integrity"].partition("-")
        name = base64.b64decode(digest).hex()
        stored = CACHE / "_cacache/content-v2" / algorithm / name[:2] / name[2:4] / name[4:]
        if stored.is_file():
            pages[path_of(place, one["version"])] = stored.read_bytes()
        elif not one.get("optional"):
            absent.append(place.rpartition("node_modules/")[2])
    if absent:
        raise Missing(f"the npm package {absent[0]}")
    return pages


def locked(origin: str) -> str:
    """The lock file with the place each package is fetched from."""
    whole: dict[str, Any] = json.loads(LOCK.read_text())
    for place, one in whole["packages"].items():
        if "integrity" in one:
            one["resolved"] = origin + path_of(place, one["version"])
    return json.dumps(whole, indent=2)


def path_of(place: str, version: str) -> str:
    """Where a package of a lock file is on our registry."""
    name = place.rpartition("node_modules/")[2]
    return f"/{name}/-/{name.rpartition('/')[2]}-{version}.tgz"


def _packages() -> dict[str, dict[str, Any]]:
    whole = json.loads(LOCK.read_text())["packages"]
    return {place: one for place, one in whole.items() if "integrity" in one}
