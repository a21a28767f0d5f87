"""Outside data in small programs of several frameworks: what must be told and what must not."""

import textwrap

import pytest

from samokoder.agents.checks.check import Severity
from samokoder.agents.review import finding, pyfile
from samokoder.agents.review.finding import Finding, Proof
from samokoder.agents.review.taint.source import analyse

FLASK = """
import os, subprocess, sqlite3, pickle, hashlib, random, html, shlex
from flask import Flask, request, redirect, session, render_template_string, make_response, jsonify
app = Flask(__name__)
"""


def found(code: str) -> tuple[Finding, ...]:
    file = pyfile.read("app.py", textwrap.dedent(code))
    assert file is not None, "the case itself must parse"
    return analyse(file)


def rules(body: str, head: str = FLASK, route: str = "/x") -> set[str]:
    """The rules hit by the body of one Flask handler."""
    handler = f"@app.route('{route}')\ndef handler(name=None):\n" + textwrap.indent(
        textwrap.dedent(body), "    "
    )
    return {f.rule for f in found(head + handler)}


HARM = [
    ("os.system('ls ' + request.args['d'])", "command-injection"),
    ("subprocess.run(['sh', '-c', f'ls {request.args.get(1)}'])", "command-injection"),
    ("subprocess.run([request.form['prog'], '-v'])", "command-injection"),
    ("subprocess.Popen('ls %s' % request.args['d'], shell=True)", "command-injection"),
    ("eval(request.get_json()['x'])", "code-injection"),
    ("db = sqlite3.connect('a')\ndb.execute(f\"select * from t where a='{request.args['a']}'\")",
     "sql-injection"),
    ("q = 'select 1 where x={}'.format(request.cookies.get('c'))\n"
     "sqlite3.connect('a').cursor().execute(q)", "sql-injection"),
    ("open('/data/' + request.args['f']).read()", "path-traversal"),
    ("import pathlib\n(pathlib.Path('/data') / request.args['f']).read_text()", "path-traversal"),
    ("pickle.loads(request.data)", "unsafe-deserialisation"),
    ("import yaml\nyaml.load(request.data, Loader=yaml.Loader)", "unsafe-deserialisation"),
    ("return redirect(request.args['next'])", "open-redirect"),
    ("return redirect('https://' + request.args['host'])", "open-redirect"),
    ("return '<p>' + request.args['q']", "cross-site-scripting"),
    ("return make_response(f\"<b>{request.headers['X']}</b>\")", "cross-site-scripting"),
    ("return render_template_string(request.form['t'])", "template-injection"),
    ("from lxml import etree\n"
     "etree.parse('a.xml').xpath(\"//a[@b='\" + request.args['b'] + \"']\")", "xpath-injection"),
    ("import ldap\nldap.initialize('x').search_s('ou=a', 2, '(uid=%s)' % request.args['u'])",
     "ldap-injection"),
    ("session[request.args['k']] = 1", "trust-boundary"),
    ("import requests\nreturn jsonify(requests.get(request.args['u']).json())",
     "server-side-request-forgery"),
    ("token = random.randint(0, 10 ** 9)\nreturn jsonify(t=token)", "guessable-random"),
    ("parts = ['a', request.args['d']]\nos.system(' '.join(parts))", "command-injection"),
    ("d = {'k': request.args['d'], 'l': 'ls'}\nos.system(d['k'])", "command-injection"),
    ("x = request.args['d']\nif x == 'a':\n    y = x\nelse:\n    y = x\nos.system(y)",
     "command-injection"),
    ("x = 'ls'\nfor y in request.args.getlist('y'):\n    x += ' ' + y\nos.system(x)",
     "command-injection"),
    ("a, b = request.args['a'], 1\nos.system(a)", "command-injection"),
    ("os.system(html.escape(request.args['a']))", "command-injection"),
    ("with open(request.args['f']) as f:\n    return jsonify(f.read())", "path-traversal"),
    ("try:\n    x = request.args['x']\nexcept KeyError:\n    x = ''\nos.system(x)",
     "command-injection"),
    ("os.system((lambda v: v + '!')(request.args['x']))", "command-injection"),
    ("[os.system(x) for x in request.args.getlist('x')]", "command-injection"),
    ("os.system(x := request.args['x'])", "command-injection"),
    ("os.system(request.args['x'] or 'ls')", "command-injection"),
    ("x = request.args['x']\nos.system('ls' if not x else x)", "command-injection"),
]  # fmt: skip

NO_HARM = [
    "os.system('ls')",
    "subprocess.run(['ls', request.args['d']])",
    "os.system('ls ' + shlex.quote(request.args['d']))",
    "os.system('kill %d' % request.args['pid'])",
    "os.system(f\"kill {int(request.args['pid'])}\")",
    "sqlite3.connect('a').execute('select * from t where a=?', (request.args['a'],))",
    "x = request.args['x']\nif x not in ('a', 'b'):\n    return 'no'\nos.system(x)",
    "x = request.args['x']\nif x in {'a': 1}:\n    os.system(x)",
    "x = request.args['x']\nif not x.isalnum():\n    return 'no'\nos.system(x)",
    "import re\nx = request.args['x']\nif not re.fullmatch('[a-z]+', x):\n    return 'no'\n"
    "os.system(x)",
    "x = request.args['x']\nif x == 'ls':\n    os.system(x)",
    "p = os.path.realpath('/data/' + request.args['f'])\n"
    "if not p.startswith('/data/'):\n    return 'no'\nopen(p)",
    "open('/data/' + os.path.basename(request.args['f']))",
    "f = request.args['f']\nif '..' in f or '/' in f:\n    return 'no'\nopen('/data/' + f)",
    "from werkzeug.utils import secure_filename\nopen(secure_filename(request.args['f']))",
    "return redirect('/users/' + request.args['id'])",
    "return redirect('https://host.example/' + request.args['id'])",
    "from urllib.parse import urlparse\nu = request.args['u']\n"
    "if urlparse(u).netloc != 'host.example':\n    return 'no'\nreturn redirect(u)",
    "return html.escape(request.args['q'])",
    "return {'q': request.args['q']}",
    "return jsonify(q=request.args['q'])",
    "import yaml\nyaml.safe_load(request.data)",
    "import yaml\nyaml.load(request.data, Loader=yaml.SafeLoader)",
    "parts = ['a', request.args['d']]\nos.system(parts[0])",
    "parts = ['a', request.args['d']]\nparts.pop()\nos.system(parts[-1])",
    "d = {'k': request.args['d'], 'l': 'ls'}\nos.system(d['l'])",
    "x = request.args['d']\nif 2 + 2 > 3:\n    x = 'ls'\nos.system(x)",
    "x = request.args['d']\nx = 'ls'\nos.system(x)",
    "s = 'safe' + request.args['d']\nos.system(s[:4])",
    "os.system(request.path)",
    "import ast\nast.literal_eval(request.args['x'])",
    "match 'B':\n    case 'A':\n        x = request.args['x']\n    case _:\n        x = 'ls'\n"
    "os.system(x)",
    "import secrets\ntoken = secrets.token_hex()\nreturn jsonify(t=token)",
    "dice = random.randint(1, 6)\nreturn jsonify(d=dice)",
    "while False:\n    os.system(request.args['x'])",
    "x = request.args['x']\nassert x in ('a', 'b')\nos.system(x)",
    "import configparser\nc = configparser.ConfigParser()\nc.add_section('s')\n"
    "c.set('s', 'a', 'ls')\nc.set('s', 'b', request.args['x'])\nos.system(c.get('s', 'a'))",
    "return hashlib.sha256(request.data).hexdigest()",
]  # fmt: skip


@pytest.mark.parametrize(("body", "rule"), HARM)
def test_harm_is_told(body: str, rule: str) -> None:
    assert rule in rules(body), "outside data reaches this sink"


@pytest.mark.parametrize("body", NO_HARM)
def test_no_harm_is_not_told(body: str) -> None:
    assert rules(body) == set(), "nothing from outside can do harm here"


def test_helpers_of_the_module_are_followed() -> None:
    code = FLASK + textwrap.dedent("""
    def clean(value):
        return shlex.quote(value)

    def shout(value):
        return value.upper()

    class Runner:
        def __init__(self, command):
            self.command = command

        def go(self):
            os.system(self.command)

    @app.route('/a')
    def a():
        os.system('ls ' + clean(request.args['d']))
        return ''

    @app.route('/b')
    def b():
        Runner('ls ' + shout(request.args['d'])).go()
        return ''
    """)
    (told,) = found(code)
    assert told.rule == "command-injection"
    assert told.quote == "os.system(self.command)"
    notes = [e.text for e in told.evidence]
    assert any("passed to `shout`" in n for n in notes), "the way through the helper is shown"
    assert told.proof is Proof.FLOW
    assert told.severity is Severity.ERROR


def test_a_way_through_code_not_seen_is_no_proof() -> None:
    code = FLASK + textwrap.dedent("""
    import elsewhere

    @app.route('/a')
    def a():
        os.system(elsewhere.change(request.args['d']))
        return ''
    """)
    (told,) = found(code)
    assert told.proof is Proof.NONE
    assert told.severity is Severity.WARNING


def test_names_that_promise_cleaning_are_believed() -> None:
    body = "import elsewhere\nos.system(elsewhere.sanitize(request.args['d']))"
    assert rules(body) == set()
    body = "import elsewhere\nos.system(elsewhere.escape_html(request.args['d']))"
    assert "command-injection" in rules(body), "escaping for HTML does not help a shell"


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("""
         from django.http import HttpResponse
         def view(request):
             return HttpResponse("<p>" + request.GET["q"])
         """, "cross-site-scripting"),
        ("""
         from django.db import connection
         class View:
             def get(self, request, pk):
                 with connection.cursor() as cursor:
                     cursor.execute("select * from t where id=" + request.GET["id"])
         """, "sql-injection"),
        ("""
         from fastapi import FastAPI
         import os
         app = FastAPI()
         @app.get("/x")
         async def x(d: str):
             os.system("ls " + d)
         """, "command-injection"),
        ("""
         import os
         from flask import Blueprint
         bp = Blueprint("a", __name__)
         @bp.get("/<name>")
         def show(name):
             return open("/data/" + name).read()
         """, "path-traversal"),
        ("""
         from http.server import BaseHTTPRequestHandler
         import os
         class H(BaseHTTPRequestHandler):
             def do_GET(self):
                 os.system("ls " + self.path)
         """, "command-injection"),
        ("""
         from starlette.requests import Request
         import pickle
         async def take(request: Request):
             return pickle.loads(await request.body())
         """, "unsafe-deserialisation"),
        ("""
         import os
         def init(app):
             from flask import request
             @app.route("/x")
             def x():
                 return y()
             def y():
                 os.system(request.args["d"])
                 return ""
         """, "command-injection"),
        ("""
         import os
         from flask import request, Flask
         app = Flask(__name__)
         @app.route("/x")
         def x():
             os.system(f"ls {'-'.join(request.args.getlist('d'))} {request.args["x"]}")
         """, "command-injection"),
    ],
)  # fmt: skip
def test_frameworks(code: str, rule: str) -> None:
    assert rule in {f.rule for f in found(code)}


@pytest.mark.parametrize(
    "code",
    [
        """
        from fastapi import FastAPI, Depends
        import os
        app = FastAPI()
        @app.get("/x/{pid}")
        async def x(pid: int, db=Depends(list)):
            os.system(f"kill {pid}")
        """,
        """
        import os
        def run(command):
            os.system(command)
        """,
        """
        import os
        from flask import Flask
        app = Flask(__name__)
        @app.get("/<int:pid>")
        def show(pid):
            os.system(f"kill {pid}")
        """,
    ],
)
def test_what_no_stranger_sends(code: str) -> None:
    assert found(code) == ()


MISUSE = [
    ("import hashlib\nhashlib.md5(b'')", "weak-hash"),
    ("import hashlib\nhashlib.new('SHA1')", "weak-hash"),
    ("import requests\nrequests.get('https://a', verify=False)", "unverified-tls"),
    ("from Crypto.Cipher import DES\nDES.new(k)", "weak-cipher"),
    ("import tempfile\ntempfile.mktemp()", "racy-temporary-file"),
    ("r.set_cookie('a', 'b', secure=False)", "insecure-cookie"),
    ("import jwt\njwt.decode(t, options={'verify_signature': False})", "unverified-token"),
    ("password = 'x7Gq9!kLw2pZ4v'", "hardcoded-secret"),
]
FINE = [
    "import hashlib\nhashlib.md5(b'', usedforsecurity=False)",
    "import hashlib\nhashlib.sha512(b'')",
    "import requests\nrequests.get('https://a')",
    "r.set_cookie('a', 'b', secure=True)",
    "r.set_cookie('a', 'b', secure=settings.secure)",
    "password = 'change-me-please'",
    "password = os.environ['PASSWORD']",
    "token_url = 'https://host.example/token1'",
]


@pytest.mark.parametrize(("code", "rule"), MISUSE)
def test_misuse(code: str, rule: str) -> None:
    assert {f.rule for f in found(code)} == {rule}


@pytest.mark.parametrize("code", FINE)
def test_no_misuse(code: str) -> None:
    assert found(code) == ()


def test_places_count_code_points_and_quotes_stand() -> None:
    code = FLASK + "@app.route('/x')\ndef x():\n    é = 'ü'; os.system(request.args['d'])\n"
    (told,) = found(code)
    assert told.quote == "os.system(request.args['d'])"
    assert told.column == 14
    assert finding.stands(told, code)
    for exhibit in told.evidence:
        place = exhibit.place
        assert place is not None
        assert place.quote in code


def test_work_is_bounded() -> None:
    """Calls that fan out and loops in loops end at the bound and keep what was found before."""
    fan = "\n".join(
        f"def f{n}(x):\n    return f{n + 1}(x) + f{n + 1}(x) + f{n + 1}(x)" for n in range(9)
    )
    loops = (
        "\n".join("    " * n + f"for i{n} in x:" for n in range(1, 14))
        + "\n"
        + "    " * 14
        + "f0(x)"
    )
    code = (
        FLASK
        + fan
        + "\ndef f9(x):\n    return x\n"
        + ("@app.route('/a')\ndef a():\n    os.system(request.args['a'])\n    x = request.args\n")
        + loops
        + "\n    return ''\n@app.route('/b')\ndef b():\n    os.system(request.args['b'])\n"
    )
    assert [f.line for f in found(code) if f.rule == "command-injection"] != []
    assert len([f for f in found(code) if f.rule == "command-injection"]) == 2, "b is still reached"
