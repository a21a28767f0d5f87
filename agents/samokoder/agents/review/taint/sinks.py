"""Where outside data does harm: the calls, and which of their arguments matter."""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from samokoder.agents.review.taint import knowledge
from samokoder.agents.review.taint import value as values
from samokoder.agents.review.taint.hazard import Hazard
from samokoder.agents.review.taint.machine import Machine
from samokoder.agents.review.taint.state import State
from samokoder.agents.review.taint.value import NOTHING, UNKNOWN, Value


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it was evaluated: ``path`` of the function, ``name`` of the method."""

    node: ast.Call
    path: str
    name: str
    receiver: Value
    args: list[Value]
    keywords: dict[str, Value]

    def arg(self, position: int, *names: str) -> Value:
        """An argument by position or keyword."""
        if 0 <= position < len(self.args):
            return self.args[position]
        return next((self.keywords[n] for n in names if n in self.keywords), NOTHING)


_FIRST: Final[dict[str, Hazard]] = {
    "eval": Hazard.CODE, "exec": Hazard.CODE, "compile": Hazard.CODE, "__import__": Hazard.CODE,
    "importlib.import_module": Hazard.CODE, "code.interact": Hazard.CODE,
    "timeit.timeit": Hazard.CODE, "runpy.run_path": Hazard.CODE,
    "os.system": Hazard.COMMAND, "os.popen": Hazard.COMMAND, "popen2.popen2": Hazard.COMMAND,
    "subprocess.getoutput": Hazard.COMMAND, "subprocess.getstatusoutput": Hazard.COMMAND,
    "commands.getoutput": Hazard.COMMAND, "asyncio.create_subprocess_shell": Hazard.COMMAND,
    "anyio.run_process": Hazard.COMMAND, "pexpect.spawn": Hazard.COMMAND,
    "open": Hazard.PATH, "io.open": Hazard.PATH, "codecs.open": Hazard.PATH,
    "os.open": Hazard.PATH, "os.remove": Hazard.PATH, "os.unlink": Hazard.PATH,
    "os.rmdir": Hazard.PATH, "os.mkdir": Hazard.PATH, "os.makedirs": Hazard.PATH,
    "os.listdir": Hazard.PATH, "os.scandir": Hazard.PATH, "os.walk": Hazard.PATH,
    "os.rename": Hazard.PATH, "os.replace": Hazard.PATH, "os.chmod": Hazard.PATH,
    "os.stat": Hazard.PATH, "os.path.exists": Hazard.PATH, "os.path.isfile": Hazard.PATH,
    "os.path.getsize": Hazard.PATH, "os.readlink": Hazard.PATH, "os.symlink": Hazard.PATH,
    "shutil.rmtree": Hazard.PATH, "shutil.copy": Hazard.PATH, "shutil.copyfile": Hazard.PATH,
    "shutil.move": Hazard.PATH, "shutil.copytree": Hazard.PATH, "aiofiles.open": Hazard.PATH,
    "zipfile.ZipFile": Hazard.PATH, "tarfile.open": Hazard.PATH, "flask.send_file": Hazard.PATH,
    "starlette.responses.FileResponse": Hazard.PATH, "fastapi.responses.FileResponse": Hazard.PATH,
    "django.http.FileResponse": Hazard.PATH,
    "flask.render_template_string": Hazard.TEMPLATE, "jinja2.Template": Hazard.TEMPLATE,
    "mako.template.Template": Hazard.TEMPLATE, "django.template.Template": Hazard.TEMPLATE,
    "tornado.template.Template": Hazard.TEMPLATE,
    "pickle.loads": Hazard.DESERIALISE, "pickle.load": Hazard.DESERIALISE,
    "pickle.Unpickler": Hazard.DESERIALISE, "cPickle.loads": Hazard.DESERIALISE,
    "_pickle.loads": Hazard.DESERIALISE, "dill.loads": Hazard.DESERIALISE,
    "dill.load": Hazard.DESERIALISE, "cloudpickle.loads": Hazard.DESERIALISE,
    "marshal.loads": Hazard.DESERIALISE, "jsonpickle.decode": Hazard.DESERIALISE,
    "yaml.unsafe_load": Hazard.DESERIALISE, "yaml.unsafe_load_all": Hazard.DESERIALISE,
    "joblib.load": Hazard.DESERIALISE, "pandas.read_pickle": Hazard.DESERIALISE,
    "flask.redirect": Hazard.REDIRECT, "werkzeug.utils.redirect": Hazard.REDIRECT,
    "django.shortcuts.redirect": Hazard.REDIRECT,
    "django.http.HttpResponseRedirect": Hazard.REDIRECT,
    "django.http.HttpResponsePermanentRedirect": Hazard.REDIRECT,
    "starlette.responses.RedirectResponse": Hazard.REDIRECT,
    "fastapi.responses.RedirectResponse": Hazard.REDIRECT, "bottle.redirect": Hazard.REDIRECT,
    "aiohttp.web.HTTPFound": Hazard.REDIRECT, "quart.redirect": Hazard.REDIRECT,
    "django.http.HttpResponse": Hazard.XSS, "django.utils.safestring.mark_safe": Hazard.XSS,
    "markupsafe.Markup": Hazard.XSS, "flask.Markup": Hazard.XSS, "flask.make_response": Hazard.XSS,
    "flask.Response": Hazard.XSS, "starlette.responses.HTMLResponse": Hazard.XSS,
    "fastapi.responses.HTMLResponse": Hazard.XSS, "werkzeug.wrappers.Response": Hazard.XSS,
    "lxml.etree.XPath": Hazard.XPATH, "lxml.etree.ETXPath": Hazard.XPATH,
    "sqlalchemy.text": Hazard.SQL, "sqlalchemy.sql.text": Hazard.SQL,
    "django.db.models.expressions.RawSQL": Hazard.SQL,
    "urllib.request.urlopen": Hazard.SSRF, "urllib.request.Request": Hazard.SSRF,
    "urllib.request.urlretrieve": Hazard.SSRF, "requests.get": Hazard.SSRF,
    "requests.post": Hazard.SSRF, "requests.put": Hazard.SSRF, "requests.delete": Hazard.SSRF,
    "requests.head": Hazard.SSRF, "requests.patch": Hazard.SSRF, "httpx.get": Hazard.SSRF,
    "httpx.post": Hazard.SSRF, "httpx.stream": Hazard.SSRF,
}  # fmt: skip
"""Functions whose first argument matters."""

_RUNNERS: Final = frozenset(
    {"subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.check_output",
     "subprocess.Popen", "asyncio.create_subprocess_exec"}
)  # fmt: skip
_EXECUTORS: Final = re.compile(r"^os\.(?:exec|spawn|posix_spawn)\w*$")
_SHELLS: Final = re.compile(r"(?:^|[/\\])(?:ba|z|k|da|c)?sh$|cmd(?:\.exe)?$|powershell|pwsh", re.I)
_SCRIPT: Final = frozenset({"-c", "/c", "/C", "-Command", "-e", "-lc", "-ic"})
_SQL_METHODS: Final = frozenset(
    {"execute", "executemany", "executescript", "raw", "mogrify", "execute_sql", "read_sql",
     "read_sql_query", "exec_driver_sql", "copy_expert"}
)  # fmt: skip
_SQL: Final = re.compile(
    r"\b(?:select|insert\s+into|update|delete\s+from|create|alter|drop|where|union|call|replace)\b",
    re.I,
)
_DATABASE: Final = re.compile(
    r"^(?:sqlite3|psycopg2?|asyncpg|aiosqlite|MySQLdb|pymysql|mysql|oracledb|cx_Oracle|pyodbc|"
    r"sqlalchemy|django\.db|peewee|pymssql|duckdb|databases|flask_sqlalchemy)|db|sql|database", re.I
)  # fmt: skip
_PATH_METHODS: Final = frozenset(
    {"open", "read_text", "read_bytes", "write_text", "write_bytes", "unlink", "rmdir", "mkdir",
     "exists", "iterdir", "touch", "rename", "is_file"}
)  # fmt: skip


def look(m: Machine, seen: Call, state: State) -> None:
    """Tell of outside data that reaches this call where it does harm."""
    hazard = _FIRST.get(seen.path)
    if hazard is not None:
        value = state.content(seen.arg(0, "url", "location", "path", "file", "source", "stream"))
        if hazard in (Hazard.REDIRECT, Hazard.SSRF) and _fixed_host(value):
            return
        if hazard is Hazard.XSS and _not_html(seen):
            return
        m.hit(hazard, seen.node, seen.path, value)
        return
    for check in _CHECKS:
        check(m, seen, state)


def _fixed_host(value: Value) -> bool:
    """The address begins with a host, or a path on this one, that is written in the program."""
    first = values.pieces_of(value)[0]
    if not isinstance(first, str):
        return False
    return bool(re.match(r"(?:https?://[^/]+/|/(?![/\\])|\?|#|https?://[^/]+\?)", first)) and (
        first not in ("/", "\\") or len(first) > 1
    )


def _not_html(seen: Call) -> bool:
    kind = seen.arg(2, "content_type", "mimetype", "media_type").const
    return isinstance(kind, str) and not re.search(r"html|svg|xml", kind)


def _command(m: Machine, seen: Call, state: State) -> None:
    if seen.path not in _RUNNERS:
        if _EXECUTORS.match(seen.path):
            m.hit(Hazard.COMMAND, seen.node, seen.path, state.content(seen.arg(0)))
        return
    first = seen.arg(0, "args")
    container = state.heap.get(first.cell)
    shell = seen.keywords.get("shell", NOTHING)
    if shell.const is not UNKNOWN and shell.const:
        m.hit(Hazard.COMMAND, seen.node, f"{seen.path}(shell=True)", state.content(first))
    elif container is None:
        if not isinstance(values.pieces_of(first)[0], str):
            m.hit(Hazard.COMMAND, seen.node, seen.path, state.content(first))
    elif container.items:
        m.hit(Hazard.COMMAND, seen.node, seen.path, state.content(container.items[0]))
        _script(m, seen, container.items, state)
    elif container.items is None:
        known = [v.const for v in container.values()]
        if any(isinstance(k, str) and _SHELLS.search(k) for k in known):
            m.hit(Hazard.COMMAND, seen.node, seen.path, state.content(first))


def _script(m: Machine, seen: Call, items: tuple[Value, ...], state: State) -> None:
    """``sh -c SCRIPT``: the script is a command line again. A program that differs between two
    ways here counts as a shell when it is told ``-c``.
    """
    program = items[0].const
    if isinstance(program, str) and not (_SHELLS.search(program) or program.startswith("python")):
        return
    for flag, script in pairwise(items[1:]):
        if flag.const in _SCRIPT:
            m.hit(Hazard.COMMAND, seen.node, f"{seen.path}(…, '{flag.const}', …)",
                  state.content(script))  # fmt: skip


def _sql(m: Machine, seen: Call, state: State) -> None:
    if seen.name not in _SQL_METHODS and seen.path not in ("pandas.read_sql",):
        return
    query = state.content(seen.arg(0, "sql", "query", "statement", "operation"))
    written = " ".join(p for p in query.pieces or () if isinstance(p, str))
    if (
        _SQL.search(written)
        or any(_DATABASE.search(i) for i in m.imports)
        or (_DATABASE.search(seen.receiver.path))
    ):
        m.hit(Hazard.SQL, seen.node, f"{seen.name}()", query)


def _paths(m: Machine, seen: Call, state: State) -> None:
    if seen.name in _PATH_METHODS and "Path()" in seen.receiver.path and seen.receiver.taints:
        m.hit(Hazard.PATH, seen.node, f"{seen.name}()", seen.receiver)


def _templates(m: Machine, seen: Call, state: State) -> None:
    if seen.name == "from_string" and "nvironment" in seen.receiver.path:
        m.hit(Hazard.TEMPLATE, seen.node, "from_string()", state.content(seen.arg(0)))


def _yaml(m: Machine, seen: Call, state: State) -> None:
    if seen.path in ("yaml.load", "yaml.load_all"):
        loader = seen.arg(1, "Loader").path
        if "Safe" not in loader and "BaseLoader" not in loader:
            m.hit(Hazard.DESERIALISE, seen.node, seen.path, state.content(seen.arg(0, "stream")))


def _xpath(m: Machine, seen: Call, state: State) -> None:
    if seen.name == "xpath" or (seen.name in ("find", "findall", "findtext", "iterfind") and (
        "tree" in seen.receiver.path.lower()
    )):  # fmt: skip
        m.hit(Hazard.XPATH, seen.node, f"{seen.name}()", state.content(seen.arg(0)))
    elif seen.path in ("elementpath.select", "elementpath.iter_select"):
        m.hit(Hazard.XPATH, seen.node, seen.path, state.content(seen.arg(1, "path")))


def _ldap(m: Machine, seen: Call, state: State) -> None:
    if not seen.name.startswith("search") or not any("ldap" in i.lower() for i in m.imports):
        return
    if seen.path.startswith("re."):
        return
    for value in (*seen.args[:4], *(v for k, v in seen.keywords.items() if "filter" in k)):
        m.hit(Hazard.LDAP, seen.node, f"{seen.name}()", state.content(value))


def _xml(m: Machine, seen: Call, state: State) -> None:
    if seen.name not in ("parse", "parseString", "fromstring", "XML", "iterparse"):
        return
    parser = seen.arg(1, "parser")
    for candidate in (parser, seen.receiver):
        flags = state.heap[candidate.cell].keys if candidate.cell in state.heap else {}
        if any(
            name in flags and flags[name].const is True
            for name in ("external", "resolve_entities", "load_dtd")
        ):
            m.hit(Hazard.XXE, seen.node, f"{seen.name}()", state.content(seen.arg(0)))


def _kept(m: Machine, seen: Call, state: State) -> None:
    """Guessable numbers and outside data put into cookies and sessions."""
    if seen.name in ("set_cookie", "set_signed_cookie", "set_secure_cookie"):
        name = seen.arg(0, "key").const
        if isinstance(name, str) and knowledge.SECRET_NAME.search(snake(name)):
            m.hit(Hazard.RANDOM, seen.node, f"{seen.name}()", state.content(seen.arg(1, "value")))
    elif seen.receiver.path == knowledge.SESSION and seen.name in ("setdefault", "update"):
        for value in (*seen.args, *seen.keywords.values()):
            m.hit(Hazard.TRUST, seen.node, "session", state.content(value))
    elif seen.path == "setattr" and len(seen.args) == 3 and seen.args[0].path == knowledge.SESSION:
        m.hit(Hazard.TRUST, seen.node, "session", state.content(seen.args[2]))


def snake(name: str) -> str:
    return knowledge.CAMEL.sub("_", name).replace("-", "_")


_CHECKS: Final[tuple[Callable[[Machine, Call, State], None], ...]] = (
    _command, _sql, _paths, _templates, _yaml, _xpath, _ldap, _xml, _kept,
)  # fmt: skip
