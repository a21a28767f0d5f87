"""Where a container engine may be listening: named, remembered by its own tool, or at usual places.

Podman's socket speaks the same language and is one of them.
"""

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path


def candidates(named: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Addresses to try, the likeliest first; one that was named is the only one. Blocking."""
    if named:
        return (_address(named),)
    given = environment.get("DOCKER_HOST") or environment.get("CONTAINER_HOST")
    if given:
        return (_address(given),)
    home = Path(environment.get("HOME") or Path.home())
    context = _context(home, environment)
    if sys.platform == "win32":
        return (*context, "npipe:////./pipe/docker_engine")
    runtime = environment.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    sockets = (
        "/var/run/docker.sock",
        f"{runtime}/docker.sock",
        f"{home}/.docker/run/docker.sock",
        f"{home}/.colima/default/docker.sock",
        f"{home}/.orbstack/run/docker.sock",
        f"{runtime}/podman/podman.sock",
        "/run/podman/podman.sock",
    )
    return (*context, *(f"unix://{path}" for path in sockets if os.path.exists(path)))


def _address(text: str) -> str:
    """A bare path is a socket's."""
    return f"unix://{text}" if text.startswith("/") else text


def _context(home: Path, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The address of the context Docker's own tool uses; nothing for its default one."""
    folder = Path(environment.get("DOCKER_CONFIG") or home / ".docker")
    try:
        name = environment.get("DOCKER_CONTEXT") or json.loads(
            (folder / "config.json").read_bytes()
        ).get("currentContext")
        if not name or name == "default":
            return ()
        known = hashlib.sha256(name.encode()).hexdigest()
        meta = json.loads((folder / "contexts/meta" / known / "meta.json").read_bytes())
        host = meta["Endpoints"]["docker"]["Host"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ()
    return (str(host),) if host else ()
