import http.server


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"hello"
        if self.path == "/empty"
            body = b""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Page).serve_forever()
