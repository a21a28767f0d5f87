"""The gateway's container: made beside the program's, and what it says read back."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import anyio
import msgspec

from samokoder.agents.preview import hardening, network
from samokoder.agents.preview.engine import Engine
from samokoder.agents.preview.hardening import Limits
from samokoder.agents.preview.labels import Tag
from samokoder.agents.preview.network import Network

LISTEN: Final = 8000
PROXY: Final = 3128
_LINES: Final = 50
_PROCESSES: Final = 64


@dataclass(frozen=True, slots=True)
class Said:
    """What a gateway told: its confinement, the last use, hosts it refused."""

    confinement: Mapping[str, str] = field(default_factory=dict)
    used: int = 0
    """Milliseconds since the epoch; 0 for never."""
    refused: tuple[str, ...] = ()
    machine: bool | None = None
    """Whether it reached this machine from the inner network; None while it does not know."""


async def create(
    engine: Engine,
    tag: Tag,
    place: Network,
    image: str,
    *,
    port: int,
    limits: Limits,
    allowed: tuple[str, ...] = (),
    binds: tuple[str, ...] = (),
    role: str = "gateway",
    witness: int = 0,
) -> str:
    """Make the container, not started: its id. ``port`` is the program's; 0 publishes none.

    ``binds`` are the volumes it fills with the project's files. ``witness`` is a port of this
    machine that must not be reached, 0 where that cannot be tried.
    """
    source = await anyio.to_thread.run_sync(_source)
    order = {
        "host": place.main,
        "port": port,
        "listen": LISTEN,
        "proxy": PROXY,
        "bind": place.gateway,
        "allowed": list(allowed),
        "machine": place.machine,
        "witness": witness,
    }
    guard = hardening.guarded(
        Limits(
            memory=hardening.GATEWAY_MEMORY,
            processes=_PROCESSES,
            cpus=max(limits.cpus, 0.5),
            files=4096,
            scratch=8,
            log=1,
            seccomp=limits.seccomp,
            runtime=limits.runtime,
        ),
        network=place.edge,
        binds=binds,
    )
    guard["Sysctls"] = {"net.ipv4.ip_forward": "0"}
    guard["Dns"] = []
    if port:
        guard["PortBindings"] = {f"{LISTEN}/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}
    config = {
        "Image": image,
        "Entrypoint": ["python3", "-I", "-S", "-c", source, msgspec.json.encode(order).decode()],
        "User": hardening.NOBODY,
        "WorkingDir": "/",
        "Hostname": network.GATEWAY_NAME,
        "Labels": tag.labels(role),
        "ExposedPorts": {f"{LISTEN}/tcp": {}} if port else {},
        "HostConfig": guard,
        "NetworkingConfig": network.attached(place.edge),
    }
    made = await engine.make(config, tag.name(role))
    await engine.call(
        engine.client.connect_container_to_network,
        made,
        place.inner,
        ipv4_address=place.gateway,
        aliases=[network.GATEWAY_NAME],
    )
    return made


async def said(engine: Engine, container: str) -> Said:
    """What it told so far."""
    output: bytes = await engine.call(
        engine.client.logs, container, stdout=True, stderr=False, tail=_LINES
    )
    confinement: dict[str, str] = {}
    used, refused = 0, dict[str, None]()
    machine: bool | None = None
    for line in output.splitlines():
        try:
            facts = msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.DecodeError:
            continue
        if isinstance(facts.get("confinement"), dict):
            confinement = {str(k): str(v) for k, v in facts["confinement"].items()}
        if isinstance(facts.get("used"), int):
            used = max(used, facts["used"])
        if isinstance(facts.get("machine"), bool):
            machine = facts["machine"]
        if isinstance(facts.get("refused"), str):
            refused[facts["refused"]] = None
    return Said(confinement, used, tuple(refused), machine)


def proxies(place: Network, allowed: tuple[str, ...], names: tuple[str, ...]) -> dict[str, str]:
    """The variables that tell a program of the proxy; none where no host was granted."""
    if not allowed:
        return {}
    address = f"http://{place.gateway}:{PROXY}"
    near = ",".join(("localhost", "127.0.0.1", "::1", *names))
    found = {}
    for name, value in (("http_proxy", address), ("https_proxy", address), ("no_proxy", near)):
        found[name] = found[name.upper()] = value
    return found


@functools.cache
def _source() -> str:
    return (Path(__file__).parent / "injected" / "gateway.py").read_text("utf-8")
