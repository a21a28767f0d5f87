"""Runs inside the gateway of a preview: the only way in, and the only way out.

In: every connection to ``listen`` is handed to the program's own address. Out: where hosts were
granted, a proxy for HTTP and CONNECT that reaches these and nothing else. Names are looked up here,
once for each connection, and an address that is not public is refused unless it was granted as a
number: a granted name cannot be pointed at the host or at a neighbour.

Standard library only; the order is the first argument, facts and signs of use go to stdout as JSON
lines. Its first line tells what it found about its own confinement.
"""

import asyncio
import ipaddress
import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress

CHUNK = 1 << 16
HEAD = 1 << 15
"""Bytes the head of a proxied request may have."""
CONNECT_SECONDS = 5.0
REACH_SECONDS = 0.4
USED_SECONDS = 5.0
"""At most so often a sign of use is printed."""
MOST = 256
"""Connections at once; more wait."""

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Seen = Callable[[bytes], None]

last_used = 0.0


def say(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def used() -> None:
    global last_used
    if time.time() - last_used > USED_SECONDS:
        last_used = time.time()
        say(used=int(last_used * 1000))


async def copy(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, first: "Seen | None" = None
) -> None:
    """Until the source ends; then the target hears of it, and may still answer."""
    try:
        while data := await source.read(CHUNK):
            if first is not None:
                first(data)
                first = None
            target.write(data)
            await target.drain()
        if target.can_write_eof():
            target.write_eof()
    except OSError:
        target.close()


async def join(one: Pair, other: Pair, first: "Seen | None" = None) -> None:
    try:
        await asyncio.gather(copy(one[0], other[1], first), copy(other[0], one[1]))
    finally:
        for _, writer in (one, other):
            writer.close()


async def opened(host: str, port: int) -> Pair:
    return await asyncio.wait_for(asyncio.open_connection(host, port), CONNECT_SECONDS)


async def reaches(host: str, port: int) -> bool:
    """Whether somebody is there; who does not answer at once on one machine is not."""
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), REACH_SECONDS)
    except OSError:  # running out of time is one
        return False
    writer.close()
    return True


def refuse(writer: asyncio.StreamWriter, status: str, why: str) -> None:
    body = f"samokoder preview: {why}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with suppress(OSError):
        writer.write(head.encode() + body)


class Inward:
    """From the published port to the program."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.places = asyncio.Semaphore(MOST)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with self.places:
            try:
                to = await opened(self.host, self.port)
            except OSError:  # running out of time is one
                # closing at once is how nobody listening looks from outside
                writer.transport.abort()
                return
            await join((reader, writer), to, sign)


def sign(data: bytes) -> None:
    """The first bytes of a connection: a sign of use, unless they are our own health check's."""
    if b"samokoder-health" not in data:
        used()


class Outward:
    """The proxy: ``allowed`` holds ``host:port`` and ``host`` (any port); ``*`` any public host."""

    def __init__(self, allowed: list[str]) -> None:
        self.allowed = {entry.lower() for entry in allowed}
        self.places = asyncio.Semaphore(MOST)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with self.places:
            try:
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30.0)
                await self.serve(head, reader, writer)
            except TimeoutError:
                refuse(writer, "504 Gateway Timeout", "no answer in time")
            except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                refuse(writer, "400 Bad Request", "that is not a request to a proxy")
            finally:
                with suppress(OSError):
                    await writer.drain()
                writer.close()

    async def serve(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        line, _, rest = head.partition(b"\r\n")
        method, target, version = line.decode("ascii").split(" ")
        if method == "CONNECT":
            host, port = split(target, 443)
        else:
            scheme, _, after = target.partition("://")
            if scheme.lower() != "http":
                raise ValueError(target)
            place, slash, path = after.partition("/")
            host, port = split(place.rpartition("@")[2], 80)
        address = await self.address(host, port)
        if address is None:
            say(refused=f"{host}:{port}")
            refuse(writer, "403 Forbidden", f"{host}:{port} was not granted")
            return
        try:
            to = await opened(address, port)
        except OSError as error:
            refuse(writer, "502 Bad Gateway", f"{host}:{port}: {error.strerror or error}")
            return
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            # one request a connection: the next one may be for another host
            kept = [
                one for one in rest.split(b"\r\n")
                if not one.lower().startswith((b"proxy-", b"connection:"))
            ]  # fmt: skip
            first = f"{method} /{path if slash else ''} {version}\r\nConnection: close\r\n"
            to[1].write(first.encode("ascii") + b"\r\n".join(kept))
        await join((reader, writer), to)

    async def address(self, host: str, port: int) -> str | None:
        """Where to connect to; None when it is not granted."""
        name = host.lower().rstrip(".")
        exact = bool({name, f"{name}:{port}"} & self.allowed)
        if not exact and "*" not in self.allowed:
            return None
        number = literal(name)
        if number is not None:
            return name if exact or number.is_global else None
        loop = asyncio.get_running_loop()
        for info in await loop.getaddrinfo(name, port, type=1):
            found = str(info[4][0])
            number = literal(found)
            if number is not None and number.is_global:
                return found
        return None


def literal(text: str) -> "ipaddress.IPv4Address | ipaddress.IPv6Address | None":
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None


def split(place: str, default: int) -> tuple[str, int]:
    if place.startswith("["):
        host, _, tail = place[1:].partition("]")
        return host, int(tail[1:]) if tail.startswith(":") else default
    host, colon, port = place.partition(":")
    return host, int(port) if colon else default


def confinement() -> dict[str, str]:
    """What holds for this process, which runs under the same guards as the program."""
    facts: dict[str, str] = {}
    for name, path in {
        "version": "/proc/version",
        "users": "/proc/self/uid_map",
        "mounts": "/proc/self/mounts",
        "pids": "/sys/fs/cgroup/pids.max",
        "pids1": "/sys/fs/cgroup/pids/pids.max",
        "memory": "/sys/fs/cgroup/memory.max",
        "memory1": "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    }.items():
        with suppress(OSError):
            with open(path) as file:
                facts[name] = file.read(1 << 15).strip()
    with suppress(OSError):
        with open("/proc/self/status") as file:
            for line in file:
                name, _, value = line.partition(":")
                if name in ("CapEff", "NoNewPrivs", "Seccomp", "Uid"):
                    facts[name] = value.strip()
    return facts


async def main(order: dict[str, object]) -> None:
    inward = Inward(str(order["host"]), int(str(order["port"])))
    servers = []
    if inward.port:
        listen = int(str(order["listen"]))
        servers.append(await asyncio.start_server(inward, "0.0.0.0", listen, limit=HEAD))
    allowed = order.get("allowed")
    if isinstance(allowed, list) and allowed:
        outward = Outward([str(entry) for entry in allowed])
        place = int(str(order["proxy"]))
        # on the inner network alone: the proxy is the program's
        where = str(order["bind"])
        servers.append(await asyncio.start_server(outward, where, place, limit=HEAD))
    say(confinement=confinement())
    witness = int(str(order["witness"]))
    say(machine=bool(witness) and await reaches(str(order["machine"]), witness))
    await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(json.loads(sys.argv[1])))
