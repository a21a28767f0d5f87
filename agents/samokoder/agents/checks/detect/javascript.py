"""Checks of JavaScript and TypeScript projects: their scripts, else the tools they installed."""

import json
import re
from pathlib import Path
from typing import Any

from anyio import to_thread

from samokoder.agents.checks.check import Check
from samokoder.agents.checks.detect.project import Project, join, suffix

_NO_TEST = "no test specified"
_TEST_FILE = re.compile(r"(^|/)([^/]*[.-]test\.[cm]?js|test[^/]*\.[cm]?js|test/.*\.[cm]?js)$")
_LOCKS = {"pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn", "bun.lockb": "bun", "bun.lock": "bun"}
_ESLINT = (
    "eslint.config.js", "eslint.config.mjs", "eslint.config.cjs", "eslint.config.ts",
    ".eslintrc", ".eslintrc.js", ".eslintrc.cjs", ".eslintrc.json", ".eslintrc.yml",
    ".eslintrc.yaml",
)  # fmt: skip
_BIN = "node_modules/.bin"


async def javascript_checks(project: Project) -> list[Check]:
    """Linter, types, tests, for every package that is not inside another one."""
    found: list[Check] = []
    for home in project.homes("package.json", "tsconfig.json"):
        package = _json(await project.text(join(home, "package.json")))
        scripts = package.get("scripts")
        found += await _package(project, home, scripts if isinstance(scripts, dict) else {})
    if not found:
        found += await _bare_tests(project, "")
    return found


async def _package(project: Project, home: str, scripts: dict[str, Any]) -> list[Check]:
    found = []
    runner = next((tool for lock, tool in _LOCKS.items() if project.has(join(home, lock))), "npm")
    tools = await to_thread.run_sync(_tools, project.root / home / _BIN)

    def add(name: str, kind: str, *argv: str) -> None:
        check = Check(name + suffix(home), kind, argv, cwd=home, timeout=project.settings.timeout)
        found.append(check)

    lint = str(scripts.get("lint", ""))
    if "eslint" in lint:
        add("lint", "eslint", runner, "run", "--silent", "lint")
    elif "eslint" in tools and any(project.has(join(home, name)) for name in _ESLINT):
        add("eslint", "eslint", f"{_BIN}/eslint", ".")
    if "tsc" in tools and project.has(join(home, "tsconfig.json")):
        add("tsc", "tsc", f"{_BIN}/tsc", "--noEmit", "--pretty", "false")
    test = str(scripts.get("test", ""))
    if test and _NO_TEST not in test:
        add("test", _kind(test), runner, "run", "--silent", "test")
    else:
        found += await _bare_tests(project, home)
    return found


async def _bare_tests(project: Project, home: str) -> list[Check]:
    """Tests for node's own runner need no script."""
    inside = f"{home}/" if home else ""
    paths = project.named(".js", ".mjs", ".cjs")
    for path in (p for p in paths if p.startswith(inside) and _TEST_FILE.search(p)):
        if "node:test" in await project.text(path):
            name, timeout = "node-test" + suffix(home), project.settings.timeout
            return [Check(name, "node", ("node", "--test"), cwd=home, timeout=timeout)]
    return []


def _tools(folder: Path) -> frozenset[str]:
    """Programs the project has installed."""
    try:
        return frozenset(entry.name for entry in folder.iterdir())
    except OSError:
        return frozenset()


def _kind(script: str) -> str:
    for word in ("vitest", "jest", "eslint", "tsc"):
        if word in script:
            return word
    return "node"


def _json(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
