"""The root of every error this product raises on purpose.

An error's docstring is its message to the user; ``detail`` says what it was about this time and
``hint`` says what to do next. ``code`` is stable and goes over the wire; ``exit_code`` is what the
CLI exits with.

    SamokoderError
    ├── StateError                 this package
    │   ├── StateDamaged
    │   ├── StateTooNew
    │   ├── StateUnwritable
    │   └── StateBusy
    └── …                          samokoder.agents.errors
"""

from typing import ClassVar


class SamokoderError(Exception):
    """Something went wrong inside Samokoder."""

    code: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 5
    default_hint: ClassVar[str] = ""

    def __init__(self, detail: str = "", *, hint: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint or self.default_hint

    @property
    def title(self) -> str:
        """The first line of the docstring, without its full stop."""
        return (type(self).__doc__ or "").strip().splitlines()[0].rstrip(".")

    def __str__(self) -> str:
        text = f"{self.title}: {self.detail}" if self.detail else self.title
        text += "" if text.endswith((".", "!", "?", "…")) else "."
        return f"{text} {self.hint}" if self.hint else text


class StateError(SamokoderError):
    """The state could not be read or written."""

    code = "state"


class StateDamaged(StateError):
    """The state file is damaged."""

    code = "state-damaged"
    exit_code = 4
    default_hint = (
        "Restore a backup with `samokoder state restore`; your workspace was not touched."
    )


class StateTooNew(StateError):
    """The state was written by a newer version of Samokoder."""

    code = "state-too-new"
    exit_code = 4
    default_hint = "Install that version or newer, or point SAMOKODER_STATE_DIR at another folder."


class StateUnwritable(StateError):
    """The state folder cannot be written."""

    code = "state-unwritable"
    exit_code = 4
    default_hint = "Free some space or fix the folder's permissions, then try again."


class StateBusy(StateError):
    """Another process holds the state for too long."""

    code = "state-busy"
    exit_code = 4
    default_hint = "Try again; `samokoder daemon status` shows who is running."
