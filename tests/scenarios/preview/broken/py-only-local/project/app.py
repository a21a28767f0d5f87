import http.server


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()


HOST = "127.0.0.1"

if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Page)
    server.serve_forever()
