import http.server
import os

PAGE = b"one"


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(PAGE)


if __name__ == "__main__":
    port = int(os.environ.get("PORT", 8000))
    http.server.ThreadingHTTPServer(("0.0.0.0", port), Page).serve_forever()
