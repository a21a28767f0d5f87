"""Compose files, of which a named subset is honoured: anything else is listed and refused.

Read from `compose.yaml` and its older names: build, image, command, entrypoint, environment, ports,
expose, volumes inside the workspace, depends_on, healthcheck, working_dir. A variable is replaced
by its default; one without a default becomes a name that only the user can give a value.
"""

import posixpath
import shlex
from dataclasses import dataclass, field
from typing import Any

from samokoder.agents.checks.detect.project import Project, join
from samokoder.agents.errors import InvalidInput, ProjectInvalid
from samokoder.agents.preview.detect import interpolation
from samokoder.agents.preview.detect.compose_parts import durations, line_of, port_of, volume_of
from samokoder.agents.preview.detect.dockerfile import read_dockerfile
from samokoder.agents.preview.spec import Health, PreviewSpec, Reload, Service, Stack, Volume

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_TOP = frozenset({"services", "volumes", "version", "name"})
_SHOWN = ("web", "frontend", "app", "ui", "site", "server", "api")
"""Names of services people mean when they say "the page"; the first one with a port is shown."""
_BUILD = frozenset({"context", "dockerfile", "target", "args"})


async def compose_spec(project: Project, folder: str) -> PreviewSpec | None:
    """The services of a compose file; None without one, InvalidInput when it cannot be read."""
    path = next((p for p in (join(folder, name) for name in NAMES) if project.has(p)), None)
    if path is None:
        return None
    reader = _Reader(project, folder, path)
    services = await reader.services(_yaml(await project.text(path), path))
    shown = _shown(services)
    return PreviewSpec(
        Stack.COMPOSE,
        title=f"{path}: {', '.join(service.name for service in services)}",
        origin=path,
        folder=folder,
        port=shown.port,
        needs=tuple(dict.fromkeys(n for service in services for n in service.needs)),
        services=services,
        main=shown.name,
        reload=Reload.BUILD,
        refused=tuple(reader.refused),
    )


def _yaml(text: str, path: str) -> dict[str, Any]:
    import yaml

    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        why = f"{path}:{line} is not YAML: {getattr(error, 'problem', error)}"
        raise ProjectInvalid(why, path=path, line=line) from error
    if not isinstance(value, dict) or not isinstance(value.get("services"), dict):
        raise ProjectInvalid(f"{path} names no services", path=path)
    return value


@dataclass
class _Reader:
    """One compose file being read; ``refused`` collects what it does not get."""

    project: Project
    folder: str
    path: str
    refused: list[str] = field(default_factory=list)

    async def services(self, whole: dict[str, Any]) -> tuple[Service, ...]:
        for key in whole:
            if key not in _TOP and not str(key).startswith("x-"):
                self._refuse(str(key))
        for name, options in (whole.get("volumes") or {}).items():
            for key in options or {}:
                self._refuse(f"volumes.{name}.{key}")
        found = [
            await self._service(str(name), value if isinstance(value, dict) else {})
            for name, value in whole["services"].items()
        ]
        return _ordered(found, self.path)

    async def _service(self, name: str, raw: dict[str, Any]) -> Service:
        at = f"services.{name}"
        text: dict[str, Any] = {}
        for key, value in raw.items():
            if key not in _KEYS:
                self._refuse(f"{at}.{key}")
            elif key == "environment":
                text[key] = value
            else:
                text[key] = self._filled(f"{at}.{key}", value)
        image = str(text.get("image") or "")
        dockerfile, context, target, arguments = await self._build(at, text.get("build"))
        environment, needs = _environment(text.get("environment"))
        ports = self._ports(at, text)
        if dockerfile and not ports:
            written = await self.project.text(dockerfile)
            ports = tuple(p for p in (read_dockerfile(written, arguments).port,) if p)
        if not image and not dockerfile:
            why = f"{self.path}: the service {name} has no image and no build"
            raise await self._wrong(why, f"services.{name}")
        return Service(
            name,
            image="" if dockerfile else image,
            dockerfile=dockerfile,
            context=context,
            target=target,
            arguments=arguments,
            entrypoint=_words(text.get("entrypoint")),
            command=_words(text.get("command")),
            working_dir=str(text.get("working_dir") or ""),
            environment=environment,
            needs=needs,
            port=ports[0] if ports else 0,
            ports=ports,
            volumes=self._volumes(at, text.get("volumes")),
            after=tuple(str(other) for other in text.get("depends_on") or ()),
            health=self._health(at, text.get("healthcheck")),
        )

    def _refuse(self, what: str) -> None:
        self.refused.append(f"{self.path}: {what}")

    def _filled(self, at: str, value: Any) -> Any:
        """The value with its variables replaced, at any depth."""
        if isinstance(value, str):
            filled, missing = interpolation.fill(value)
            for name in missing:
                self._refuse(f"{at} uses {name}, which has no default")
            return filled
        if isinstance(value, list):
            return [self._filled(at, item) for item in value]
        if isinstance(value, dict):
            return {str(key): self._filled(f"{at}.{key}", item) for key, item in value.items()}
        return value

    def _inside(self, path: str) -> str | None:
        """A path of the file, relative to the workspace; None when it leads out of it."""
        if posixpath.isabs(path) or path.startswith("~"):
            return None
        whole = posixpath.normpath(join(self.folder, path))
        if whole == ".." or whole.startswith("../"):
            return None
        return "" if whole == "." else whole

    async def _wrong(self, why: str, at: str) -> ProjectInvalid:
        """What is wrong, at the line of the key."""
        line = line_of(await self.project.text(self.path), at)
        return ProjectInvalid(why, path=self.path, line=line)

    async def _build(self, at: str, raw: Any) -> tuple[str, str, str, dict[str, str]]:
        if not raw:
            return "", "", "", {}
        build = {"context": raw} if isinstance(raw, str) else dict(raw)
        for key in build:
            if key not in _BUILD:
                self._refuse(f"{at}.build.{key}")
        context = self._inside(str(build.get("context", ".")))
        if context is None or "://" in str(build.get("context", "")):
            why = f"{self.path}: {at}.build.context is not inside the workspace"
            raise await self._wrong(why, f"{at}.build")
        dockerfile = posixpath.normpath(join(context, str(build.get("dockerfile", "Dockerfile"))))
        if not self.project.has(dockerfile):
            why = f"{self.path}: {at}.build wants {dockerfile}, which is not there"
            raise await self._wrong(why, f"{at}.build")
        arguments, missing = _environment(build.get("args"))
        for name in missing:
            self._refuse(f"{at}.build.args.{name} has no value")
        return dockerfile, context, str(build.get("target") or ""), arguments

    def _ports(self, at: str, text: dict[str, Any]) -> tuple[int, ...]:
        found: list[int] = []
        for key in ("ports", "expose"):
            for raw in text.get(key) or ():
                port = port_of(raw)
                if port:
                    found.append(port)
                else:
                    self._refuse(f"{at}.{key}: {raw}")
        return tuple(dict.fromkeys(found))

    def _volumes(self, at: str, raw: Any) -> tuple[Volume, ...]:
        found = []
        for one in raw or ():
            volume = volume_of(one, self._inside)
            if volume is None:
                shown = one.get("source", one) if isinstance(one, dict) else one
                self._refuse(f"{at}.volumes: {shown}")
            else:
                found.append(volume)
        return tuple(found)

    def _health(self, at: str, raw: Any) -> Health | None:
        if not isinstance(raw, dict) or raw.get("disable") or raw.get("test") in (None, ["NONE"]):
            return None
        test = raw["test"]
        command: tuple[str, ...]
        if isinstance(test, str):
            command = ("sh", "-c", test)
        elif test[:1] == ["CMD-SHELL"]:
            command = ("sh", "-c", " ".join(str(word) for word in test[1:]))
        elif test[:1] == ["CMD"]:
            command = tuple(str(word) for word in test[1:])
        else:
            self._refuse(f"{at}.healthcheck.test")
            return None
        return Health(command=command, seconds=durations(raw))


_KEYS = frozenset(
    {
        "build", "image", "command", "entrypoint", "environment", "ports", "expose", "volumes",
        "depends_on", "healthcheck", "working_dir",
    }
)  # fmt: skip


def _environment(raw: Any) -> tuple[dict[str, str], tuple[str, ...]]:
    """Values that stand in the file, and names whose values only the user can give."""
    pairs: list[tuple[str, Any]] = []
    if isinstance(raw, dict):
        pairs = [(str(name), value) for name, value in raw.items()]
    else:
        for line in raw or ():
            name, given, value = str(line).partition("=")
            pairs.append((name, value if given else None))
    values, needs = dict[str, str](), list[str]()
    for name, value in pairs:
        written = str(value).lower() if isinstance(value, bool) else value
        filled, missing = interpolation.fill(str(written)) if value is not None else ("", (name,))
        if missing:
            needs.append(name)
        else:
            values[name] = filled
    return values, tuple(needs)


def _words(raw: Any) -> tuple[str, ...]:
    if not raw:
        return ()
    return tuple(shlex.split(raw)) if isinstance(raw, str) else tuple(str(word) for word in raw)


def _ordered(services: list[Service], path: str) -> tuple[Service, ...]:
    """Each after those it waits for; InvalidInput for a circle or a name nobody has."""
    left, done = {service.name: service for service in services}, dict[str, Service]()
    for service in services:
        for other in service.after:
            if other not in left:
                raise InvalidInput(f"{path}: {service.name} waits for {other}, which is not there")
    while left:
        ready = [s for s in left.values() if all(other in done for other in s.after)]
        if not ready:
            raise InvalidInput(f"{path}: {' and '.join(sorted(left))} wait for each other")
        for service in ready:
            done[service.name] = left.pop(service.name)
    return tuple(done.values())


def _shown(services: tuple[Service, ...]) -> Service:
    """The service people want to see: known by its name, else the last one that has a port."""
    open_to = [service for service in services if service.port]
    named = [s for name in _SHOWN for s in open_to if s.name == name]
    return (named or open_to[::-1] or list(services[::-1]))[0]
