"""What installers need besides: how a project's dependencies are installed, and where from.

Packages are cached beside the copy for as long as it lives, so a second install is quick.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec
from anyio import to_thread

from samokoder.agents.execute.command import Command
from samokoder.agents.workspace.snapshot import Snapshot

VENV = ".venv"
"""Where a Python project's dependencies go, in the copy."""

_INDEX = (
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "GOPROXY",
    "npm_config_registry", "NPM_CONFIG_REGISTRY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
    "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
)  # fmt: skip
"""How this machine reaches its package index; given only to what may use the network."""

_CREDENTIALS = re.compile(r"//[^/@\s]+@")


def environment(source: Mapping[str, str], cache: Path, *, network: bool) -> dict[str, str]:
    """Variables for installers; an address with credentials in it stays outside."""
    env = {
        "PIP_CACHE_DIR": str(cache / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "UV_CACHE_DIR": str(cache / "uv"),
        "npm_config_cache": str(cache / "npm"),
        "npm_config_fund": "false",
        "npm_config_audit": "false",
    }
    if not network:
        return {**env, "npm_config_offline": "true", "PIP_NO_INDEX": "1", "GOPROXY": "off"}
    for name in _INDEX:
        value = source.get(name, "")
        if value and not _CREDENTIALS.search(value):
            env[name] = value
    return env


async def install_commands(snapshot: Snapshot, python: str = "python3") -> tuple[Command, ...]:
    """How the dependencies of the project in the root are installed; none when it names none.

    ``python`` makes the virtual environment, which also sees what that Python has.
    """
    files = snapshot.files
    found: list[Command] = []
    wanted = await _requirements(snapshot)
    if wanted:
        program = f"{VENV}/bin/python"
        found += [
            Command((python, "-m", "venv", "--system-site-packages", VENV)),
            Command((program, "-m", "pip", "install", "--quiet", *wanted)),
        ]
    if "package.json" in files and await _depends(snapshot):
        verb = "ci" if "package-lock.json" in files else "install"
        found.append(Command(("npm", verb, "--no-audit", "--no-fund")))
    return tuple(found)


async def _requirements(snapshot: Snapshot) -> tuple[str, ...]:
    for name in ("requirements-dev.txt", "requirements.txt"):
        if name in snapshot.files and (await snapshot.read(name)).strip():
            return ("-r", name)
    if "pyproject.toml" not in snapshot.files:
        return ("-e", ".") if "setup.py" in snapshot.files else ()
    text = (await snapshot.read("pyproject.toml")).decode("utf-8", errors="replace")
    return await to_thread.run_sync(_named, text)


def _named(text: str) -> tuple[str, ...]:
    """What the project says it needs, its ``dev`` dependencies too, without building it."""
    try:
        project = tomllib.loads(text).get("project", {})
        needs = project.get("dependencies", [])
        extra = project.get("optional-dependencies", {})
        named = [*needs, *extra.get("dev", []), *extra.get("test", [])]
    except (tomllib.TOMLDecodeError, AttributeError, TypeError):
        return ()
    return tuple(n for n in named if isinstance(n, str) and not n.startswith("-"))


async def _depends(snapshot: Snapshot) -> bool:
    """Whether a package names anything to install."""
    try:
        package = msgspec.json.decode(await snapshot.read("package.json"))
        return bool(package.get("dependencies") or package.get("devDependencies"))
    except (msgspec.DecodeError, AttributeError):
        return False
