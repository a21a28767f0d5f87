"""Python programs: sites, services, pages of data, scripts and workers."""

import ast
import re
from dataclasses import dataclass

from samokoder.agents.checks.detect.project import Project
from samokoder.agents.preview.detect import requirements
from samokoder.agents.preview.detect.ports import only_local, port_in_code, reads_port
from samokoder.agents.preview.spec import Argv, PreviewSpec, Reload, Stack

_FIRST = ("app.py", "main.py", "wsgi.py", "asgi.py", "server.py", "run.py", "__main__.py")
"""Names people give to what is started, likeliest first."""
_DEEPEST = 3
_MOST = 60
"""Files that are looked into."""
_ASGI = frozenset({"FastAPI", "Starlette", "Quart", "Litestar", "Sanic", "BlackSheep"})
_WSGI = frozenset({"Flask", "Bottle", "Dash"})
_SERVES = re.compile(
    r"\b(?:HTTPServer|make_server|serve_forever|run_app|run_simple|create_server|start_server)\b"
)
_RUNS = re.compile(r"""^if __name__ == ["']__main__["']""", re.MULTILINE)
_WSGI_START = (
    "import importlib, os, sys; sys.path.insert(0, ''); "
    "from wsgiref.simple_server import make_server; "
    "make_server('0.0.0.0', int(os.environ['PORT']), "
    "getattr(importlib.import_module({module!r}), {name!r})).serve_forever()"
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One file that could be started, and as what."""

    path: str
    kind: str
    name: str = ""
    """The application object in the module."""
    framework: str = ""
    text: str = ""


async def python_spec(project: Project, folder: str) -> PreviewSpec | None:
    """The likeliest program: a framework's application first, then a script that serves."""
    entries = await _entries(project, folder)
    if not entries:
        return None
    wanted = await requirements.read(project, folder)
    order = ("django", "streamlit", "gradio", "asgi", "wsgi", "server", "script")
    entry = min(entries, key=lambda e: (order.index(e.kind), _rank(e.path, folder)))
    module = _module(entry.path, folder)
    file = _below(entry.path, folder)
    install, locks = wanted.install, wanted.locks
    title, notes, environment = entry.path, list[str](), {"PYTHONUNBUFFERED": "1"}
    port, reload = port_in_code(entry.text) or 8000, Reload.RESTART
    argv: Argv
    match entry.kind:
        case "django":
            title, port = f"Django project, {entry.path}", 8000
            argv = ("python", file, "runserver", f"0.0.0.0:{port}", "--noreload")
        case "streamlit":
            title, port, reload = f"Streamlit page {entry.path}", 8501, Reload.WATCH
            argv = ("python", "-m", "streamlit", "run", file, "--server.port", str(port))
            argv += ("--server.address", "0.0.0.0", "--server.headless", "true")
        case "gradio":
            title, port = f"Gradio page {entry.path}", 7860
            argv = ("python", file)
            environment["GRADIO_SERVER_NAME"] = "0.0.0.0"
        case "asgi":
            title = f"{entry.framework} application {module}:{entry.name}"
            server = next((s for s in ("uvicorn", "hypercorn", "daphne") if s in wanted), "")
            if not server:
                server = "uvicorn"
                install = (*install, ("python", "-m", "pip", "install", "uvicorn"))
                notes.append("No ASGI server is among the requirements: uvicorn is added.")
            argv = _asgi(server, module, entry.name, port)
        case "wsgi":
            title = f"{entry.framework} application {module}:{entry.name}"
            argv = _wsgi(wanted, module, entry.name, port)
        case "server":
            title = f"Python server {entry.path}"
            argv = ("python", file)
            if only_local(entry.text) and not reads_port(entry.text):
                notes.append(f"{entry.path} listens on 127.0.0.1 alone; it must be 0.0.0.0 here.")
        case _:
            title, port = f"Python script {entry.path}", port_in_code(entry.text)
            argv = ("python", file)
    return PreviewSpec(
        Stack.PYTHON,
        title=title,
        origin=entry.path,
        install=install,
        locks=locks,
        start=argv,
        port=port,
        environment=environment,
        reload=reload,
        notes=tuple(notes),
    )


async def _entries(project: Project, folder: str) -> list[_Entry]:
    inside = f"{folder}/" if folder else ""
    paths = [
        path
        for path in project.named(".py")
        if path.startswith(inside)
        and path.count("/") - inside.count("/") <= _DEEPEST
        and not re.search(
            r"(^|/)(tests?|docs|examples|migrations)/|(^|/)(test_|conftest|setup\.py)", path
        )
    ]
    paths.sort(key=lambda path: _rank(path, folder))
    found = []
    for path in paths[:_MOST]:
        entry = _entry(path, await project.text(path))
        if entry is not None:
            found.append(entry)
    return found


def _entry(path: str, text: str) -> _Entry | None:
    """What a file could be started as; None for a module that is only imported."""
    if path.rpartition("/")[2] == "manage.py" and "django" in text:
        return _Entry(path, "django", text=text)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        # a broken program is previewed too: its traceback is what the user wants to see
        named = path.rpartition("/")[2] in _FIRST
        kind = "server" if _SERVES.search(text) else "script"
        return _Entry(path, kind, text=text) if named else None
    imported = _imports(tree)
    for kind in ("streamlit", "gradio"):
        if kind in imported and not (kind == "gradio" and ".launch(" not in text):
            return _Entry(path, kind, text=text)
    application = _application(tree)
    runs = bool(_RUNS.search(text)) or path.endswith("__main__.py")
    if _SERVES.search(text) and (runs or _top_level_calls(tree)):
        return _Entry(path, "server", text=text)
    if application is not None:
        kind, name, framework = application
        return _Entry(path, kind, name, framework, text)
    if runs or (path.rpartition("/")[2] in _FIRST and _top_level_calls(tree)):
        return _Entry(path, "script", text=text)
    return None


def _application(tree: ast.Module) -> tuple[str, str, str] | None:
    """(wsgi or asgi, the object's name, the framework) of an application made at top level."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            made = _called(node.value)
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name):
                if made in _ASGI:
                    return "asgi", target.id, made
                if made in _WSGI:
                    return "wsgi", target.id, made
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [argument.arg for argument in node.args.args]
            if isinstance(node, ast.AsyncFunctionDef) and names == ["scope", "receive", "send"]:
                return "asgi", node.name, "ASGI"
            if names[:2] == ["environ", "start_response"]:
                return "wsgi", node.name, "WSGI"
    return None


def _called(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _imports(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def _top_level_calls(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.While | ast.For | ast.With)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
        for node in tree.body
    )


def _asgi(server: str, module: str, name: str, port: int) -> Argv:
    if server == "uvicorn":
        where = ("--host", "0.0.0.0", "--port", str(port))
        return ("python", "-m", "uvicorn", f"{module}:{name}", *where)
    if server == "hypercorn":
        return ("python", "-m", "hypercorn", "--bind", f"0.0.0.0:{port}", f"{module}:{name}")
    return ("python", "-m", "daphne", "-b", "0.0.0.0", "-p", str(port), f"{module}:{name}")


def _wsgi(wanted: requirements.Requirements, module: str, name: str, port: int) -> Argv:
    if "gunicorn" in wanted:
        return ("python", "-m", "gunicorn", "--bind", f"0.0.0.0:{port}", f"{module}:{name}")
    if "waitress" in wanted:
        return ("python", "-m", "waitress", f"--listen=0.0.0.0:{port}", f"{module}:{name}")
    if "flask" in wanted:
        where = ("--host", "0.0.0.0", "--port", str(port))
        return ("python", "-m", "flask", "--app", f"{module}:{name}", "run", *where)
    return ("python", "-c", _WSGI_START.format(module=module, name=name))


def _rank(path: str, folder: str) -> tuple[int, int, str]:
    """Shallow files with a telling name first."""
    name = path.rpartition("/")[2]
    return (path.count("/"), _FIRST.index(name) if name in _FIRST else len(_FIRST), path)


def _below(path: str, folder: str) -> str:
    return path.removeprefix(f"{folder}/") if folder else path


def _module(path: str, folder: str) -> str:
    below = _below(path, folder).removesuffix(".py").removesuffix("/__init__")
    return below.removeprefix("src/").replace("/", ".")
