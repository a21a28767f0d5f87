import http.server

held = []
while len(held) < 100_000:
    held.append(bytearray(1 << 20))
http.server.HTTPServer(("0.0.0.0", 8000), http.server.BaseHTTPRequestHandler).serve_forever()
