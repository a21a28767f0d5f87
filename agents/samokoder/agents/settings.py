"""Every setting, its type and its default. ``docs/configuration.md`` is made from these classes.

A setting's documentation is the string below it. Loading and merging are in ``configuration``.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Positive = Annotated[int, Meta(ge=1)]
NonNegative = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(gt=0)]
Money = Annotated[float, Meta(ge=0)]
RungName = Literal["L0", "L1", "L2", "L3", "L4"]
SeverityName = Literal["hint", "info", "warning", "error"]
LensName = Literal["correctness", "security", "data", "api", "tests"]


class _Section(Struct, frozen=True, forbid_unknown_fields=True):
    """A group of settings; unknown keys are errors, there is one spelling everywhere."""


class ModelSettings(_Section, frozen=True):
    coder: str = ""
    """Model that writes code: `provider:name`, `scripted:FILE`, or empty to choose by itself."""
    reviewer: str = ""
    """Model that reviews; empty means the coder's."""
    planner: str = ""
    """Model that plans; empty means the coder's."""
    small: str = ""
    """Model for small questions; empty means the coder's."""
    base_url: str = ""
    """Address of an OpenAI-compatible server for `openai:NAME` models."""
    stall_timeout: Seconds = 60.0
    """Seconds without a byte after which a stream is cut."""
    total_timeout: Seconds = 600.0
    """Seconds one answer may take in all."""
    attempts: Positive = 4
    """Attempts of one model call, the first included."""
    samples: Positive = 6
    """Answers drawn from a small model for one function, at rising temperature."""
    requests_per_minute: NonNegative = 0
    """Requests a minute to one provider; 0 means no own limit."""
    tokens_per_minute: NonNegative = 0
    """Tokens a minute to one provider; 0 means no own limit."""
    parallel: Positive = 4
    """Calls to one provider at the same time."""


class EmbeddedSettings(_Section, frozen=True):
    threads: NonNegative = 0
    """Threads of the embedded model; 0 means one per physical core, at most 8."""
    context: Positive = 8192
    """Context of the embedded model in tokens."""
    idle: Seconds = 120.0
    """Seconds without a call after which the embedded model frees its memory."""


class BudgetSettings(_Section, frozen=True):
    tokens: NonNegative = 200_000
    """Tokens one run may use; 0 means none at all."""
    money: Money = 1.0
    """US dollars one run may spend."""
    calls: NonNegative = 100
    """Model calls of one run."""
    seconds: Seconds = 1800.0
    """Wall time of one run."""
    tokens_per_day: NonNegative = 5_000_000
    """Tokens all runs of one day may use."""
    money_per_day: Money = 20.0
    """US dollars all runs of one day may spend."""


class FixSettings(_Section, frozen=True):
    rungs: tuple[RungName, ...] = ("L0", "L1", "L2", "L3", "L4")
    """Rungs of the ladder that may be climbed."""
    attempts: Positive = 8
    """Candidates a model rung may try for one problem."""
    candidates: Positive = 200
    """Candidates a model-free rung may try for one problem."""
    seconds: Seconds = 300.0
    """Wall time of the model-free rungs for one problem."""


class ReviewSettings(_Section, frozen=True):
    floor: SeverityName = "hint"
    """The least severity of a finding that is reported."""
    cap: Positive = 50
    """Findings of one review that are reported, the gravest first."""
    nits: bool = False
    """Whether matters of style are reported."""
    confidence: Annotated[float, Meta(ge=0, le=1)] = 0.5
    """The least confidence, from 0 to 1, a model's unproven finding needs to be reported."""
    lenses: tuple[LensName, ...] = ("correctness", "security", "data", "api", "tests")
    """What models look for, each in a question of its own; a small model gets one for all."""
    validate: bool = True
    """Whether a second look tries to refute each finding of a model."""
    prove: bool = True
    """Whether tests that models write may be run, confined, to prove findings."""


class CheckSettings(_Section, frozen=True):
    commands: tuple[str, ...] = ()
    """The project's checks as shell-like command lines; empty means they are found."""
    timeout: Seconds = 300.0
    """Seconds one check may run."""
    python: str = ""
    """Python that runs the project; empty means its virtual environment, else python3."""


class SandboxSettings(_Section, frozen=True):
    mode: Literal["auto", "required", "off"] = "auto"
    """`auto`: the best there is; `required`: refuse without one; `off`: limits only."""
    network: bool = False
    """Whether checks may use the network."""
    unconfined: bool = False
    """Whether code a model wrote may run where no sandbox is to be had."""
    memory: Positive = 4096
    """Memory of one check in MiB."""
    processes: Positive = 512
    """Processes of one check."""


class ExecuteSettings(_Section, frozen=True):
    allow: tuple[str, ...] = ()
    """More commands that agents may run without asking, as patterns: `make docs`, `npm run *`."""
    network: Literal["ask", "never", "always"] = "ask"
    """Whether installers may use the network: after a question, never, or without asking."""
    seconds: Seconds = 600.0
    """Seconds one command of an agent may run."""


class GenerateSettings(_Section, frozen=True):
    approval: Literal["plan", "epic", "none"] = "plan"
    """What you are asked to approve: the whole plan, each epic when its turn comes, or nothing."""
    questions: NonNegative = 3
    """Questions the spec writer may ask about one brief."""
    review: Literal["auto", "always", "never"] = "auto"
    """Whether a reviewer judges each hunk; `auto`: unless the model is a small one."""
    rounds: NonNegative = 2
    """Times a hunk may be sent back to the developer."""
    repairs: NonNegative = 2
    """Times a developer sees failing checks of its task, after the fixing ladder did."""
    documentation: bool = True
    """Whether the technical writer brings README, changelog and docstrings up to date."""


class PreviewSettings(_Section, frozen=True):
    engine: str = ""
    """Address of the container engine, as in DOCKER_HOST; empty means it is looked for."""
    runtime: str = ""
    """`runsc`, `sysbox-runc`, `kata`, `userns`; empty means the engine's own."""
    start: str = ""
    """Command line that starts the program; empty means it is found."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 0
    """Port the program listens on inside; 0 means it is found."""
    health: str = ""
    """Path that must answer 2xx or 3xx; empty means any answer of `/` will do."""
    image: str = ""
    """Image to run the project in instead of its stack's."""
    python_image: str = "python:3.12-slim"
    """Base image of Python projects."""
    node_image: str = "node:22-slim"
    """Base image of Node projects."""
    go_image: str = "golang:1.24"
    """Base image of Go projects."""
    rust_image: str = "rust:1-slim"
    """Base image of Rust projects."""
    c_image: str = "gcc:14"
    """Base image of C and C++ projects."""
    pull: bool = True
    """Whether the engine may fetch an image that is missing."""
    install: bool = False
    """Whether the network may be used while dependencies are installed."""
    environment: tuple[str, ...] = ()
    """Names of variables of your own environment the program gets."""
    egress: tuple[str, ...] = ()
    """Hosts the running program may reach, as `name` or `name:port`."""
    minutes: Annotated[float, Meta(gt=0)] = 30.0
    """Minutes a preview lives after it was last used."""
    longest_minutes: Annotated[float, Meta(gt=0)] = 480.0
    """Minutes a preview lives at most, however much it is used."""
    limit: Positive = 5
    """Previews at the same time."""
    start_seconds: Seconds = 60.0
    """Seconds the program may take until its port answers."""
    install_seconds: Seconds = 600.0
    """Seconds the installation or the build of an image may take."""
    memory: Annotated[int, Meta(ge=16)] = 512
    """Memory of one container in MiB; there is no swap beyond it."""
    install_memory: Annotated[int, Meta(ge=16)] = 2048
    """Memory of an installation in MiB."""
    processes: Annotated[int, Meta(ge=4)] = 256
    """Processes and threads of one container."""
    cpus: Annotated[float, Meta(ge=0.01)] = 1.0
    """Processors of one container."""
    files: Annotated[int, Meta(ge=64)] = 4096
    """Open files of one process."""
    scratch: Positive = 64
    """MiB of each folder in memory the program may write to."""
    log: Positive = 4
    """MiB of output that are kept."""
    seccomp: Literal["strict", "default"] = "strict"
    """System calls allowed: `default` is the engine's list, `strict` a shorter one."""


class RunSettings(_Section, frozen=True):
    parallel: Positive = 4
    """Runs that may be active at the same time."""
    apply: Literal["proven", "ask", "never"] = "proven"
    """When a change is applied: when it is proven, after a question, or never by itself."""
    approval: Literal["ask", "auto"] = "ask"
    """Who answers a run's questions: the user, or the default answers."""


class WorkspaceSettings(_Section, frozen=True):
    max_file_size: Positive = 1 << 20
    """Files larger than this many bytes are left out."""
    ignore: tuple[str, ...] = ()
    """More patterns to ignore, as in a .gitignore."""


class StateSettings(_Section, frozen=True):
    url: str = ""
    """Database address; empty means SQLite in the state folder."""
    retention_days: NonNegative = 90
    """Days a finished run is kept; 0 means for ever."""
    backup_hours: NonNegative = 24
    """Hours between backups; 0 means none on a schedule."""
    backups: Positive = 5
    """Backups that are kept."""


class DaemonSettings(_Section, frozen=True):
    idle_minutes: Annotated[float, Meta(gt=0)] = 10.0
    """Minutes without a client or a run after which the daemon ends."""


class LogSettings(_Section, frozen=True):
    level: Literal["debug", "info", "warning", "error"] = "info"
    """How much is written to the log."""
    max_size: Positive = 5
    """MiB of one log file before it is rotated; five are kept."""


class Settings(_Section, frozen=True):
    """All settings of one workspace."""

    model: ModelSettings = ModelSettings()
    embedded: EmbeddedSettings = EmbeddedSettings()
    budget: BudgetSettings = BudgetSettings()
    fix: FixSettings = FixSettings()
    review: ReviewSettings = ReviewSettings()
    check: CheckSettings = CheckSettings()
    sandbox: SandboxSettings = SandboxSettings()
    execute: ExecuteSettings = ExecuteSettings()
    generate: GenerateSettings = GenerateSettings()
    preview: PreviewSettings = PreviewSettings()
    run: RunSettings = RunSettings()
    workspace: WorkspaceSettings = WorkspaceSettings()
    state: StateSettings = StateSettings()
    daemon: DaemonSettings = DaemonSettings()
    log: LogSettings = LogSettings()
