import http.server

from cart import Cart

CART = Cart()


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = CART.total() if self.path == "/total" else "a cart"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.encode())


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Page).serve_forever()
