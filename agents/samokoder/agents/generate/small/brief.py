"""What a one-line brief says by itself: names, signatures, examples. No model is asked."""

import ast
import keyword
import re
from dataclasses import dataclass

_CALL = re.compile(r"`([a-z_]\w*)\(([^`()]*)\)`")
_BARE_CALL = re.compile(r"(?<![\w.`])([a-z_]\w*)\(([\w, =*.:]*)\)")
_NAMED = re.compile(
    r"(?:library|module|package|tool|program|script|utility|called|named)\s+`([a-z_]\w*)(?:\.py)?`"
)
_FILE = re.compile(r"`([a-z_][\w/]*)\.py`")
_RUN = re.compile(r"python3?\s+-m\s+([a-z_]\w*)")
_SHOWN = re.compile(
    r"`python3? -m (?P<module>\w+) ?(?P<words>[^`]*)`\s+(?:prints|gives|outputs|shows|writes)\s+"
    r"`?\"?(?P<output>[^\s`\";,()]+)"
)
_USED = re.compile(r"`python3? -m (?P<module>\w+) ?(?P<words>[^`]*)`")
STAND_INS = {
    "FILE": "<file>", "PATH": "<file>", "FILENAME": "<file>", "TEXT": "aab", "STRING": "aab",
    "WORD": "aab", "NAME": "Ann", "N": "3", "NUMBER": "3", "COUNT": "3", "VALUE": "3",
}  # fmt: skip
"""What is put where a brief shows a place for something; ``<file>`` is a small file of text."""
_GIVES = re.compile(r"`(?P<call>[a-z_]\w*\([^`]*\))`\s+(?:gives|returns|is)\s+`(?P<value>[^`]+)`")
_INVERSE = re.compile(r"(?i)\b(?:inverse|the reverse|the opposite|undoes|back (?:in)?to)\b")
_OTHER = re.compile(
    r"(?i)\b(?:javascript|typescript|node(?:\.js)?|react|vite|html|css|golang|in go|rust|java"
    r"|kotlin|c\+\+|c#|swift|ruby|php|flask|fastapi|django)\b"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """An example of the brief: the program with these words prints ``output``."""

    words: tuple[str, ...]
    output: str


@dataclass(frozen=True, slots=True)
class Wish:
    """One module. ``functions`` are its signatures without types, ``program`` that it also runs as
    ``python -m``, ``examples`` are assertions the brief makes, ``shown`` what it prints.
    """

    module: str
    functions: tuple[str, ...]
    program: bool = False
    examples: tuple[str, ...] = ()
    shown: tuple[Shown, ...] = ()
    inverse: bool = False
    """Whether it has two functions of which one undoes the other."""
    usages: tuple[tuple[str, ...], ...] = ()
    """Words with which the program is to come to a good end and print something."""

    @property
    def names(self) -> tuple[str, ...]:
        """The functions' names."""
        return tuple(f.partition("(")[0] for f in self.functions)


def foreign(brief: str) -> bool:
    """Whether the brief asks for something else than plain Python."""
    return _OTHER.search(brief) is not None


def wish(brief: str) -> Wish | None:
    """What the brief asks for; None when it names no module or no function."""
    functions: dict[str, str] = {}
    for pattern in (_CALL, _BARE_CALL):
        for name, arguments in pattern.findall(brief):
            if not _is_signature(name, arguments):
                continue
            functions.setdefault(name, f"{name}({arguments})")
        if functions:
            break
    found = _NAMED.search(brief) or _FILE.search(brief) or _RUN.search(brief)
    if not functions or found is None:
        return None
    module = found[1].rpartition("/")[2]
    program = _RUN.search(brief) is not None or "command line" in brief or "command-line" in brief
    alike = len({signature.count(",") for signature in functions.values()}) == 1
    return Wish(
        module,
        tuple(functions.values()),
        program,
        _examples(brief, functions),
        _shown(brief),
        len(functions) == 2 and alike and _INVERSE.search(brief) is not None,
        _usages(brief),
    )


def _is_signature(name: str, arguments: str) -> bool:
    """Names only: a call with values is an example."""
    try:
        ast.parse(f"def {name}({arguments}): pass")
    except SyntaxError:
        return False
    return not keyword.iskeyword(name)


def _examples(brief: str, functions: dict[str, str]) -> tuple[str, ...]:
    found = []
    for match in _GIVES.finditer(brief):
        text = f"assert {match['call']} == {match['value']}"
        if match["call"].partition("(")[0] in functions and _parses(text):
            found.append(text)
    return tuple(found)


def _shown(brief: str) -> tuple[Shown, ...]:
    found = []
    for match in _SHOWN.finditer(brief):
        words = tuple(match["words"].split())
        # FILE, TEXT: a place for something, not the thing
        if not any(re.fullmatch(r"[A-Z][A-Z_]+|\[.*|<.*", word) for word in words):
            found.append(Shown(words, match["output"].rstrip(".")))
    return tuple(found)


def _usages(brief: str) -> tuple[tuple[str, ...], ...]:
    """Command lines with places for something, filled in; those with unknown places left out."""
    found = []
    for match in _USED.finditer(brief):
        words = match["words"].split()
        places = [w for w in words if re.fullmatch(r"[A-Z][A-Z_]*", w)]
        if places and all(w in STAND_INS for w in places):
            found.append(tuple(STAND_INS.get(w, w) for w in words))
    return tuple(found)


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True
