"""Where things live: folders of this user, each overridable by an environment variable.

Every function here touches the disk: call it from a worker thread or before the loop starts.
"""

import os
from pathlib import Path

from samokoder.state.errors import StateUnwritable


def state_dir() -> Path:
    """What must survive: the database, its backups, logs. ``SAMOKODER_STATE_DIR`` overrides."""
    return _folder("SAMOKODER_STATE_DIR", "user_state_dir")


def cache_dir() -> Path:
    """What can be had again: model weights, downloads. ``SAMOKODER_CACHE_DIR`` overrides."""
    return _folder("SAMOKODER_CACHE_DIR", "user_cache_dir")


def config_dir() -> Path:
    """What the user writes: settings. ``SAMOKODER_CONFIG_DIR`` overrides."""
    return _folder("SAMOKODER_CONFIG_DIR", "user_config_dir")


def _folder(variable: str, default: str) -> Path:
    chosen = os.environ.get(variable)
    if chosen:
        return private(Path(chosen).expanduser())
    import platformdirs

    folder: str = getattr(platformdirs, default)("samokoder", appauthor=False)
    return private(Path(folder))


def private(folder: Path) -> Path:
    """The folder, made with mode 0700 when it is missing; :class:`StateUnwritable` if it cannot."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StateUnwritable(f"{folder}: {error.strerror or error}") from error
    return folder
