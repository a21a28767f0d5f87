"""Which ports a program listens on: looked up in its own network, from a container beside it."""

import ipaddress
from dataclasses import dataclass

import anyio

from samokoder.agents.errors import EngineFailed
from samokoder.agents.preview import hardening
from samokoder.agents.preview.engine import Engine
from samokoder.agents.preview.hardening import Limits
from samokoder.agents.preview.labels import Tag

_READ = (
    "import sys\n"
    "for name in ('tcp', 'tcp6'):\n"
    "    try:\n"
    "        sys.stdout.write(open('/proc/net/' + name).read())\n"
    "    except OSError:\n"
    "        continue\n"
)
_LISTENING = "0A"
"""The state of a listening socket in that table."""
_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Place:
    """An address and port something listens on."""

    address: str
    port: int

    @property
    def local(self) -> bool:
        """Whether only the container itself can reach it."""
        return ipaddress.ip_address(self.address).is_loopback


async def listening(
    engine: Engine, tag: Tag, container: str, image: str, limits: Limits
) -> list[Place]:
    """Where processes in the container's network listen; nothing when that cannot be seen."""
    guard = hardening.guarded(limits, network=f"container:{container}")
    guard.pop("Dns")
    guard.pop("DnsOptions")
    config = {
        "Image": image,
        "Entrypoint": ["python3", "-I", "-S", "-c", _READ],
        "User": hardening.NOBODY,
        "Labels": tag.labels("look"),
        "HostConfig": guard,
    }
    client = engine.client
    try:
        made = await engine.make(config, None)
    except EngineFailed:
        return []
    try:
        with anyio.move_on_after(_SECONDS):
            await engine.call(client.start, made)
            await engine.call(client.wait, made, timeout=_SECONDS)
        table: bytes = await engine.call(client.logs, made, stdout=True, stderr=False)
    except EngineFailed:
        return []
    finally:
        with anyio.CancelScope(shield=True):
            try:
                await engine.call(client.remove_container, made, force=True)
            except EngineFailed:
                # what carries the preview's label is removed with it
                table = b""
    return read(table.decode("ascii", "replace"))


def read(table: str) -> list[Place]:
    """The listening sockets of /proc/net/tcp and tcp6: little-endian words in hexadecimal."""
    found = []
    for line in table.splitlines():
        fields = line.split()
        if len(fields) < 4 or fields[3] != _LISTENING:
            continue
        raw, _, port = fields[1].partition(":")
        words = [bytes.fromhex(raw[i : i + 8])[::-1] for i in range(0, len(raw), 8)]
        address = ipaddress.ip_address(b"".join(words))
        mapped = getattr(address, "ipv4_mapped", None)
        found.append(Place(str(mapped or address), int(port, 16)))
    return found
