"""Dependencies and builds: phases of their own, before the program runs and unlike it.

What ``install`` brings becomes an image, kept by what decides it: base image, commands, lock files.
It may use the network, where that was granted; it runs without any capability. A build has no
network; it writes into the project's copy. The program later finds both read-only.
"""

import hashlib
import posixpath
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import anyio
import msgspec

from samokoder.agents.errors import NotTrusted, PreviewFailed
from samokoder.agents.preview import code, container, hardening, labels, network, output, tools
from samokoder.agents.preview.engine import Engine
from samokoder.agents.preview.hardening import MIB, Limits
from samokoder.agents.preview.images import Tell
from samokoder.agents.preview.labels import Tag
from samokoder.agents.preview.outfit import EVERYWHERE, way_out
from samokoder.agents.preview.plan import DEPENDENCIES
from samokoder.agents.preview.spec import Argv, Cause, PreviewSpec, Source, Stack
from samokoder.agents.settings import PreviewSettings
from samokoder.agents.workspace.snapshot import Snapshot

NAME: Final = f"{labels.CACHE_NAME}/dependencies"
LARGEST: Final = 4096
"""MiB an installation may add to its image."""
_TMP: Final = 1024
"""MiB of /tmp while installing; it counts as memory."""
_LOOK: Final = 0.15
_MEASURE: Final = 3.0
"""Seconds between looks at the size: the engine walks the files for it."""
_BUILT: Final = "/var/cache/samokoder"
"""Where a compiler keeps what it made, for as long as the preview lives."""
_ENVIRONMENT: Final = {
    "HOME": "/tmp",
    "CI": "1",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
    "PYTHONDONTWRITEBYTECODE": "1",
    "npm_config_cache": "/tmp/npm",
    "npm_config_update_notifier": "false",
    "npm_config_fund": "false",
    "npm_config_audit": "false",
    "GOCACHE": _BUILT,
    "GOFLAGS": "-buildvcs=false",
    "GOTOOLCHAIN": "local",
}


@dataclass(frozen=True, slots=True)
class Site:
    """Where a phase takes place. ``hosts`` may be reached besides all public ones."""

    engine: Engine
    tag: Tag
    settings: PreviewSettings
    limits: Limits
    tools: str
    tell: Tell
    network: Callable[[str], Awaitable[bool]]
    hosts: tuple[str, ...] = ()

    @property
    def phase_limits(self) -> Limits:
        """Of an installation or a build: more memory and files than a program."""
        return replace(
            self.limits,
            memory=self.settings.install_memory,
            processes=max(self.limits.processes, 512),
            cpus=max(self.limits.cpus, 2.0),
            scratch=min(_TMP, self.settings.install_memory),
        )


async def dependencies(
    site: Site, spec: PreviewSpec, snapshot: Snapshot, base: str, base_id: str
) -> str:
    """The image with the project's dependencies: the base when there are none.

    Raises PreviewFailed (install failed, out of memory), NotTrusted when it needs the network.
    """
    if not spec.install:
        return base
    name = f"{NAME}:{await _key(spec, snapshot, base_id)}"
    if await tools.exists(site.engine, name):
        return name
    what = "; ".join(shlex.join(argv) for argv in spec.install)
    if not await site.network(what):
        raise NotTrusted(
            f"installing the dependencies needs the network: {what}",
            hint="Agree to it, set `preview.install = true`, or pass --yes.",
        )
    hosts = (EVERYWHERE, *site.hosts)
    async with way_out(site.engine, site.tag, site.tools, site.limits, hosts) as way:
        guard = hardening.guarded(site.phase_limits, network=way.network, writable_root=True)
        script = " && ".join(shlex.join(argv) for argv in spec.install)
        if spec.stack is Stack.NODE:
            script += f" && {_moved()}"
        async with _container(site, "install", base, script, guard, way.proxies) as made:
            packed = await code.archive(snapshot, spec.folder)
            await code.put(site.engine, made, code.PLACE, packed)
            await _to_the_end(site, made, Source.INSTALL, Cause.INSTALL_FAILED, spec.install)
            repository, _, tag = name.rpartition(":")
            conf = {"Labels": {labels.CACHE: "dependencies", labels.ROOT: str(snapshot.root)}}
            await site.engine.call(site.engine.client.commit, made, repository, tag, conf=conf)
    return name


async def build(site: Site, spec: PreviewSpec, image: str, volume: str) -> None:
    """Run the build commands in the project's copy. Raises PreviewFailed."""
    if not spec.build:
        return
    binds = [f"{volume}:{code.PLACE}:rw"]
    tmpfs = {}
    if spec.stack is Stack.GO:
        # compilers that keep what they made build in a second what took half a minute at first
        made = site.tag.name("built")
        make = site.engine.client.create_volume
        await site.engine.call(make, made, labels=site.tag.labels("volume"))
        binds.append(f"{made}:{_BUILT}:rw")
    if spec.stack is Stack.NODE and spec.install:
        tmpfs = {f"{DEPENDENCIES}/.cache": hardening.folder(site.limits)}
    guard = hardening.guarded(site.phase_limits, network="none", binds=tuple(binds), tmpfs=tmpfs)
    script = " && ".join(shlex.join(argv) for argv in spec.build)
    async with _container(site, "build", image, script, guard, spec.environment) as made:
        await _to_the_end(site, made, Source.BUILD, Cause.BUILD_FAILED, spec.build)


@asynccontextmanager
async def _container(
    site: Site,
    role: str,
    image: str,
    script: str,
    guard: dict[str, Any],
    environment: Mapping[str, str],
) -> AsyncIterator[str]:
    """Root without any capability: it may write what root owns, and nothing else."""
    # set by the command and not by the container: a commit would keep them in the image
    values = {**_ENVIRONMENT, **environment}
    command = ["env", *(f"{name}={value}" for name, value in values.items()), "sh", "-c", script]
    config = {
        "Image": image,
        "Entrypoint": [],
        "Cmd": command,
        "User": "0:0",
        "WorkingDir": code.PLACE,
        "Labels": site.tag.labels(role),
        "HostConfig": guard,
    }
    if guard["NetworkMode"] != "none":
        config["NetworkingConfig"] = network.attached(guard["NetworkMode"])
    made = await site.engine.make(config, site.tag.name(role))
    try:
        yield made
    finally:
        with anyio.CancelScope(shield=True):
            remove = site.engine.client.remove_container
            await site.engine.call(remove, made, force=True, v=True)


async def _to_the_end(
    site: Site, made: str, source: Source, cause: Cause, commands: tuple[Argv, ...]
) -> None:
    """Start it, tell what it prints, wait for its end."""
    engine, seconds = site.engine, site.settings.install_seconds
    await engine.call(engine.client.start, made)
    reader = output.Reader(engine, made)
    said = []
    measured = anyio.current_time()
    with anyio.move_on_after(seconds) as scope:
        while True:
            now = await container.condition(engine, made)
            for line in await reader.read():
                said.append(line)
                site.tell(replace(line, source=source))
            if not now.running:
                break
            if anyio.current_time() - measured > _MEASURE:
                measured = anyio.current_time()
                await _measure(site, made, cause)
            await anyio.sleep(_LOOK)
    what = "; ".join(shlex.join(argv) for argv in commands)
    if scope.cancelled_caught:
        raise PreviewFailed(f"{what} took longer than {seconds:g} s", cause=cause)
    if now.out_of_memory:
        raise PreviewFailed(
            f"{what} ran out of memory: it may use {site.settings.install_memory} MiB",
            hint="Raise `preview.install_memory`.",
            cause=Cause.OUT_OF_MEMORY,
        )
    if now.exit_code:
        words = output.last_words(said)
        raise PreviewFailed(f"{what} ended with exit code {now.exit_code}: {words}", cause=cause)


async def _measure(site: Site, made: str, cause: Cause) -> None:
    client = site.engine.client
    found = await site.engine.call(client.containers, all=True, size=True, filters={"id": made})
    size = sum(int(one.get("SizeRw") or 0) for one in found)
    if size > LARGEST * MIB:
        raise PreviewFailed(f"it wrote more than {LARGEST} MiB", cause=cause)


async def _key(spec: PreviewSpec, snapshot: Snapshot, base_id: str) -> str:
    """What decides the dependencies: equal keys, equal images."""
    digest = hashlib.sha256()
    digest.update(msgspec.json.encode([base_id, spec.install, spec.stack, "1"]))
    locks = [path for path in spec.locks if path in snapshot.files]
    for path in locks or sorted(code.below(snapshot, spec.folder).values()):
        digest.update(f"{posixpath.normpath(path)}\0{snapshot.files[path].hash}\n".encode())
    return digest.hexdigest()[:20]


def _moved() -> str:
    """Put the packages where the project's volume does not cover them."""
    folder = posixpath.dirname(DEPENDENCIES)
    caches = " ".join(f"{DEPENDENCIES}/{name}" for name in (".vite", ".vite-temp", ".cache"))
    return (
        f"mkdir -p {folder} node_modules && rm -rf {DEPENDENCIES} && "
        f"mv node_modules {DEPENDENCIES} && mkdir -p {caches}"
    )
