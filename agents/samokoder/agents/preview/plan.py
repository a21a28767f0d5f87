"""The plan of a preview: which containers, with which files, before anything is made."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

from samokoder.agents.errors import InvalidInput
from samokoder.agents.preview import code, hardening
from samokoder.agents.preview.hardening import Limits
from samokoder.agents.preview.images import Image
from samokoder.agents.preview.labels import Tag
from samokoder.agents.preview.spec import Argv, Health, PreviewSpec, Service, Stack, Volume

MAIN = "main"
DEPENDENCIES = "/deps/node_modules"
"""Where the packages of a Node project are in its image; the project has a link to them."""
_NODE_CACHES = (".vite", ".vite-temp", ".cache")
"""Folders of tools inside the packages' folder that they write to."""


@dataclass(frozen=True, slots=True)
class Fill:
    """A volume of the engine and the files that go into it.

    ``folder`` is the part of the workspace, None for an empty one. A ``bounded`` one is in memory
    and may be written to by the program; the others hold the project and may not.
    """

    name: str
    folder: str | None
    bounded: bool = False
    folders: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """One container. ``binds`` are as the engine takes them."""

    name: str
    image: str
    user: str
    folder: str = ""
    entrypoint: Argv | None = None
    command: Argv | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    binds: tuple[str, ...] = ()
    tmpfs: tuple[str, ...] = ()
    port: int = 0
    after: tuple[str, ...] = ()
    health: Health | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """``shown`` is the part people look at; ``code`` where its files are, "" when in the image."""

    parts: tuple[Part, ...]
    fills: tuple[Fill, ...]
    shown: str
    code: str
    sources: Mapping[str, str]
    """The image of each part, for people."""

    @property
    def main(self) -> Part:
        return next(part for part in self.parts if part.name == self.shown)


def of_project(
    spec: PreviewSpec, tag: Tag, image: str, facts: Image, granted: Mapping[str, str]
) -> Plan:
    """A project that runs on a base image, from a volume with its files."""
    volume = tag.name("code")
    inside = [w.removeprefix(f"{code.PLACE}/") for w in spec.writable if _within(w)]
    links = {}
    tmpfs = list(spec.writable)
    if spec.stack is Stack.NODE and spec.install:
        links["node_modules"] = DEPENDENCIES
        tmpfs += [f"{DEPENDENCIES}/{name}" for name in _NODE_CACHES]
    fill = Fill(volume, spec.folder, folders=tuple(inside), links=links)
    fills, binds = _volumes(spec.volumes, tag, [fill], [f"{volume}:{code.PLACE}:ro"])
    if not spec.start:
        raise InvalidInput(
            f"nothing says how {spec.title or spec.folder or 'the project'} is started",
            hint="Give --command, or set `preview.start`.",
        )
    part = Part(
        name=MAIN,
        image=image,
        user=hardening.user(facts.user),
        folder=code.PLACE,
        entrypoint=(),
        command=spec.start,
        environment=_environment(spec.environment, spec.port, granted),
        binds=tuple(binds),
        tmpfs=(*tmpfs, *_own_volumes(facts, binds)),
        port=spec.port,
        health=spec.health,
    )
    return Plan((part,), tuple(fills), MAIN, code.PLACE, {MAIN: image})


def of_image(
    spec: PreviewSpec, tag: Tag, image: str, facts: Image, granted: Mapping[str, str]
) -> Plan:
    """An image that runs by itself, built from a Dockerfile or ready."""
    fills, binds = _volumes(spec.volumes, tag, [], [])
    port = spec.port or (facts.ports[0] if facts.ports else 0)
    part = Part(
        name=MAIN,
        image=image,
        user=hardening.user(facts.user),
        command=spec.start or None,
        entrypoint=() if spec.start else None,
        environment=_environment(spec.environment, port, granted),
        binds=tuple(binds),
        tmpfs=(*spec.writable, *_own_volumes(facts, binds)),
        port=port,
        health=spec.health,
    )
    return Plan((part,), tuple(fills), MAIN, facts.folder, {MAIN: image})


def of_services(
    spec: PreviewSpec,
    tag: Tag,
    images: Mapping[str, str],
    facts: Mapping[str, Image],
    granted: Mapping[str, str],
) -> Plan:
    """The services of a compose file, on one network where they know each other by name."""
    fills: list[Fill] = []
    parts = []
    for service in spec.services:
        binds: list[str] = []
        _volumes(service.volumes, tag, fills, binds)
        parts.append(_service(service, images, facts, binds, granted))
    shown = spec.main or spec.services[0].name
    place = facts[shown].folder
    return Plan(tuple(parts), tuple(fills), shown, place, dict(images))


def _service(
    service: Service,
    images: Mapping[str, str],
    facts: Mapping[str, Image],
    binds: list[str],
    granted: Mapping[str, str],
) -> Part:
    image = facts[service.name]
    wanted = {name: granted[name] for name in service.needs if name in granted}
    return Part(
        name=service.name,
        image=images[service.name],
        user=hardening.user(image.user),
        folder=service.working_dir,
        entrypoint=service.entrypoint or None,
        command=service.command or None,
        environment=_environment(service.environment, 0, wanted),
        binds=tuple(binds),
        tmpfs=_own_volumes(image, binds),
        port=service.port,
        after=service.after,
        health=service.health,
    )


def _volumes(
    volumes: tuple[Volume, ...], tag: Tag, fills: list[Fill], binds: list[str]
) -> tuple[list[Fill], list[str]]:
    """Add what the volumes need. One that is written to is a copy in memory: never the user's."""
    for volume in volumes:
        key = volume.name or volume.source or volume.target
        bounded = not (volume.source and volume.read_only)
        name = tag.name(f"volume-{_safe(key)}")
        if all(fill.name != name for fill in fills):
            source = volume.source.strip("/").removeprefix("./") if volume.source else None
            fills.append(Fill(name, "" if source == "." else source, bounded=bounded))
        binds.append(f"{name}:{volume.target}:{'ro' if volume.read_only else 'rw'}")
    return fills, binds


def _own_volumes(image: Image, binds: list[str]) -> tuple[str, ...]:
    """Folders the image declares as volumes: on the engine's disk they would have no bound."""
    taken = {bind.split(":")[1] for bind in binds}
    return tuple(place for place in image.volumes if place not in taken)


def _environment(own: Mapping[str, str], port: int, granted: Mapping[str, str]) -> dict[str, str]:
    found = {
        "HOME": "/tmp",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        # what hangs or dies in native code says where
        "PYTHONFAULTHANDLER": "1",
        # it would ask for a name nobody answers
        "npm_config_update_notifier": "false",
        **own,
    }
    if port:
        found.setdefault("PORT", str(port))
    return {**found, **granted}


def _within(place: str) -> bool:
    return posixpath.normpath(place).startswith(f"{code.PLACE}/")


def _safe(text: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in text).strip("-")[:40] or "v"


def limits_of(part: Part, limits: Limits) -> dict[str, str]:
    """The folders in memory of a part, with their options."""
    return {place: hardening.folder(limits) for place in part.tmpfs}
