import http.server

import flask_nowhere

http.server.HTTPServer(("0.0.0.0", 8000), flask_nowhere.Page).serve_forever()
