"""What a preview is made from, what it is doing, and what it says: plain values.

Detection returns a :class:`PreviewSpec`; the engine turns it into containers and reports a
:class:`PreviewStatus`; everything the build, the installation and the program print arrives as
:class:`LogLine`.
"""

from dataclasses import dataclass, field
from enum import StrEnum

Argv = tuple[str, ...]
"""A command as its words; a shell line is ``("sh", "-c", line)``."""


class Stack(StrEnum):
    """What kind of project it is; also the key of the base image in the settings."""

    PYTHON = "python"
    NODE = "node"
    STATIC = "static"
    GO = "go"
    RUST = "rust"
    C = "c"
    DOCKERFILE = "dockerfile"
    COMPOSE = "compose"
    IMAGE = "image"
    """A ready image the user named."""


class Reload(StrEnum):
    """How a changed file takes effect."""

    RESTART = "restart"
    """The file is copied into the container and the program is started again."""
    WATCH = "watch"
    """The file is copied; the program watches its files, or reads them at each request."""
    BUILD = "build"
    """The file is copied, ``build`` runs again, then the program is started again."""
    NONE = "none"
    """Nothing reaches the container until the next start."""


class Phase(StrEnum):
    """How far a preview has come."""

    STARTING = "starting"
    RUNNING = "running"
    FAILED = "failed"
    STOPPED = "stopped"


class Cause(StrEnum):
    """Why a preview failed; ``PreviewStatus.reason`` says it in one line."""

    NONE = ""
    CRASHED = "crashed"
    WRONG_PORT = "wrong-port"
    INSTALL_FAILED = "install-failed"
    BUILD_FAILED = "build-failed"
    OUT_OF_MEMORY = "out-of-memory"
    UNHEALTHY = "unhealthy"
    SILENT = "silent"
    """It runs and nothing listens."""
    EXPIRED = "expired"
    ENGINE_LOST = "engine-lost"
    INTERRUPTED = "interrupted"
    """The process that was starting it is gone."""


class Source(StrEnum):
    """Where a line comes from."""

    BUILD = "build"
    INSTALL = "install"
    OUTPUT = "stdout"
    ERROR = "stderr"


@dataclass(frozen=True, slots=True)
class Health:
    """When it counts as ready.

    ``path`` is asked over HTTP: with ``strict`` it must answer 2xx or 3xx, otherwise any answer
    will do. ``command`` runs inside the container instead and must exit 0; it is what a compose
    file says. ``seconds`` is the patience in all.
    """

    path: str = "/"
    strict: bool = False
    command: Argv = ()
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Volume:
    """``source`` is a path inside the workspace, or "" for a volume that lives with the preview.

    ``name`` tells volumes apart that several services share.
    """

    target: str
    source: str = ""
    name: str = ""
    read_only: bool = True


@dataclass(frozen=True, slots=True)
class Service:
    """One service of a compose file, of the subset that is honoured. ``port`` 0: it has none.

    Exactly one of ``image`` and ``dockerfile`` is given; paths are relative to the workspace.
    ``command`` empty means the image's own.
    """

    name: str
    image: str = ""
    dockerfile: str = ""
    context: str = ""
    target: str = ""
    """The stage of a multi-stage Dockerfile."""
    arguments: dict[str, str] = field(default_factory=dict)
    """Build arguments."""
    entrypoint: Argv = ()
    command: Argv = ()
    working_dir: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    """Names of variables whose values only the user can give."""
    port: int = 0
    ports: tuple[int, ...] = ()
    """All ports inside the container that were to be published; ``port`` is the one shown."""
    volumes: tuple[Volume, ...] = ()
    after: tuple[str, ...] = ()
    """Services that must be started before, or ready where they have a health check."""
    health: Health | None = None


@dataclass(frozen=True, slots=True)
class PreviewSpec:
    """How to run one project.

    Images, in this order: ``services`` (compose), ``dockerfile``, ``image``, else the base image
    of ``stack``. On a base image ``install`` runs first, with the network where it was granted,
    then ``build`` without it; both run in the copy of the project. ``start`` runs there too, as
    an unprivileged user, with the project read-only; empty means the image's own command.
    ``PORT`` is always in its environment.
    """

    stack: Stack
    title: str = ""
    """One line for people: "Flask application in app.py"."""
    origin: str = ""
    """The file that decided it, relative to the workspace; "settings" when the user said so."""
    folder: str = ""
    """The project below the workspace, "" for its root; commands run there."""
    base: str = ""
    """An image instead of the stack's base image."""
    image: str = ""
    dockerfile: str = ""
    """Relative to the workspace."""
    context: str = ""
    """The build context, relative to the workspace."""
    target: str = ""
    arguments: dict[str, str] = field(default_factory=dict)
    install: tuple[Argv, ...] = ()
    locks: tuple[str, ...] = ()
    """Files that decide what ``install`` brings, relative to the workspace: the cache's key."""
    build: tuple[Argv, ...] = ()
    start: Argv = ()
    port: int = 0
    """Where it listens inside; 0 means a worker that listens nowhere."""
    environment: dict[str, str] = field(default_factory=dict)
    """Values that stand in the project's own files and are no secrets."""
    needs: tuple[str, ...] = ()
    """Names of variables whose values only the user can give."""
    volumes: tuple[Volume, ...] = ()
    writable: tuple[str, ...] = ()
    """Folders inside the container the program writes to; they live with the preview."""
    health: Health = Health()
    services: tuple[Service, ...] = ()
    main: str = ""
    """The service that is shown."""
    reload: Reload = Reload.RESTART
    refused: tuple[str, ...] = ()
    """What the project asks for and does not get, named: "compose: services.db.privileged"."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line, without its end. ``at`` is milliseconds since the epoch, 0 where unknown.

    ``number`` rises within one preview; ``service`` is "" unless it is a compose project's.
    """

    text: str
    source: Source = Source.OUTPUT
    service: str = ""
    at: int = 0
    number: int = 0


@dataclass(frozen=True, slots=True)
class PreviewStatus:
    """One preview as people see it. Times are milliseconds since the epoch, 0 for not yet."""

    id: str
    root: str
    title: str
    stack: Stack
    phase: Phase
    url: str = ""
    port: int = 0
    """On 127.0.0.1."""
    inside: int = 0
    """The port the program listens on in its container."""
    cause: Cause = Cause.NONE
    reason: str = ""
    code: str = ""
    """Where ``folder`` of the workspace stands inside the container."""
    folder: str = ""
    image: str = ""
    command: str = ""
    runtime: str = ""
    """The container runtime that was verified from inside."""
    environment: tuple[str, ...] = ()
    """Names of the variables that were granted."""
    egress: tuple[str, ...] = ()
    """Hosts it may reach: none unless granted."""
    started: int = 0
    ready: int = 0
    deadline: int = 0
    notes: tuple[str, ...] = ()
