"""From what a person calls a project to the names its files need."""

import keyword
import re
import sys
import unicodedata
from dataclasses import dataclass

from samokoder.agents.errors import InvalidInput, PathRefused
from samokoder.agents.workspace import paths

_LONGEST = 60
_TITLE = re.compile(r"[^\W_][\w .,'()+-]*\Z")
_CYRILLIC = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh",
    "з": "z", "и": "i", "й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o",
    "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts",
    "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu",
    "я": "ya", "і": "i", "ї": "yi", "є": "ye", "ґ": "g", "ў": "u",
}  # fmt: skip
_TAKEN = frozenset(
    {"tests", "test", "src", "dist", "build", "node_modules", "fastapi", "flask", "uvicorn"}
    | {"httpx", "pytest", "vite", "typescript", "setuptools", "hatchling", "pip", "samokoder"}
)
"""Names that would hide what the project itself needs."""


@dataclass(frozen=True, slots=True)
class Names:
    """``title`` as the person wrote it; ``slug`` for packages (``my-tool``), ``package`` for
    Python (``my_tool``): both plain lower-case ASCII.
    """

    title: str
    slug: str
    package: str


def names_of(name: str) -> Names:
    """Raises :class:`InvalidInput` with what to do for a name that cannot be used."""
    title = unicodedata.normalize("NFC", " ".join(name.split()))
    if not title:
        raise InvalidInput("the project has no name", hint="Give one: samokoder new TEMPLATE NAME")
    if len(title) > _LONGEST:
        raise InvalidInput(f"the name is longer than {_LONGEST} characters")
    if not _TITLE.match(title):
        raise InvalidInput(
            f"{title!r} is no name for a project",
            hint="It begins with a letter or digit; letters, digits, spaces and - _ . may follow.",
        )
    try:
        paths.clean(title)
    except PathRefused as error:
        raise InvalidInput(f"{title!r} is no name for a folder: it {_why(error, title)}") from error
    words = re.findall(r"[a-z0-9]+", _ascii(title))
    if not words or not words[0][0].isalpha():
        raise InvalidInput(
            f"no package name can be made of {title!r}",
            hint="Begin with a Latin or Cyrillic letter.",
        )
    package = "_".join(words)
    if keyword.iskeyword(package) or package in _TAKEN or package in sys.stdlib_module_names:
        raise InvalidInput(
            f"a package called {package!r} would hide another one",
            hint=f"Try {title!r} with a word added, such as {package + '-app'!r}.",
        )
    return Names(title, "-".join(words), package)


def _ascii(title: str) -> str:
    """Cyrillic letters transliterated, accents taken off, the rest of other scripts dropped."""
    text = "".join(_CYRILLIC.get(c, c) for c in title.lower())
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _why(error: PathRefused, title: str) -> str:
    return error.detail.removeprefix(repr(title)).strip()
