"""Problems of a previewed program: at the user's line, gone when their cause is. R7 R10"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from samokoder.agents.checks.check import Problem
from samokoder.agents.checks.places import Places
from samokoder.agents.preview.logs import requests
from samokoder.agents.preview.logs.board import MOST, WINDOW, Board
from samokoder.agents.preview.logs.routes import find, routes_in
from samokoder.agents.preview.spec import LogLine

BROKEN = """\
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server


def application(environ, start_response):
    total = {}
    return [total["сумма"]]


with make_server("127.0.0.1", 0, application) as server:
    print(server.server_port, flush=True)
    server.handle_request()
"""


def board(*files: str, **more: object) -> Board:
    return Board(lambda service: Places(("/app",), frozenset(files)), **more)  # type: ignore[arg-type]


def lines(text: str, service: str = "") -> list[LogLine]:
    return [LogLine(line, service=service) for line in text.split("\n")]


def places_of(problems: Iterable[Problem]) -> list[tuple[str, int]]:
    return [(problem.path, problem.line) for problem in problems]


TRACE = (
    'Traceback (most recent call last):\n  File "/usr/lib/python3.11/run.py", line 137, in run\n'
    '    x()\n  File "/app/shop.py", line 7, in cart\n    return total["a"]\n'
    "KeyError: 'a'\n"
)


def test_a_real_servers_trace_leads_to_the_line(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(BROKEN, "utf-8")
    code = (
        "import subprocess, sys, urllib.request, urllib.error\n"
        "with subprocess.Popen([sys.executable, 'shop.py'], stdout=subprocess.PIPE, "
        "stderr=subprocess.PIPE, text=True, encoding='utf-8') as child:\n"
        "    port = child.stdout.readline().strip()\n"
        "    try:\n        urllib.request.urlopen(f'http://127.0.0.1:{port}/cart')\n"
        "    except urllib.error.HTTPError:\n        print(child.stderr.read())\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code],
        cwd=tmp_path, capture_output=True, encoding="utf-8", check=True, timeout=30,
    )  # fmt: skip
    seen = Board(lambda service: Places((str(tmp_path),), frozenset({"shop.py"})))
    assert seen.take(lines(done.stdout))
    (problem,) = seen.problems
    assert (problem.path, problem.line) == ("shop.py", 7)
    assert "сумма" in problem.message


def test_a_trace_in_two_batches_is_one_problem() -> None:
    seen = board("shop.py")
    first, second = lines(TRACE)[:3], lines(TRACE)[3:]
    assert not seen.take(first)
    assert seen.take(second)
    assert places_of(seen.problems) == [("shop.py", 7)]
    assert not seen.take(lines(TRACE)), "the same again is nothing new"


def test_problems_go_with_a_restart_and_with_a_changed_file() -> None:
    seen = board("shop.py")
    seen.take(lines(TRACE, "web"))
    assert not seen.restarted("db")
    assert seen.restarted("web")
    assert seen.problems == ()
    seen.take(lines(TRACE, "web"))
    assert not seen.changed({"other.py"})
    assert seen.changed({"shop.py"})
    assert seen.problems == ()
    assert not seen.take(lines("all is well", "web")), "what was said before is over"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (
            "file:///app/server.mjs:3\nthrow new Error('x')\n      ^\n\nError: x\n"
            "    at Server.<anonymous> (file:///app/server.mjs:3:9)\n"
            "    at Server.emit (node:events:519:28)\n\nNode.js v20.20.2\n",
            ("server.mjs", 3),
        ),
        (
            "panic: runtime error: index out of range [3] with length 2\n\ngoroutine 1 [running]:\n"
            "main.main()\n\t/app/cmd/web/main.go:11 +0x1d\nexit status 2\n",
            ("cmd/web/main.go", 11),
        ),
        (
            "2026/11/22 06:53:53 http: panic serving 10.1.1.2:43210: nil map\n"
            "goroutine 18 [running]:\nmain.page()\n\t/app/cmd/web/main.go:12 +0x6c\n",
            ("cmd/web/main.go", 12),
        ),
        (
            "\x1b[31m12:00:01 [vite] Internal server error: Unexpected token\x1b[39m\n"
            "  Plugin: vite:esbuild\n  File: /app/src/main.ts:4:10\n",
            ("src/main.ts", 4),
        ),
        (
            '✘ [ERROR] Expected ";" but found "b"\n\n    src/main.ts:5:3:\n      5 │ a b\n',
            ("src/main.ts", 5),
        ),
        (
            "./src/main.ts: no place\nERROR in ./src/main.ts 6:2\nModule parse failed\n",
            ("src/main.ts", 6),
        ),
        (
            "server: server.c:12: handle: Assertion `n > 0' failed.\nAborted (core dumped)\n",
            ("server.c", 12),
        ),
    ],
    ids=["node", "go", "served", "vite", "esbuild", "webpack", "c"],
)
def test_other_languages(text: str, place: tuple[str, int]) -> None:
    seen = board("server.mjs", "cmd/web/main.go", "src/main.ts", "server.c")
    seen.take(lines(text))
    assert place in places_of(seen.problems)


def test_an_ordinary_log_shows_nothing() -> None:
    seen = board("app.py", routes=lambda: routes_in({"app.py": '@app.get("/")\n'}))
    said = (
        "INFO: Started server process [1]\napp.py:12 ready\nlistening on 0.0.0.0:8000\n"
        '127.0.0.1 - - [1/Jan/2026] "GET / HTTP/1.1" 200 -\n'
        '127.0.0.1 - - [1/Jan/2026] "GET /no HTTP/1.1" 404 -\nGET / 200 500 ms\n'
    )
    assert not seen.take(lines(said))


def test_a_failed_request_without_a_trace_leads_to_its_route() -> None:
    text = {
        "app.py": '@app.route("/cart/<int:id>")\ndef cart(id):\n    abort(500)\n',
        "web/a.js": "app.get('/cart/new', fresh)\n",
    }
    seen = board(*text, routes=lambda: routes_in(text))
    seen.take(lines('10.0.0.1 "GET /cart/7?x=1 HTTP/1.1" 503 12'))
    assert places_of(seen.problems) == [("app.py", 1)]
    assert "503" in seen.problems[0].message
    assert seen.take(lines("POST /cart/new 500 3 ms"))
    assert ("web/a.js", 1) in places_of(seen.problems), "the literal route wins"


@pytest.mark.parametrize(
    "line",
    [
        '127.0.0.1 - - [x] "GET /a HTTP/1.1" 500 -',
        'INFO:     127.0.0.1:5 - "GET /a HTTP/1.1" 500 Internal Server Error',
        "GET /a 500 1.2 ms - 9",
        "[12:00] 500 GET /a",
    ],
)
def test_access_logs(line: str) -> None:
    assert requests.failed(line) == requests.Failed("GET", "/a", 500)


def test_routes_of_several_frameworks() -> None:
    text = {
        "urls.py": 'path("shop/<slug:name>/", views.shop),\n',
        "main.go": 'http.HandleFunc("GET /go/{id}", h)\n',
        "srv.py": 'if self.path == "/health":\n',
    }
    routes = routes_in(text)
    wanted = (("/shop/tea/", "urls.py"), ("/go/4", "main.go"), ("/health", "srv.py"))
    for asked, path in wanted:
        route = find(routes, asked)
        assert route is not None
        assert route.path == path
    assert find(routes, "/shop/a/b") is None


def test_a_flood_is_bounded() -> None:
    seen = board("shop.py")
    for number in range(MOST + 20):
        seen.take(lines(TRACE.replace("'a'", f"'{number}'")))
    assert len(seen.problems) == MOST
    assert seen.problems[-1].message.endswith(f"'{MOST + 19}'")
    assert all(len(window) <= WINDOW for window in seen._windows.values())
