"""What a program in a preview may try, each with a control that shows the attempt works unguarded.

Every probe is a piece of Python that prints ``DID`` when it got what it wanted and says why when it
did not. It runs once in a preview, once in a container with the guard in question taken away.
"""

import ipaddress
import json
import socket
import subprocess
import textwrap
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from images import PYTHON
from preview_room import Room

from samokoder.agents.errors import EngineFailed
from samokoder.agents.preview.engine import Engine

SECONDS = 25.0
OUTSIDE = ("192.0.2.7", "169.254.169.254")
"""Addresses off the engine's networks; the tests give them to this machine for a while."""


@dataclass(frozen=True)
class Probe:
    """``free`` is the ``HostConfig`` of the control; ``user`` who it runs as there."""

    name: str
    code: str
    free: Mapping[str, Any] = field(default_factory=dict)
    user: str = "0:0"


UNFILTERED = {"SecurityOpt": ["seccomp=unconfined", "apparmor=unconfined"]}
ADMIN = {**UNFILTERED, "CapAdd": ["SYS_ADMIN"]}
SYSCALL = """
    import ctypes, os
    libc = ctypes.CDLL(None, use_errno=True)

    def call(number, *args):
        got = libc.syscall(number, *args)
        return got, os.strerror(ctypes.get_errno()) if got == -1 else ""
"""
PROBES = (
    Probe("write outside", "open('/usr/local/bin/evil', 'w').close(); print('DID')"),
    Probe("write into the project", "open('/app/evil', 'w').close(); print('DID')"),
    Probe(
        "raw socket",
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).close(); print('DID')",
    ),
    Probe(
        "packet socket",
        "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close(); print('DID')",
    ),
    Probe(
        "mount",
        """
        import os
        os.makedirs("/tmp/m", exist_ok=True)
        got = libc.mount(b"none", b"/tmp/m", b"tmpfs", 0, None)
        print("DID" if got == 0 else os.strerror(ctypes.get_errno()))
        """,
        ADMIN,
    ),
    Probe(
        "unshare",
        "got, why = call(272, 0x20000); print('DID' if got == 0 else why)",
        ADMIN,
    ),
    Probe(
        "a user namespace",
        "got, why = call(272, 0x10000000); print('DID' if got == 0 else why)",
        UNFILTERED,
    ),
    Probe(
        "ptrace",
        """
        pid = os.fork()
        if pid == 0:
            import time
            time.sleep(30)
        got, why = call(101, 16, pid, 0, 0)
        os.kill(pid, 9)
        print("DID" if got == 0 else why)
        """,
        UNFILTERED,
    ),
    Probe(
        "another process's memory",
        """
        import struct
        pid = os.fork()
        if pid == 0:
            import time
            time.sleep(30)
        held = ctypes.create_string_buffer(b"secret")
        target = ctypes.create_string_buffer(8)
        local = struct.pack("PN", ctypes.addressof(target), 6)
        remote = struct.pack("PN", ctypes.addressof(held), 6)
        got, why = call(310, pid, local, 1, remote, 1, 0)
        os.kill(pid, 9)
        print("DID" if got == 6 else why)
        """,
        UNFILTERED,
    ),
    Probe(
        "keyctl",
        "got, why = call(250, 0, -3, 1); print('DID' if got > 0 else why)",
        UNFILTERED,
    ),
    Probe(
        "bpf",
        """
        attributes = (ctypes.c_uint32 * 18)(1, 4, 8, 1)
        got, why = call(321, 0, ctypes.byref(attributes), 72)
        print("DID" if got >= 0 else why)
        """,
        ADMIN,
    ),
    Probe(
        "set-uid root",
        """
        os.setuid(0)
        print("DID" if os.getuid() == 0 else "no")
        """,
    ),
    Probe(
        "change the clock",
        "import time; time.clock_settime(time.CLOCK_REALTIME, time.time()); print('DID')",
        {"CapAdd": ["SYS_TIME"]},
    ),
    Probe(
        "reach the machine",
        """
        import socket
        for place in PLACES:
            try:
                socket.create_connection((place, PORT), 2).close()
                print("DID")
                break
            except OSError as error:
                why = error
        else:
            print(why)
        """,
        {"NetworkMode": "bridge"},
    ),
    Probe(
        "reach another preview",
        """
        import socket
        for place, port in PEERS:
            try:
                socket.create_connection((place, port), 2).close()
                print("DID")
                break
            except OSError as error:
                why = error
        else:
            print(why)
        """,
        {"NetworkMode": "PEER"},
    ),
    Probe(
        "reach outside",
        """
        import socket
        try:
            socket.create_connection(("192.0.2.7", PORT), 4).close()
            print("DID")
        except OSError as error:
            print(error)
        """,
        {"NetworkMode": "bridge"},
    ),
    Probe(
        "ask a name server outside",
        """
        import socket
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(3)
        s.connect(("127.0.0.11", 53))
        s.send(b"\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\6leaked\\4test\\0\\0\\1\\0\\1")
        try:
            s.recv(512)
        except OSError:
            print("no answer")
        print("DID" if asked() else "nobody outside was asked")
        """,
        {"NetworkMode": "NAMES", "Dns": ["MACHINE"]},
    ),
    Probe(
        "metadata address",
        """
        import socket
        try:
            socket.create_connection(("169.254.169.254", PORT), 4).close()
            print("DID")
        except OSError as error:
            print(error)
        """,
        {"NetworkMode": "bridge"},
    ),
    Probe(
        "the engine's socket",
        """
        import glob, socket
        for path in ["/var/run/docker.sock", "/run/docker.sock", *glob.glob("/run/*/*.sock")]:
            try:
                s = socket.socket(socket.AF_UNIX)
                s.connect(path)
                print("DID")
                break
            except OSError as error:
                why = error
        else:
            print(why)
        """,
        {"Binds": ["SOCKET:/var/run/docker.sock"]},
    ),
    Probe(
        "secrets in the environment",
        """
        print("DID" if [n for n in os.environ if "SECRET" in n] else "none")
        """,
    ),
    Probe(
        "fork bomb",
        """
        import time
        born = []
        try:
            for _ in range(600):
                pid = os.fork()
                if pid == 0:
                    time.sleep(20)
                    os._exit(0)
                born.append(pid)
            print("DID")
        except OSError as error:
            print(f"after {len(born)} processes: {error}")
        for pid in born:
            os.kill(pid, 9)
        """,
        {"PidsLimit": 0},
    ),
    Probe(
        "memory flood",
        """
        import subprocess, sys
        script = "x = []\\nfor _ in range(300):\\n    x.append(bytearray(1 << 20))\\nprint('full')"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        print("DID" if "full" in done.stdout else f"killed by signal {-done.returncode}")
        """,
        {"Memory": 0},
    ),
    Probe(
        "disk flood in /tmp",
        """
        try:
            with open("/tmp/flood", "wb") as file:
                for _ in range(100):
                    file.write(bytes(1 << 20))
            print("DID")
        except OSError as error:
            print(error)
        os.unlink("/tmp/flood")
        """,
    ),
    Probe(
        "disk flood in /dev/shm",
        """
        try:
            with open("/dev/shm/flood", "wb") as file:
                for _ in range(100):
                    file.write(bytes(1 << 20))
            print("DID")
        except OSError as error:
            print(error)
        os.unlink("/dev/shm/flood")
        """,
        {"ShmSize": 1 << 28},
    ),
    Probe(
        "open files",
        """
        held = []
        try:
            for _ in range(5000):
                held.append(open("/dev/null"))
            print("DID")
        except OSError as error:
            print(f"after {len(held)}: {error.strerror}")
        """,
        {"Ulimits": [{"Name": "nofile", "Soft": 8192, "Hard": 8192}]},
    ),
)


@dataclass(frozen=True)
class Outcome:
    """``inside`` is what the preview saw, ``control`` what the unguarded container saw."""

    probe: Probe
    inside: str
    control: str

    @property
    def held(self) -> bool:
        return "DID" not in self.inside

    @property
    def works(self) -> bool:
        return "DID" in self.control


class Grounds:
    """A preview to probe from, another one as its neighbour, a service on the machine."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.asked: list[bytes] = []

    async def prepare(self) -> None:
        self.engine: Engine = await self.room.previews.engine()
        self.status = await self.room.start(memory=128, processes=128)
        self.peer = await self.room.start()
        self.places = await self._addresses()

    async def _addresses(self) -> list[str]:
        """Every address of this machine on the engine's bridges, the default one's first.

        The others come in any order, and some of them have no address here.
        """
        found = []
        networks = await self.engine.call(self.engine.client.networks)
        for network in sorted(networks, key=lambda network: network["Name"] != "bridge"):
            pools = network["IPAM"].get("Config") or ()
            found += [str(ipaddress.ip_network(pool["Subnet"])[1]) for pool in pools]
        return found

    async def run(self, probe: Probe, port: int, names: str) -> Outcome:
        """``port`` is a service of the machine, ``names`` the address of its name server."""
        main = (await self.room.container(self.peer))["NetworkSettings"]["Networks"]
        (inner,) = main
        door = await self.room.container(self.peer, "gateway")
        door_places = [n["IPAddress"] for n in door["NetworkSettings"]["Networks"].values()]
        places = [(main[inner]["IPAddress"], 8000), *((p, 8000) for p in door_places)]
        code = self._code(probe, port, places)
        self.asked.clear()
        inside = await self.room.run_inside(self.status, "python3", "-c", code)
        if probe.name.startswith("ask a name"):
            inside = "DID" if self.asked else "nobody outside was asked"
            self.asked.clear()
        control = await self._control(probe, code, inner, names)
        if probe.name.startswith("ask a name"):
            control = "DID" if self.asked else control
        return Outcome(probe, _last(inside), _last(control))

    def _code(self, probe: Probe, port: int, peers: list[tuple[str, int]]) -> str:
        head = textwrap.dedent(SYSCALL)
        head += f"PLACES, PORT = {[*self.places, 'host.docker.internal']!r}, {port}\n"
        head += f"PEERS = {peers!r}\nasked = lambda: False\n"
        return f"{head}\n{textwrap.dedent(probe.code).strip()}\n"

    async def _control(self, probe: Probe, code: str, inner: str, names: str) -> str:
        free = json.loads(
            json.dumps(dict(probe.free))
            .replace("SOCKET", self.engine.address.removeprefix("unix://"))
            .replace('"PEER"', json.dumps(inner))
            .replace('"MACHINE"', json.dumps(names))
        )
        network = ""
        if free.get("NetworkMode") == "NAMES":
            network = "samokoder-probe-names"
            await self.engine.call(self.engine.client.create_network, network, driver="bridge")
            free["NetworkMode"] = network
        config = {
            "Image": PYTHON,
            "Cmd": ["python3", "-c", code],
            "User": probe.user,
            "Env": ["A_SECRET=x"],
            "HostConfig": free,
        }
        client = self.engine.client
        made = await self.engine.call(client.create_container_from_config, config, None)
        try:
            try:
                await self.engine.call(client.start, made["Id"])
            except EngineFailed as error:
                return f"cannot be tried here: {error.detail}"
            with anyio.move_on_after(SECONDS):
                await self.engine.call(client.wait, made["Id"], timeout=SECONDS)
            output: bytes = await self.engine.call(client.logs, made["Id"])
        finally:
            await self.engine.call(client.remove_container, made["Id"], force=True, v=True)
            if network:
                await self.engine.call(client.remove_network, network)
        return output.decode()


@contextmanager
def listening() -> Iterator[int]:
    """A service of the machine, on all its addresses: its port."""
    with socket.create_server(("0.0.0.0", 0)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def outside() -> Iterator[None]:
    """Addresses that stand for the world, where the network is our own to change."""

    def address(verb: str, place: str) -> None:
        subprocess.run(["ip", "address", verb, f"{place}/32", "dev", "lo"], check=True)

    for place in OUTSIDE:
        address("add", place)
    try:
        yield
    finally:
        for place in OUTSIDE:
            address("del", place)


@contextmanager
def name_server(heard: list[bytes]) -> Iterator[None]:
    """The machine's name server, which never answers; what it is asked goes to ``heard``."""
    over = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind(("0.0.0.0", 53))
        link.settimeout(0.1)

        def hear() -> None:
            while not over.is_set():
                try:
                    heard.append(link.recv(512))
                except TimeoutError:
                    continue

        thread = threading.Thread(target=hear)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


async def probe(room: Room) -> list[Outcome]:
    """Every probe, in a network of our own."""
    grounds = Grounds(room)
    await grounds.prepare()
    with outside(), listening() as port, name_server(grounds.asked):
        return [await grounds.run(one, port, grounds.places[0]) for one in PROBES]


def _last(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:90] if lines else "nothing"


def table(outcomes: list[Outcome]) -> str:
    """The outcomes, for people."""
    width = max(len(o.probe.name) for o in outcomes)
    lines = [f"{'probe':<{width}}  without the guard  in a preview"]
    for o in outcomes:
        control = "works" if o.works else f"?? {o.control}"
        lines.append(
            f"{o.probe.name:<{width}}  {control:<17}  {'' if o.held else 'GOT THROUGH '}{o.inside}"
        )
    return "\n".join(lines)
