"""Where Podman's compatible socket wants something else than Docker's own."""

import hashlib
import os
import tempfile

from samokoder.state import paths

_SECCOMP = "seccomp="


def security(option: str) -> str:
    """A security option: the list of system calls as a file, because Podman takes no text here.

    Blocking. The file is the same for the same list; it is put in place whole.
    """
    text = option.removeprefix(_SECCOMP)
    if not option.startswith(_SECCOMP) or not text.startswith("{"):
        return option
    folder = paths.cache_dir() / "seccomp"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    if not target.exists():
        handle, name = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "w") as file:
            file.write(text)
        os.replace(name, target)
    return f"{_SECCOMP}{target}"
