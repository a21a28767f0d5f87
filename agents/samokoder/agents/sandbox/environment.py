"""The environment of a check: what tools need to start, and nothing that is secret.

An allowlist, so a secret under a name nobody thought of stays outside too. PYTHONHASHSEED is
left as the user has it: a proof that holds for one seed only would be no proof, and flaky tests
are found by running them again.
"""

import os
from collections.abc import Mapping
from pathlib import Path

_KEPT = frozenset(
    {
        "CONDA_PREFIX",
        "GOFLAGS",
        "GOROOT",
        "GOTOOLCHAIN",
        "JAVA_HOME",
        "LANG",
        "LANGUAGE",
        "LD_LIBRARY_PATH",
        "M2_HOME",
        "NIX_LD",
        "NIX_LD_LIBRARY_PATH",
        "NVM_DIR",
        "PATH",
        "PATHEXT",
        "PYENV_ROOT",
        "PYENV_VERSION",
        "PYTHONHASHSEED",
        "SDKROOT",
        "SYSTEMROOT",
        "TZ",
        "VIRTUAL_ENV",
        "VOLTA_HOME",
    }
)

_FIXED = {
    "CI": "1",
    "NO_COLOR": "1",
    "TERM": "dumb",
    # Byte code is neither written nor kept: a same-size rewrite within a second would run stale.
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
    "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",
    "PYTHONIOENCODING": "utf-8:backslashreplace",
    "GIT_TERMINAL_PROMPT": "0",
    "GOTELEMETRY": "off",
    "CARGO_TERM_COLOR": "never",
    "npm_config_update_notifier": "false",
}

_HOMES = {
    "CARGO_HOME": ".cargo",
    "RUSTUP_HOME": ".rustup",
    "GOMODCACHE": "go/pkg/mod",
    "PYTHONUSERBASE": ".local",
    "PYRIGHT_PYTHON_CACHE_DIR": ".cache/pyright-python",
}
"""Package stores whose place follows from the home folder: HOME is another one in a check."""


def check_environment(source: Mapping[str, str], home: Path, cache: Path) -> dict[str, str]:
    """The variables a check gets. ``home`` is its own empty home, ``cache`` its build caches.

    ``source`` is the environment of this process. Blocking.
    """
    env = {name: value for name, value in source.items() if name in _KEPT or name.startswith("LC_")}
    env.setdefault("PATH", os.defpath)
    if not any(name in env for name in ("LANG", "LC_ALL", "LC_CTYPE")):
        env["LANG"] = "C.UTF-8"
    real = source.get("HOME", "")
    for name, folder in _HOMES.items():
        place = source.get(name) or (os.path.join(real, folder) if real else "")
        if place and os.path.isdir(place):
            env[name] = place
    return {
        **env,
        **_FIXED,
        "HOME": str(home),
        "GOCACHE": str(cache / "go"),
        "MYPY_CACHE_DIR": str(cache / "mypy"),
        "CARGO_TARGET_DIR": str(cache / "cargo"),
    }
