"""Node programs: a dev server that is known, a start script, or a file that listens."""

import json
import re
from typing import Any

from samokoder.agents.checks.detect.project import Project, join
from samokoder.agents.preview.detect.ports import only_local, port_in_code, port_in_command
from samokoder.agents.preview.spec import Argv, PreviewSpec, Reload, Stack

_DEV: dict[str, tuple[tuple[str, ...], int]] = {
    "vite": (("--host", "0.0.0.0", "--port", "{port}", "--strictPort"), 5173),
    "astro": (("--host", "0.0.0.0", "--port", "{port}"), 4321),
    "nuxt": (("--host", "0.0.0.0", "--port", "{port}"), 3000),
    "next": (("-H", "0.0.0.0", "-p", "{port}"), 3000),
    "ng": (("--host", "0.0.0.0", "--port", "{port}"), 4200),
    "webpack": (("--host", "0.0.0.0", "--port", "{port}"), 8080),
}
"""Development servers that watch their files: the options for the address, and their port."""
_LOCKS = (("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn"), ("package-lock.json", "npm"))
_INSTALL: dict[str, Argv] = {
    "npm": ("npm", "ci"),
    "pnpm": ("pnpm", "install", "--frozen-lockfile"),
    "yarn": ("yarn", "install", "--frozen-lockfile"),
}
_FILES = ("server", "index", "app", "main", "src/server", "src/index", "src/app", "src/main")
_LISTENS = re.compile(r"\.listen\(|createServer\(")


async def node_spec(project: Project, folder: str) -> PreviewSpec | None:
    """The package's dev server, its start script, or a plain file that listens."""
    manifest = join(folder, "package.json")
    package = _json(await project.text(manifest))
    file = await _file(project, folder, package)
    if not project.has(manifest):
        return _plain(file, await project.text(join(folder, file)), folder) if file else None
    scripts = {str(k): str(v) for k, v in (package.get("scripts") or {}).items()}
    manager, lock = next(
        ((tool, join(folder, name)) for name, tool in _LOCKS if project.has(join(folder, name))),
        ("npm", ""),
    )
    install: tuple[Argv, ...] = ()
    if package.get("dependencies") or package.get("devDependencies"):
        install = (_INSTALL[manager] if lock else ("npm", "install"),)
    started = _dev(manager, scripts) or _script(manager, scripts)
    if started is None:
        if not file:
            return None
        started = ("node", file), 0, Reload.RESTART, f"node {file}"
    argv, port, reload, title = started
    text = await project.text(join(folder, file)) if file else ""
    port = port or port_in_code(text) or (3000 if _LISTENS.search(text) or not file else 0)
    builds = scripts.get("build") and reload is Reload.RESTART and "build" not in title
    return PreviewSpec(
        Stack.NODE,
        title=title,
        origin=manifest,
        install=install,
        locks=(lock or manifest,) if install else (),
        build=((manager, "run", "build"),) if builds else (),
        start=argv,
        port=port,
        reload=Reload.BUILD if builds else reload,
        notes=_notes(join(folder, file), text),
    )


def _dev(manager: str, scripts: dict[str, str]) -> tuple[Argv, int, Reload, str] | None:
    """A script that runs a development server we can give an address."""
    for name in ("dev", "start", "serve"):
        line = scripts.get(name, "")
        words = line.split()
        tool = next((word for word in words if word in _DEV), "")
        if not tool or (tool == "vite" and ({"build", "preview"} & set(words))):
            continue
        options, usual = _DEV[tool]
        port = port_in_command(line) or usual
        given = tuple(option.format(port=port) for option in options)
        dashes = ("--",) if manager == "npm" else ()
        return (manager, "run", name, *dashes, *given), port, Reload.WATCH, f"{name}: {line}"
    return None


def _script(manager: str, scripts: dict[str, str]) -> tuple[Argv, int, Reload, str] | None:
    for name in ("start", "dev", "serve", "preview"):
        line = scripts.get(name, "")
        if line:
            watches = re.search(r"--watch\b|\bnodemon\b|\btsx watch\b|node-dev", line)
            reload = Reload.WATCH if watches else Reload.RESTART
            return (manager, "run", name), port_in_command(line), reload, f"{name}: {line}"
    return None


async def _file(project: Project, folder: str, package: dict[str, Any]) -> str:
    """The file that is started, relative to the folder; "" when there is none."""
    scripts = package.get("scripts") or {}
    named = re.search(r"\bnode\b[^&|;]*?(\S+\.[cm]?js)\b", str(scripts.get("start", "")))
    names = [named[1]] if named else []
    if isinstance(package.get("main"), str):
        names.append(package["main"])
    names += [f"{stem}.{ending}" for stem in _FILES for ending in ("js", "mjs", "cjs")]
    for name in names:
        path = join(folder, name.removeprefix("./"))
        if not project.has(path):
            continue
        if package or _LISTENS.search(await project.text(path)):
            return name.removeprefix("./")
    return ""


def _plain(file: str, text: str, folder: str) -> PreviewSpec:
    path = join(folder, file)
    port = port_in_code(text) or 3000
    return PreviewSpec(
        Stack.NODE,
        title=f"Node server {path}",
        origin=path,
        start=("node", file),
        port=port,
        notes=_notes(path, text),
    )


def _notes(path: str, text: str) -> tuple[str, ...]:
    if only_local(text):
        return (f"{path} listens on 127.0.0.1 alone; it must be 0.0.0.0 here.",)
    return ()


def _json(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
