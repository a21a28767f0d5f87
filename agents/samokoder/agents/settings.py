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
    check: CheckSettings = CheckSettings()
    sandbox: SandboxSettings = SandboxSettings()
    execute: ExecuteSettings = ExecuteSettings()
    run: RunSettings = RunSettings()
    workspace: WorkspaceSettings = WorkspaceSettings()
    state: StateSettings = StateSettings()
    daemon: DaemonSettings = DaemonSettings()
    log: LogSettings = LogSettings()
