"""What is to be started, and with which grants."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from samokoder.agents.preview.spec import PreviewSpec
from samokoder.agents.settings import PreviewSettings
from samokoder.agents.workspace.snapshot import Snapshot

Say = Callable[[str], Awaitable[None]]
"""Takes progress in plain words."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to start. ``environment`` holds granted values, ``egress`` granted hosts."""

    snapshot: Snapshot
    spec: PreviewSpec
    settings: PreviewSettings
    network: Callable[[str], Awaitable[bool]]
    """Asked whether the network may be used for what the text says, only when it is needed."""
    own_command: bool = False
    """Whether an image that starts something by itself is to do so."""
    environment: Mapping[str, str] = field(default_factory=dict)
    egress: tuple[str, ...] = ()
