import http.server


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            status, body = self.answer()
        except LookupError:
            status, body = 500, b"sorry"
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def answer(self):
        if self.path == "/orders":
            return 200, {}["orders"]
        return 200, b"hello"


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Page).serve_forever()
