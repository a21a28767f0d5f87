import http.server

import shop


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = shop.listing(["tea", "salt"]).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Page).serve_forever()
