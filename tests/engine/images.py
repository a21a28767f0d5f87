"""Images for tests, made from the programs of this machine: no registry is asked.

``test-python`` has Python with pip and a busybox; ``test-node``, ``test-cc`` and ``test-go`` have
what their names say, where this machine has it.
"""

import io
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from samokoder.agents.preview import rootfs

PYTHON = "samokoder-test/python:1"
LABEL = "samokoder.test"
_BUSYBOX = (
    "cat chmod cp env false find grep head id ls mkdir nc ping ps rm sleep tail tee timeout touch",
    "true wget",
)


def make() -> None:
    """Every image that is missing."""
    import docker

    client = docker.from_env(timeout=120)
    try:
        present = {tag for image in client.images.list() for tag in image.tags}
        if PYTHON not in present:
            python(client)
    finally:
        client.close()


def python(client: Any) -> None:
    busybox = shutil.which("busybox")
    programs = []
    if busybox:
        programs = [(Path(busybox), f"bin/{name}") for name in ("busybox",)]
    with tempfile.NamedTemporaryFile() as target:
        rootfs.write(target, programs)
        target.seek(0)
        with tarfile.open(fileobj=target, mode="a") as tar:
            if busybox:
                for name in " ".join(_BUSYBOX).split():
                    link = tarfile.TarInfo(f"bin/{name}")
                    link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                    tar.addfile(link)
            _pip(tar)
        imported(client, target, PYTHON)


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


def imported(client: Any, source: Any, name: str) -> None:
    """Give an archive to the engine under this name."""
    source.flush()
    repository, _, tag = name.partition(":")
    changes = [f"ENV {key}={value}" for key, value in rootfs.ENVIRONMENT.items()]
    changes += ["WORKDIR /app", f"LABEL {LABEL}=1", 'CMD ["python3"]']
    client.api.import_image_from_file(source.name, repository, tag, changes)
