"""Errors of the engine; every one is a plain sentence and a next step.

SamokoderError                       samokoder.state.errors
├── InvalidInput                     exit 2
│   └── PathRefused
├── NotTrusted                       exit 2
├── Conflict                         exit 1
├── LimitReached                     exit 3
├── RunCancelled                     exit 130
├── WriteFailed                      exit 4
│   ├── DiskFull
│   ├── WriteRefused
│   └── EditorRefused
├── EnvironmentMissing               exit 4
│   ├── SandboxMissing
│   ├── ModelMissing
│   ├── EngineMissing
│   ├── RuntimeMissing
│   └── ImageMissing
├── PreviewFailed                    exit 1
├── EngineFailed                     exit 4
└── ModelError                       exit 4
    ├── ModelRefusedKey
    ├── PromptTooLong
    ├── AnswerUnusable
    └── ModelUnavailable             worth another attempt
        ├── RateLimited
        ├── StreamCut
        └── StreamStalled
"""

from typing import TYPE_CHECKING

from samokoder.state.errors import SamokoderError

if TYPE_CHECKING:
    from samokoder.agents.workspace.plan import FileConflict


class InvalidInput(SamokoderError):
    """That input cannot be used."""

    code = "invalid-input"
    exit_code = 2


class ProjectInvalid(InvalidInput):
    """A file of the project is not right."""

    code = "project-invalid"

    def __init__(self, detail: str = "", *, path: str = "", line: int = 1, hint: str = "") -> None:
        super().__init__(detail, hint=hint)
        self.path, self.line = path, line


class PathRefused(InvalidInput):
    """That path may not be touched."""

    code = "path-refused"
    default_hint = "Only ordinary files inside the workspace can be read or changed."


class NotTrusted(SamokoderError):
    """This needs your consent first."""

    code = "not-trusted"
    exit_code = 2


class Conflict(SamokoderError):
    """The text changed in the meantime and both changes touch the same lines."""

    code = "conflict"
    exit_code = 1
    default_hint = "Nothing was written; both versions are kept in the run."

    def __init__(
        self,
        detail: str = "",
        *,
        hint: str = "",
        files: "tuple[FileConflict, ...]" = (),
        left: tuple[str, ...] = (),
    ) -> None:
        kept = "What stays is in the history and can be undone." if left else ""
        super().__init__(detail, hint=hint or kept)
        self.files = files
        """The files in question, each with both versions."""
        self.left = left
        """Paths that keep the change: the user typed into it before it could be taken back."""


class WriteFailed(SamokoderError):
    """The workspace could not be written."""

    code = "write-failed"
    exit_code = 4
    default_hint = "Every file is as it was before."


class DiskFull(WriteFailed):
    """There is no space left for the change."""

    code = "disk-full"
    default_hint = "Free some space and try again; every file is as it was before."


class WriteRefused(WriteFailed):
    """The file is read-only or belongs to somebody else."""

    code = "write-refused"
    default_hint = "Make it writable and try again; every file is as it was before."


class EditorRefused(WriteFailed):
    """The editor did not take the change."""

    code = "editor-refused"
    default_hint = "Try again, or close the file; every file is as it was before."


class LimitReached(SamokoderError):
    """A limit was reached."""

    code = "limit-reached"
    exit_code = 3


class RunCancelled(SamokoderError):
    """The run was cancelled."""

    code = "cancelled"
    exit_code = 130


class EnvironmentMissing(SamokoderError):
    """Something this needs is not installed here."""

    code = "environment-missing"
    exit_code = 4


class SandboxMissing(EnvironmentMissing):
    """No sandbox is available and the settings require one."""

    code = "sandbox-missing"
    default_hint = 'Install bubblewrap, or set `sandbox.mode = "auto"`.'


class ModelMissing(EnvironmentMissing):
    """No model is available."""

    code = "model-missing"
    default_hint = "Run `samokoder model pull`, or configure an endpoint."


class EngineMissing(EnvironmentMissing):
    """No container engine can be reached."""

    code = "engine-missing"
    default_hint = (
        "Install Docker or Podman and start it (Debian: `apt install docker.io`; "
        "macOS, Windows: Docker Desktop), or set `preview.engine`. "
        "A preview never runs on the machine itself."
    )


class IsolationMissing(EnvironmentMissing):
    """The container engine does not keep a preview apart from this machine."""

    code = "isolation-missing"
    default_hint = "Use Docker."


class RuntimeMissing(EnvironmentMissing):
    """The container runtime the settings ask for is not there."""

    code = "runtime-missing"
    default_hint = "Install it in the engine, or empty `preview.runtime`."


class ImageMissing(EnvironmentMissing):
    """The image is not there and could not be fetched."""

    code = "image-missing"
    default_hint = "Build or pull it, or name another one in the settings."


class EngineFailed(SamokoderError):
    """The container engine failed."""

    code = "engine-failed"
    exit_code = 4
    default_hint = "Look whether the engine still runs, then start the preview again."


class PreviewFailed(SamokoderError):
    """The preview did not come up."""

    code = "preview-failed"
    exit_code = 1
    default_hint = "`samokoder preview logs` shows what it printed."

    def __init__(
        self, detail: str = "", *, hint: str = "", cause: str = "", listens: str = ""
    ) -> None:
        super().__init__(detail, hint=hint)
        self.cause = cause
        """One word: see ``preview.spec.Cause``."""
        self.listens = listens
        """``address:port`` where it listens instead of where it should; "" when that is not it."""


class ModelError(SamokoderError):
    """The model could not answer."""

    code = "model"
    exit_code = 4


class ModelRefusedKey(ModelError):
    """The provider refused the key."""

    code = "model-key"
    default_hint = "Check the key for this provider."


class PromptTooLong(ModelError):
    """The prompt does not fit into the model's context."""

    code = "prompt-too-long"


class AnswerUnusable(ModelError):
    """The model's answer is not in the form that was asked for."""

    code = "answer-unusable"


class ModelUnavailable(ModelError):
    """The provider did not answer."""

    code = "model-unavailable"

    def __init__(
        self, detail: str = "", *, hint: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(detail, hint=hint)
        self.retry_after = retry_after
        """Seconds the provider asked to wait; None when it did not say."""


class RateLimited(ModelUnavailable):
    """The provider asks to slow down."""

    code = "rate-limited"


class StreamCut(ModelUnavailable):
    """The answer broke off."""

    code = "stream-cut"


class StreamStalled(ModelUnavailable):
    """The answer stopped coming."""

    code = "stream-stalled"
