PAGES = {"/": "hello"}


def application(environ, start_response):
    body = PAGES[environ["PATH_INFO"]].encode()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body]
