import http.server

PAGE = b"one"


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(PAGE)


if __name__ == "__main__":
    port = 9000
    http.server.ThreadingHTTPServer(("0.0.0.0", port), Page).serve_forever()
