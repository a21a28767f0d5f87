import http.server

from stor import greeting


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(greeting().encode())


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Page).serve_forever()
