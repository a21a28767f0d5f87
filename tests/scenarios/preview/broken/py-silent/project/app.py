import http.server

import warmup

if __name__ == "__main__":
    warmup.wait()
    http.server.ThreadingHTTPServer(("0.0.0.0", 8000), http.server.BaseHTTPRequestHandler)
