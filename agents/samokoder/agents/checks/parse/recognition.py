"""Which tools printed a text of unknown origin, and the text without what was put before it."""

import re

_RESULTS = "FAILURES|ERRORS|short test summary info|warnings summary"

_SIGNS: dict[str, tuple[str, ...]] = {
    "pytest": (rf"^=+ (?:{_RESULTS}) =+$", r"^INTERNALERROR>", r"while loading conftest"),
    "unittest": (r"^(?:FAIL|ERROR): \S+ \([\w.<>]+\)",),
    "python": (r'^[ |+]*File ".+", line \d+', r"Traceback \(most recent call last"),
    "ruff": (
        r"^(?:\S.*)?:\d+: (?:\[)?[A-Z]{1,4}\d{3,4}\b",
        r"^\s*\d+:\d+ [A-Z]{1,4}\d{3,4}\b",
        r"^[A-Z]{1,4}\d{3,4} .*\n\s*-->",
        r"invalid-syntax",
        r"would be reformatted|^Would reformat",
        r'"noqa_row"',
    ),
    "mypy": (
        r"^[^\s:][^:\n]*\.pyi?:\d+(?::\d+)*: (?:error|note): ",
        r'^\{"file":.*"severity":',
    ),
    "pyright": (
        r"^\s*\S+:\d+:\d+ - (?:error|warning|information): ",
        r'"generalDiagnostics"',
    ),
    "tsc": (r"(?:error|warning) TS\d+: ",),
    "eslint": (
        r"^\s+\d+:\d+\s+(?:error|warning)\s",
        r'"filePath":.*"messages":',
        r"^\S.*: line \d+, col \d+, (?:Error|Warning) - ",
        r"^\S+:\d+:\d+: .+ \[(?:Error|Warning)/",
    ),
    "vitest": (r"^\s*FAIL\s+\S+\.\w+(?: >| \[|$)[\s\S]*^⎯{5}",),
    "jest": (r"^  ● ",),
    "node": (
        r"^\s*at .+:\d+:\d+\)?(?: \{)?$",
        r"^Node\.js v\d",
        r"^TAP version",
        r"^✖ failing tests",
    ),
    "go": (
        r"^(?:vet: )?\S+\.go:\d+:(?:\d+:)? ",
        r"^goroutine \d+ \[",
        r"^--- FAIL: ",
        r'"Action":"fail"',
    ),
    "cargo": (
        r"^\s*--> .+\.rs:\d+:\d+",
        r"panicked at ",
        r"^\S+\.rs:\d+:\d+: (?:error|warning)",
    ),
    "gcc": (
        r"\.(?:c|cc|cpp|cxx|h|hh|hpp|m|mm):(?:\d+:|\(\.)",
        r"AddressSanitizer|^==\d+==",
        r"Assertion .+ failed",
        r"[Mm]akefile\S*:\d+: \*\*\* ",
    ),
    "java": (r"\.(?:java|kts?|scala):(?:\d+|\[\d+,\d+\])",),
}
_RECOGNISED = {
    kind: re.compile("|".join(f"(?:{sign})" for sign in signs), re.MULTILINE)
    for kind, signs in _SIGNS.items()
}
_COVERED = {
    "pytest": ("python", "unittest"),
    "unittest": ("python",),
    "vitest": ("node", "jest"),
    "jest": ("node",),
    "tsc": ("pyright",),
    "cargo": ("node", "ruff"),
    "java": ("node",),
}
"""Kinds whose signs also stand in the output of another that knows better."""

_PREFIX = re.compile(
    r"^(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)? "  # CI services
    r"|[\w.-]+ +\| ?)"  # container engines
)
_MOST_LINES = 0.8


def kinds_in(text: str) -> tuple[str, ...]:
    """The tools whose output this seems to be."""
    found = [kind for kind, sign in _RECOGNISED.items() if sign.search(text)]
    covered = {other for kind in found for other in _COVERED.get(kind, ())}
    return tuple(kind for kind in found if kind not in covered)


def unprefixed(text: str) -> str:
    """The text without the time or name that a service put before nearly every line."""
    lines = text.split("\n")
    filled = [line for line in lines if line.strip()]
    marked = sum(1 for line in filled if _PREFIX.match(line))
    if not filled or marked < _MOST_LINES * len(filled):
        return text
    return "\n".join(_PREFIX.sub("", line) for line in lines)
