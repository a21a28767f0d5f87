"""What a project says it needs: read from its files, never by running or building it."""

import hashlib
import re
import tomllib
from dataclasses import dataclass
from posixpath import dirname, join, normpath

import msgspec
from anyio import to_thread

from samokoder.agents.execute.command import Command
from samokoder.agents.execute.policy import elsewhere
from samokoder.agents.workspace.snapshot import Snapshot

VENV = ".venv"
"""Where a Python project's dependencies go, in the copy."""
MODULES = "node_modules"

_REQUIREMENTS = ("requirements-dev.txt", "requirements.txt")
_NESTED = 4
"""Requirement files that name each other are read this deep."""
_OTHER_FILE = re.compile(r"(?:-r|--requirement)[ =]?\s*(\S+)\Z")
_HASH = re.compile(r"\s--hash[= ]\S+")
_OWN = ("-e", ".")
_ITSELF = ("-e .", "--editable .", ".")
_NAME = re.compile(r"\A(@?[\w.-]+(?:/[\w.-]+)?)")
_KNOWN_AS = {
    "bs4": "beautifulsoup4", "cv2": "opencvpython", "pil": "pillow", "sklearn": "scikitlearn",
    "crypto": "pycryptodome", "serial": "pyserial", "git": "gitpython", "attr": "attrs",
}  # fmt: skip
"""Modules whose distribution is called quite otherwise."""


@dataclass(frozen=True, slots=True)
class Needs:
    """``python`` are requirements as `pip install` takes them; where their ``file`` pins them by
    hashes, it is installed from. ``node`` are names of packages; ``locked``: a lock file says
    which. ``refused`` says why they are not installed here.
    """

    python: tuple[str, ...] = ()
    file: str = ""
    node: tuple[str, ...] = ()
    locked: bool = False
    refused: str = ""

    @property
    def any(self) -> bool:
        return bool(self.python or self.node or self.refused)

    @property
    def digest(self) -> str:
        """Changes with everything that is named; 16 hexadecimal digits."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:16]

    def commands(self, python: str) -> tuple[Command, ...]:
        """How they are installed. ``python`` makes the virtual environment, which also sees what
        that Python has.
        """
        found: list[Command] = []
        if self.refused:
            return ()
        if self.python:
            pip = (f"{VENV}/bin/python", "-m", "pip", "install", "--quiet")
            found += [
                Command((python, "-m", "venv", "--system-site-packages", VENV)),
                Command((*pip, "-r", self.file), brings=", ".join(self.python))
                if self.file
                else Command((*pip, *self.python)),
            ]
        if self.node:
            argv = ("npm", "ci" if self.locked else "install", "--no-audit", "--no-fund")
            found.append(Command(argv, brings=", ".join(self.node)))
        return tuple(found)

    def names(self, module: str) -> bool:
        """Whether a module or tool that is missing is one of them."""
        first = module if module.startswith("@") else re.split(r"[./]", module)[0]
        wanted = _plain(first)
        wanted = _KNOWN_AS.get(wanted, wanted)
        named = [_plain(m[1]) for text in (*self.python, *self.node) if (m := _NAME.match(text))]
        return any(wanted == name or (len(wanted) > 3 and wanted in name) for name in named)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


async def needs_of(snapshot: Snapshot) -> Needs:
    """What the project in the root names; nothing where it names nothing."""
    python, file = await _requirements(snapshot)
    node = await _packages(snapshot)
    strange = [line for line in python if not _usual(line)]
    strange += [f"{name}: {spec}" for name, spec in node.items() if elsewhere((spec,))]
    refused = f"`{strange[0]}` is not a plain package of the configured index" if strange else ""
    locked = bool(node) and "package-lock.json" in snapshot.files
    return Needs(python, file, tuple(node), locked, refused)


def _usual(line: str) -> bool:
    """Whether a requirement is a package of the index, or the project itself."""
    return line in _OWN or not (line.startswith("-") or elsewhere(line.split()))


async def _requirements(snapshot: Snapshot) -> tuple[tuple[str, ...], str]:
    """Requirements, and the file that pins them by hashes."""
    for name in _REQUIREMENTS:
        if name in snapshot.files and (found := await _lines(snapshot, name, _NESTED)):
            pinned = any(_HASH.search(line) for line in found)
            lines = [_HASH.sub("", line).strip() for line in found]
            return tuple(dict.fromkeys(lines)), name if pinned else ""
    if "pyproject.toml" not in snapshot.files:
        return (_OWN if "setup.py" in snapshot.files else ()), ""
    text = (await snapshot.read("pyproject.toml")).decode("utf-8", errors="replace")
    return await to_thread.run_sync(_named, text), ""


async def _lines(snapshot: Snapshot, path: str, deep: int) -> list[str]:
    """Requirements of a file and of those it names; options stay in, so that they are seen."""
    text = (await snapshot.read(path)).decode("utf-8", errors="replace")
    found: list[str] = []
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        words = re.sub(r"(?:\A|\s)#.*", "", line).strip()
        other = _OTHER_FILE.match(words)
        if other is None:
            found += _OWN if words in _ITSELF else [words] if words else []
            continue
        target = normpath(join(dirname(path), other[1]))
        if deep and target in snapshot.files:
            found += await _lines(snapshot, target, deep - 1)
    return found


def _named(text: str) -> tuple[str, ...]:
    """What the project says it needs, its ``dev`` dependencies too, without building it."""
    try:
        read = tomllib.loads(text)
        project = read.get("project", {})
        needs = project.get("dependencies", [])
        extra = project.get("optional-dependencies", {})
        groups = read.get("dependency-groups", {})
        named = [*needs]
        for table in (extra, groups):
            named += [*table.get("dev", []), *table.get("test", [])]
    except (tomllib.TOMLDecodeError, AttributeError, TypeError):
        return ()
    return tuple(n for n in named if isinstance(n, str) and not n.startswith("-"))


async def _packages(snapshot: Snapshot) -> dict[str, str]:
    """Packages by name with what is wanted of them."""
    if "package.json" not in snapshot.files:
        return {}
    try:
        package = msgspec.json.decode(await snapshot.read("package.json"))
        tables = [package.get(k) or {} for k in ("dependencies", "devDependencies")]
        return {str(name): str(spec) for table in tables for name, spec in table.items()}
    except (msgspec.DecodeError, AttributeError):
        return {}
