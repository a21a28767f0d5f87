"""A package index on this machine's loopback, which has one distribution: greeting-of-the-test."""

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def wheel() -> bytes:
    data, info = io.BytesIO(), "greeting_of_the_test-1.0.dist-info"
    files = {
        "greeting_of_the_test.py": "def hello():\n    return 'привет'\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: greeting-of-the-test\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(data, "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
        record = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
        packed.writestr(f"{info}/RECORD", record)
    return data.getvalue()


@contextmanager
def package_index() -> Iterator[tuple[str, list[str]]]:
    """Its address for `pip`, and the paths that were asked for."""
    body, asked = wheel(), list[str]()
    file = "greeting_of_the_test-1.0-py3-none-any.whl"
    link = f'<a href="/{file}#sha256={hashlib.sha256(body).hexdigest()}">{file}</a>'

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            answer = body if self.path.endswith(".whl") else link.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/simple", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
