"""Paths at the edge: what may be named, what may be read, what may be written.

Inside, a path is a POSIX path relative to the workspace's root and has been through here.
:func:`clean` and :func:`protected` look at the text alone; :func:`relative` and :func:`resolve`
also look at the disk, so call them from a worker thread.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final

from samokoder.agents.errors import PathRefused
from samokoder.state import paths as state_paths

VCS: Final = (".git", ".hg", ".svn", ".bzr", ".jj", "CVS", "_darcs")
"""Folders of version control; never read, never written."""

_DRIVE: Final = re.compile(r"[A-Za-z]:")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_RESERVED: Final = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)\Z")
_SHORT: Final = re.compile(r"(?i)git~\d+\Z")
_IGNORABLE: Final = re.compile("[\u200c-\u200f\u202a-\u202e\u2060-\u206f\ufeff\u00ad]")
"""Characters some file systems leave out when they compare names."""

_VCS: Final = frozenset(name.casefold() for name in VCS)
_GUIDES: Final = re.compile(
    r"(?i)(?:.*/)?(?:agents?(?:\.override)?\.md|\.samokoderignore|samokoder\.toml|[^/]*\.instructions\.md"
    r"|\.github/[^/]*instructions\.md|\.[^/.]*rules(?:/.*)?|\.(?:vscode|idea|cursor|samokoder)/.*)\Z"
)


def clean(path: str) -> str:
    """The path in its one spelling; :class:`PathRefused` for anything but a plain relative one."""
    why = _refusal(path)
    if why:
        raise PathRefused(f"{path!r} {why}")
    return str(PurePosixPath(path))


def protected(path: str) -> bool:
    """Whether agents may read this file but not write it: rules for agents, settings of editors
    (which can run commands) and this product's own settings.
    """
    return _GUIDES.match(path) is not None


PLAN: Final = ".samokoder/plan.md"
"""The plan of a generation: a file among those rules that a run writes itself."""


DISMISSALS: Final = ".samokoder/dismissals.toml"
"""Findings the user does not want to hear of: written on the user's word alone, by a run of its
own; a model's edits never reach it, it is protected.
"""


SETTINGS: Final = "samokoder.toml"
"""The workspace's settings: as above, by a run that remembers how a preview is started."""


def sealed(path: str) -> bool:
    """Whether no change set may touch this file: as :func:`protected`, but for the product's own
    files.
    """
    return protected(path) and path not in (PLAN, DISMISSALS, SETTINGS)


def relative(root: Path, path: Path | str) -> str:
    """An absolute or relative path as the workspace names it. Touches the disk."""
    given = Path(path)
    if not given.is_absolute():
        return clean(str(path))
    for base, full in ((root, given), (_real(root), given), (_real(root), _real_parent(given))):
        try:
            inside = full.relative_to(base)
        except ValueError:
            continue
        return clean(inside.as_posix())
    raise PathRefused(f"{given} is outside the workspace {root}")


def resolve(root: Path, path: str, *, write: bool = True) -> Path:
    """The place of ``path`` on disk, after looking at every folder on the way.

    Refused: what leaves the root through a symbolic link, reaches version control or this
    product's own folders, goes through a file; and for writing, what is itself a symbolic link.
    """
    name = clean(path)
    target = root / name
    real_root = _real(root)
    folder = root
    for part in PurePosixPath(name).parts[:-1]:
        folder = folder / part
        if folder.is_symlink():
            _inside(real_root, folder, name)
        elif folder.exists() and not folder.is_dir():
            raise PathRefused(f"{name}: {folder.relative_to(root)} is not a folder")
    if target.is_symlink():
        if write:
            raise PathRefused(f"{name} is a symbolic link; name its target instead")
        _inside(real_root, target, name)
    real = _real_parent(target)
    for private in _private(real_root):
        if real == private or private in real.parents:
            raise PathRefused(f"{name} lies in Samokoder's own folder {private}")
    return target


def _refusal(path: str) -> str:
    if not path or path in (".", "./"):
        return "names no file"
    if _CONTROL.search(path):
        return "holds a control character"
    if "\\" in path:
        return "holds a backslash"
    if path.startswith(("/", "~")) or _DRIVE.match(path):
        return "is not relative to the workspace"
    try:
        path.encode()
    except UnicodeEncodeError:
        return "is not valid Unicode"
    parts = path.removeprefix("./").split("/")
    return next((why for part in parts if (why := _bad_part(part))), "")


def _bad_part(part: str) -> str:
    if part == "..":
        return "leaves the workspace"
    if part in ("", "."):
        return "has an empty part"
    if part[-1] in ". ":
        return "has a part that ends in a dot or a space"
    bare = _IGNORABLE.sub("", part).split(":")[0].rstrip(" .").casefold()
    if bare in _VCS or _SHORT.match(bare):
        return "belongs to version control"
    if _RESERVED.match(bare.split(".")[0].rstrip()):
        return "uses a name that is reserved on Windows"
    if os.name == "nt" and re.search(r'[<>:"|?*]', part):
        return "holds a character that Windows does not allow"
    return ""


def _inside(real_root: Path, link: Path, name: str) -> None:
    try:
        clean(_real(link).relative_to(real_root).as_posix())
    except ValueError:
        raise PathRefused(f"{name} leaves the workspace through a symbolic link") from None


def _private(real_root: Path) -> Iterable[Path]:
    for folder in (state_paths.state_dir, state_paths.config_dir, state_paths.cache_dir):
        private = _real(folder())
        if private != real_root and private not in real_root.parents:
            yield private


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _real_parent(path: Path) -> Path:
    return _real(path.parent) / path.name
