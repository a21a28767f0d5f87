"""Images for tests, made from the programs of this machine: no registry is asked.

``test-python`` has Python with pip and a busybox and is always made; the others (see
``toolchains``) have what their names say, and are made when a test first wants them.
"""

import io
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from samokoder.agents.preview import rootfs

PYTHON = "samokoder-test/python:1"
LABEL = "samokoder.test"
_BUSYBOX = (
    "cat chmod cp env false find grep head id ls mkdir mv nc ping ps rm sleep tail tee timeout",
    "touch true wget",
)


def make() -> None:
    """The image every test needs, where it is missing."""
    have(PYTHON, python)


def have(
    name: str, write: Callable[[IO[bytes]], None], environment: Mapping[str, str] | None = None
) -> None:
    """Make an image of what ``write`` packs, unless the engine has it."""
    import docker

    client = docker.from_env(timeout=300)
    try:
        if any(tag.endswith(name) for image in client.images.list() for tag in image.tags):
            return
        with tempfile.NamedTemporaryFile() as target:
            write(target)
            _imported(client, target, name, environment or {})
    finally:
        client.close()


def python(target: IO[bytes]) -> None:
    """Python, pip, a shell and the small tools."""
    rootfs.write(target)
    target.seek(0)
    with tarfile.open(fileobj=target, mode="a") as tar:
        tools(tar)
        _pip(tar)


def tools(tar: tarfile.TarFile) -> None:
    """The small tools of a system, as links to busybox."""
    busybox = shutil.which("busybox")
    if busybox is None:
        return
    # Debian's busybox-static needs no library; another one's are Python's own
    tar.add(busybox, "bin/busybox")
    for name in " ".join(_BUSYBOX).split():
        link(tar, f"bin/{name}", "busybox")
    link(tar, "usr/bin/env", "/bin/busybox")


def link(tar: tarfile.TarFile, place: str, target: str) -> None:
    """Add a symbolic link."""
    info = tarfile.TarInfo(place)
    info.type, info.linkname = tarfile.SYMTYPE, target
    tar.addfile(info)


def _pip(tar: tarfile.TarFile) -> None:
    """The pip that comes with this interpreter, as site-packages."""
    import ensurepip
    import zipfile

    wheel = next(Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl"), None)
    if wheel is None:
        return
    place = "usr/local/lib/python{}.{}/site-packages".format(*sys.version_info[:2])
    with zipfile.ZipFile(wheel) as packed:
        for name in packed.namelist():
            data = packed.read(name)
            info = tarfile.TarInfo(f"{place}/{name}")
            info.size, info.mode = len(data), 0o644
            tar.addfile(info, io.BytesIO(data))


def _imported(client: Any, source: Any, name: str, environment: Mapping[str, str]) -> None:
    source.flush()
    repository, _, tag = name.partition(":")
    values = {**rootfs.ENVIRONMENT, **environment}
    changes = [f"ENV {key}={value}" for key, value in values.items()]
    changes += ["WORKDIR /app", f"LABEL {LABEL}=1", 'CMD ["python3"]']
    client.api.import_image_from_file(source.name, repository, tag, changes)
    if not any(name in image.tags for image in client.images.list()):
        # Podman leaves out the tag
        client.api.tag(f"{repository}:latest", repository, tag)
