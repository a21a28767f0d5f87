"""What every container is denied, and how much of the machine it may use.

One place makes the part of a container's description that guards the machine, so that no container
can be made without it. Nothing here is optional but the numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from samokoder.agents.preview import seccomp
from samokoder.agents.settings import PreviewSettings

NOBODY: Final = "65534:65534"
"""Who programs run as, unless the image names somebody else who is not root."""
MIB: Final = 1 << 20
GATEWAY_MEMORY: Final = 96
"""MiB of the gateway: a Python with a few connections."""
NO_NAMES: Final = "192.0.2.1"
"""A name server that does not exist (TEST-NET-1): names of services are resolved by the engine,
every other question ends here instead of at the machine's own resolver, which would pass it on."""
FILE_SIZE: Final = 1 << 30
"""Bytes one file may have."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one container may use. Sizes in MiB, ``files`` is open files of a process."""

    memory: int
    processes: int
    cpus: float
    files: int
    scratch: int
    log: int
    seccomp: Literal["strict", "default"] = "strict"
    runtime: str = ""


def limits(settings: PreviewSettings, runtime: str) -> Limits:
    """Of a running program."""
    return Limits(
        memory=settings.memory,
        processes=settings.processes,
        cpus=settings.cpus,
        files=settings.files,
        scratch=settings.scratch,
        log=settings.log,
        seccomp=settings.seccomp,
        runtime=runtime,
    )


def guarded(
    limits: Limits,
    *,
    network: str,
    tmpfs: Mapping[str, str] | None = None,
    binds: tuple[str, ...] = (),
    writable_root: bool = False,
) -> dict[str, Any]:
    """The ``HostConfig`` of a container.

    ``tmpfs`` are folders in memory with their options beside ``/tmp``; ``binds`` are volumes of the
    engine as ``name:target:ro`` and never paths of the machine.
    """
    assert not any(bind.startswith(("/", ".", "~")) for bind in binds)
    security = ["no-new-privileges:true"]
    if limits.seccomp == "strict":
        security.append(f"seccomp={seccomp.profile()}")
    memory = limits.memory * MIB
    config: dict[str, Any] = {
        "NetworkMode": network,
        "ReadonlyRootfs": not writable_root,
        "Tmpfs": {"/tmp": folder(limits), **(tmpfs or {})},
        "Binds": list(binds),
        "CapDrop": ["ALL"],
        "SecurityOpt": security,
        "Privileged": False,
        "Init": True,
        "Memory": memory,
        "MemorySwap": memory,
        "PidsLimit": limits.processes,
        "NanoCpus": int(limits.cpus * 1_000_000_000),
        "ShmSize": limits.scratch * MIB,
        "Ulimits": [
            {"Name": "nofile", "Soft": limits.files, "Hard": limits.files},
            {"Name": "core", "Soft": 0, "Hard": 0},
            {"Name": "fsize", "Soft": FILE_SIZE, "Hard": FILE_SIZE},
        ],
        "LogConfig": {
            "Type": "json-file",
            "Config": {"max-size": f"{limits.log * 512}k", "max-file": "2"},
        },
        "IpcMode": "private",
        "Dns": [NO_NAMES],
        "DnsOptions": ["timeout:1", "attempts:1"],
        "RestartPolicy": {"Name": "no"},
        "OomKillDisable": False,
    }
    if limits.runtime:
        config["Runtime"] = limits.runtime
    return config


def folder(limits: Limits) -> str:
    """Options of a folder in memory anybody in the container may write to, bounded in size."""
    return f"rw,exec,nosuid,nodev,size={limits.scratch}m,mode=1777"


def user(image_user: str) -> str:
    """Who the program runs as: the image's own user where it is not root."""
    name = image_user.partition(":")[0]
    return NOBODY if name in ("", "0", "root") else image_user
