"""Files that say how the project is checked; a fix may not touch what they say about it."""

import json
import tomllib
from collections.abc import Iterator
from configparser import ConfigParser
from configparser import Error as ConfigError
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Any

from samokoder.agents.repair import testcode

_WHOLE = (
    "pytest.ini", ".pytest.ini", "pytest.toml", "mypy.ini", ".mypy.ini", "ruff.toml", ".ruff.toml",
    ".flake8", ".coveragerc", "noxfile.py", "tox.toml", "pyrightconfig.json", "tsconfig*.json",
    ".eslintrc*", "eslint.config.*", "jest.config.*", "vitest.config.*", "vite.config.*",
    ".mocharc*", "karma.conf.*", "playwright.config.*", "cypress.config.*", "babel.config.*",
    "samokoder.toml", "Makefile", "makefile", "GNUmakefile", "justfile", ".golangci.y*ml",
    "clippy.toml", ".clippy.toml", ".pylintrc", "pylintrc", "CMakeLists.txt", "sitecustomize.py",
    "usercustomize.py", "*.pth", ".pre-commit-config.yaml", "phpunit.xml*", "pom.xml",
    "build.gradle*", ".gitignore", ".samokoderignore", ".eslintignore", "conftest.py",
)  # fmt: skip
_TOOLS = frozenset(
    {"pytest", "ruff", "mypy", "pyright", "basedpyright", "coverage", "tox", "pylint", "flake8",
     "isort", "black", "ty", "pyrefly", "nox", "taskipy", "poe", "pdm", "hatch", "bandit"}
)  # fmt: skip
_PACKAGE = (
    "scripts", "jest", "eslintConfig", "eslintIgnore", "vitest", "mocha", "ava", "c8", "nyc",
    "babel", "type", "tap",
)  # fmt: skip


def weakened(path: str, old: bytes | None, new: bytes | None) -> Iterator[str]:
    """One sentence when the change touches how the project is checked."""
    name = PurePosixPath(path).name
    reason = f"{path}: it says how the project is checked, a fix may not change that"
    if any(fnmatch(name, pattern) for pattern in _WHOLE) or path.startswith((".github/", ".git/")):
        if name.endswith(".py") and old and new and testcode.same_code(old, new):
            return
        yield reason
    elif name == "pyproject.toml":
        if _tools(old) != _tools(new):
            yield reason
    elif name == "package.json":
        if _scripts(old) != _scripts(new):
            yield reason
    elif name in ("setup.cfg", "tox.ini") and _sections(old) != _sections(new):
        yield reason


def _tools(data: bytes | None) -> Any:
    try:
        document = tomllib.loads((data or b"").decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return data
    tools = document.get("tool", {})
    return {name: tools[name] for name in tools if name in _TOOLS}


def _scripts(data: bytes | None) -> Any:
    try:
        document = json.loads(data or b"{}")
    except ValueError:
        return data
    if not isinstance(document, dict):
        return data
    return {key: document[key] for key in _PACKAGE if key in document}


def _sections(data: bytes | None) -> Any:
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string((data or b"").decode())
    except (ConfigError, UnicodeDecodeError):
        return data
    return {
        name: dict(parser[name])
        for name in parser.sections()
        if name not in ("metadata", "options") and not name.startswith("options.")
    }
