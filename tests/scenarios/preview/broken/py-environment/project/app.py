import http.server

import config

print(config.DATABASE)
http.server.HTTPServer(("0.0.0.0", 8000), http.server.BaseHTTPRequestHandler).serve_forever()
