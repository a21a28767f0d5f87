"""Names and labels of everything we make in an engine, so that all of it can be found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PREVIEW = "samokoder.preview"
"""The preview's id."""
STATE = "samokoder.state"
"""Which state the preview is recorded in: others leave it alone until ``LATEST``."""
ROLE = "samokoder.role"
DEADLINE = "samokoder.deadline"
"""Milliseconds since the epoch: when it ends unless it is used. Use moves the one in the state."""
LATEST = "samokoder.latest"
"""Milliseconds since the epoch: when it ends however much it is used; any process may remove it."""
ROOT = "samokoder.root"
"""The workspace of a cached image."""
CACHE = "samokoder.cache"
"""What a cached image is: ``tools`` (this machine's Python), ``dependencies`` or ``build``."""

CACHE_NAME = "samokoder-cache"


@dataclass(frozen=True, slots=True)
class Tag:
    """Whose an object is. Times are milliseconds since the epoch."""

    preview: str
    state: str
    deadline: int
    latest: int

    def labels(self, role: str) -> dict[str, str]:
        """The labels of one object."""
        return {
            PREVIEW: self.preview,
            STATE: self.state,
            ROLE: role,
            DEADLINE: str(self.deadline),
            LATEST: str(self.latest),
        }

    def name(self, role: str) -> str:
        """The object's name."""
        return f"samokoder-{self.preview}-{role}"


def of(item: Mapping[str, Any]) -> Mapping[str, str]:
    """The labels of an object as a listing gives it."""
    found: Mapping[str, str] | None = item.get("Labels")
    return found or {}


def chosen(label: str, value: str = "") -> dict[str, list[str]]:
    """A filter for listings."""
    return {"label": [f"{label}={value}" if value else label]}
