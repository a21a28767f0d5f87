"""The scaffolds there are: small tested starts that no model writes.

A scaffold is a folder of text files below ``templates``. ``.jinja`` is taken off their names, a
part ``dot-x`` becomes ``.x``, ``PACKAGE`` the package's name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from samokoder.agents.errors import InvalidInput
from samokoder.agents.scaffold.names import Names
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange

_TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True, slots=True)
class Template:
    """``start`` is how the finished project is run, ``needs`` what has to be installed for that."""

    name: str
    title: str
    language: str
    summary: str
    start: str
    needs: str = ""


TEMPLATES: tuple[Template, ...] = (
    Template(
        "python-package",
        "Python package",
        "python",
        "A library with type hints, metadata and tests.",
        "python -m unittest",
    ),
    Template(
        "python-cli",
        "Python command line tool",
        "python",
        "A program with options, exit codes and tests; installable as a command.",
        "python -m {package} --help",
    ),
    Template(
        "fastapi-service",
        "Web service with FastAPI",
        "python",
        "A JSON API over a small store, with tests of both.",
        "uvicorn {package}.app:app --reload",
        "python -m venv .venv && .venv/bin/pip install -e '.[dev]'",
    ),
    Template(
        "flask-site",
        "Web site with Flask",
        "python",
        "Pages rendered on the server, a form, and tests.",
        "flask --app {package}.app run --debug",
        "python -m venv .venv && .venv/bin/pip install -e '.[dev]'",
    ),
    Template(
        "static-page",
        "Static page",
        "javascript",
        "HTML, CSS and a script module, nothing to build; the logic is tested with Node.",
        "python3 -m http.server",
    ),
    Template(
        "node-typescript",
        "Node service in TypeScript",
        "typescript",
        "An HTTP service on Node's own server, strict types, tests.",
        "npm run build && npm start",
        "npm install",
    ),
    Template(
        "vite-page",
        "Page built with Vite",
        "javascript",
        "Script modules with a development server and a production build; logic tested with Node.",
        "npm run dev",
        "npm install",
    ),
)


def template(name: str) -> Template:
    """The scaffold of this name. Raises :class:`InvalidInput`."""
    for found in TEMPLATES:
        if found.name == name:
            return found
    names = ", ".join(t.name for t in TEMPLATES)
    raise InvalidInput(f"there is no scaffold called {name!r}", hint=f"There are: {names}.")


def render(chosen: Template, names: Names) -> dict[str, bytes]:
    """The scaffold's files by path. Blocking."""
    facts = {**asdict(names), "start": chosen.start.format(package=names.package)}
    facts["needs"] = chosen.needs
    return {
        path.replace("PACKAGE", names.package): _environment()
        .from_string(text)
        .render(facts)
        .encode()
        for path, text in _texts(chosen.name).items()
    }


def change_set(chosen: Template, names: Names, folder: str = "") -> ChangeSet:
    """Everything the scaffold creates, below ``folder`` ("" for the workspace's root). Blocking."""
    prefix = f"{folder}/" if folder else ""
    made = tuple(
        FileChange(prefix + path, ChangeKind.CREATE, None, data)
        for path, data in sorted(render(chosen, names).items())
    )
    return ChangeSet(f"{chosen.title}: {names.title}", made)


@cache
def _texts(name: str) -> Mapping[str, str]:
    root = _TEMPLATES / name
    return {_target(file.relative_to(root)): file.read_text("utf-8") for file in _files(root)}


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in sorted(folder.rglob("*.jinja")) if file.is_file())


def _target(file: Path) -> str:
    parts = [("." + p[4:]) if p.startswith("dot-") else p for p in file.parts]
    return "/".join(parts).removesuffix(".jinja")


@cache
def _environment() -> Environment:
    return Environment(
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
