# ruff: noqa: E501  (a table of changes reads best with one change a line)
"""Small token edits of C and C++ lines, ranked by what the compiler complains about."""

import re
from collections.abc import Iterator

from rapidfuzz.distance import JaroWinkler

_TOKEN = re.compile(
    r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|[A-Za-z_]\w*|\d[\w.]*|<<=|>>=|<<|>>|<=|>=|==|!=|&&|"
    r"\|\||\+\+|--|->|::|[-+*/%&|^]=|[^\s\w]"
)
_DECLARED = re.compile(
    r"\b(?:int|long|short|char|bool|float|double|string|auto|unsigned|size_t|ll|[A-Za-z_]\w*\s*<[^;(){}]*>)"
    r"\s*[*&]*\s*(?P<names>[A-Za-z_]\w*[^;(){}]*)"
)
_WORDS = frozenset(
    [
        "int",
        "long",
        "short",
        "char",
        "bool",
        "float",
        "double",
        "string",
        "auto",
        "unsigned",
        "signed",
        "const",
        "void",
        "for",
        "while",
        "if",
        "else",
        "do",
        "return",
        "break",
        "continue",
        "switch",
        "case",
        "default",
        "struct",
        "class",
        "using",
        "namespace",
        "std",
        "include",
        "cout",
        "cin",
        "endl",
        "vector",
        "map",
        "set",
        "pair",
        "queue",
        "stack",
        "static",
        "true",
        "false",
        "new",
        "delete",
        "sizeof",
        "typedef",
        "template",
    ]
)
_TYPES = ("int", "long long", "string", "char", "double", "bool", "vector<int>", "vector<string>")
_STARTS = {"int": " = 0", "long long": " = 0", "double": " = 0", "bool": " = false"}
_SWAPS = {
    "<": ("<<", "<="), ">": (">>", ">="), "<<": ("<",), ">>": (">",), ".": (";", ","), ",": (";",), "=": ("==",),
    "==": ("=",), ";": (",", ")", ":"), ":": (";", "::"), "&": ("&&",), "|": ("||",), "+": ("++",),
    "-": ("--",), "(": ("[", "{"), ")": ("]", "}"), "[": ("(",), "]": (")",), "{": ("(",), "}": (")",),
    "++": ("+ 1",),
}  # fmt: skip

Edit = tuple[float, str, str]
"""Prior, the whole new text, what was done."""


def names(text: str) -> list[str]:
    """Identifiers of a program, most used first, without keywords."""
    counts: dict[str, int] = {}
    for match in _TOKEN.finditer(re.sub(r"//[^\n]*", "", text)):
        word = match[0]
        if (word[0].isalpha() or word[0] == "_") and word not in _WORDS:
            counts[word] = counts.get(word, 0) + 1
    return sorted(counts, key=lambda w: -counts[w])


def edits(text: str, line: int, column: int, message: str) -> Iterator[Edit]:
    """Whole new texts for one complaint; ``line`` and ``column`` count from 1."""
    lines = text.split("\n")
    if not 1 <= line <= len(lines):
        return
    at = line - 1
    known = names(text)
    quoted = re.findall(r"[‘'`]([^’'`]*)[’'`]", message)

    def with_line(number: int, new: str) -> str:
        return "\n".join([*lines[:number], new, *lines[number + 1 :]])

    above = next((i for i in range(at - 1, -1, -1) if lines[i].strip()), None)
    if "expected" in message and ";" in "".join(quoted[:1]):
        for i, prior in ((at, 1.0), (above, 0.95)):
            if i is not None and not lines[i].rstrip().endswith((";", "{", "}", ":")):
                yield prior, with_line(i, lines[i].rstrip() + " ;"), "a semicolon"
    if "not declared" in message and quoted:
        yield from _undeclared(text, lines, at, quoted[0], known)
    if "redeclaration" in message or "conflicting" in message or "redefinition" in message:
        yield from _twice(lines, at, quoted[0].split()[-1].split("[")[0] if quoted else "")
    for number, new, prior, what in _line_edits(lines, at, column, known, message):
        yield prior, with_line(number, new), what
    if above is not None:
        for number, new, prior, what in _line_edits(lines, above, 0, known, message):
            yield prior * 0.55, with_line(number, new), what
    yield from _types(text, lines, at, message)


def _undeclared(
    text: str, lines: list[str], at: int, name: str, known: list[str]
) -> Iterator[Edit]:
    line = lines[at]
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")

    def with_line(new: str) -> str:
        return "\n".join([*lines[:at], new, *lines[at + 1 :]])

    head = re.sub(rf"for\s*\(\s*{re.escape(name)}\s*=", f"for ( int {name} =", line)
    if head != line:
        yield 1.0, with_line(head), f"`int {name}`"
    other = re.sub(
        rf"for\s*\(\s*((?:long\s+long|int|long)(?:\s+int)?)\s+\w+\s*(?:=\s*[^;]*)?;(?=[^;]*\b{re.escape(name)}\b)",
        rf"for ( \1 {name} = 0 ;",
        line,
    )
    if other != line:
        yield 0.98, with_line(other), f"`{name}` declared in the loop"
    for candidate in known:
        if candidate == name:
            continue
        alike = JaroWinkler.similarity(name, candidate)
        if alike > 0.72:
            yield 0.55 + 0.35 * alike, with_line(word.sub(candidate, line)), f"`{candidate}`"
    if "<<" in line:
        yield 0.6, with_line(word.sub(f'" {name} "', line)), "text in quotes"
    opened = next(
        (
            i
            for i in range(at, -1, -1)
            if re.search(r"\)\s*\{\s*$", lines[i]) and not lines[i].startswith(" ")
        ),
        None,
    )
    for rank, kind in enumerate(_TYPES):
        start = _STARTS.get(kind, "")
        if opened is not None:
            new = [*lines[: opened + 1], f"  {kind} {name}{start} ;", *lines[opened + 1 :]]
            yield 0.8 - 0.06 * rank, "\n".join(new), f"`{kind} {name}`"
        assigned = re.sub(rf"^(\s*){re.escape(name)}\s*=", rf"\1{kind} {name} =", line)
        if assigned != line:
            yield 0.85 - 0.06 * rank, with_line(assigned), f"`{kind} {name}`"


def _twice(lines: list[str], at: int, name: str) -> Iterator[Edit]:
    line = lines[at]

    def with_line(new: str) -> str:
        return "\n".join([*lines[:at], *([new] if new.strip() else []), *lines[at + 1 :]])

    word = re.escape(name)
    gone = re.sub(
        rf"\s*,\s*{word}(?!\w)(?:\s*\[[^\]]*\])*(?:\s*=\s*[^,;]*)?(?=\s*[,;][^;]*$)",
        "",
        line,
        count=1,
    )
    if gone != line:
        yield 1.0, with_line(gone), f"`{name}` declared once"
    first = re.sub(rf"(?<!\w){word}(?:\s*=\s*[^,;]*)?\s*,\s*", "", line, count=1)
    if first != line:
        yield 0.9, with_line(first), f"`{name}` declared once"
    assigned = re.sub(rf"^(\s*)[\w<>: ]+?\s+({word}\s*=)", r"\1\2", line)
    if assigned != line:
        yield 0.95, with_line(assigned), f"`{name}` assigned, not declared"
    if re.fullmatch(rf"\s*[\w<>:, ]+\s+{word}\s*(?:\[[^\]]*\]\s*)*;\s*", line):
        yield 0.95, with_line(""), f"`{name}` declared once"
    renamed = re.sub(rf"(?<!\w){word}(?!\w)(?!.*(?<!\w){word}(?!\w))", f"{name}_2", line)
    if renamed != line:
        yield 0.4, with_line(renamed), f"`{name}_2`"


def _line_edits(
    lines: list[str], at: int, column: int, known: list[str], message: str
) -> Iterator[tuple[int, str, float, str]]:
    """Edits of one line: its index, new text, prior, note."""
    line = lines[at]
    found = list(_TOKEN.finditer(line))
    if line.lstrip().startswith("("):
        margin = line[: len(line) - len(line.lstrip())]
        for word in ("for", "while", "if"):
            fits = (line.count(";") >= 2) == (word == "for")
            yield at, f"{margin}{word} {line.lstrip()}", 0.97 if fits else 0.3, f"`{word}`"
    yield at, line.rstrip() + " ;", 0.5, "a semicolon"
    depth = line.count("(") - line.count(")")
    if depth > 0:
        for spot in [m.start() for m in found[::-1] if m[0] in (";", "{")] + [len(line)]:
            yield (
                at,
                f"{line[:spot].rstrip()} {')' * depth} {line[spot:]}",
                0.95,
                "a closing bracket",
            )
    elif depth < 0:
        for match in found:
            if match[0] == "(":
                new = line[: match.start()] + "( " * -depth + line[match.start() :]
                yield at, new, 0.7, "an opening bracket"
    for i, match in enumerate(found):
        start, end = match.span()
        near = 1.0 / (1.0 + abs(start + 1 - column) / 8.0) if column else 0.35
        token = match[0]
        gone = line[:start].rstrip() + " " + line[end:].lstrip()
        margin = line[: len(line) - len(line.lstrip())]
        doubled = i + 1 < len(found) and found[i + 1][0] == token and token in ",;)(+-*/&|'"
        yield at, margin + gone.lstrip(), (0.9 if doubled else 0.6) * near, f"no `{token}`"
        for new in _SWAPS.get(token, ()):
            yield at, line[:start] + new + line[end:], 0.7 * near, f"`{token}` → `{new}`"
        if token[0].isalpha() or token[0] == "_" or token.isdigit():
            member = "subscript" in message or "member" in message or "no match" in message
            for rank, name in enumerate(known[:14]):
                if name != token and token not in ("for", "if", "while", "return"):
                    prior = (0.75 if member else 0.4) * near - 0.01 * rank
                    yield at, line[:start] + name + line[end:], prior, f"`{token}` → `{name}`"
            after = found[i + 1] if i + 1 < len(found) else None
            joined = after is not None and (after[0][0].isalnum() or after[0][0] == "_")
            if joined and after is not None and token not in _WORDS:
                for sign in ("+", ",", "<<", "*", "-", "=="):
                    new = f"{line[:end]} {sign} {line[end:].lstrip()}"
                    yield at, new, (0.8 if sign == "+" else 0.6) * near, f"`{sign}`"
            if i == 0 and after is not None and after[0] == "=" and token in _WORDS:
                continue
        if i == 0 and token == "=":
            for name in known[:6]:
                yield at, line[:start] + f"{name} " + line[start:], 0.8, f"`{name} =`"
        if token[0] in "'\"" and len(token) > 1:
            other = "'" if token[0] == '"' else '"'
            new = line[:start] + other + token[1:-1].strip() + other + line[end:]
            yield at, new, 0.6 * near, f"`{other}` quotes"
        if token in (";", ")", "{", ","):
            for sign in (")", "(", "}", "]"):
                new = f"{line[:start].rstrip()} {sign} {line[start:]}"
                yield at, new, 0.45 * near, f"`{sign}`"
    if line.strip() and not line.rstrip().endswith("{"):
        yield at, "", 0.2, "line gone"


def _types(text: str, lines: list[str], at: int, message: str) -> Iterator[Edit]:
    """Another type where a variable of the line is declared."""
    if not re.search(r"operand|conver|comparison|subscript|member|match|assign", message):
        return
    for name in names(lines[at])[:6]:
        pattern = re.compile(
            rf"(?m)^(\s*)((?:long\s+long(?:\s+int)?|[\w:]+(?:\s*<[^;]*?>)?))(\s+{re.escape(name)}\b[^(\n]*;)"
        )
        for match in list(pattern.finditer(text))[:2]:
            for kind in _TYPES:
                if kind != match[2]:
                    new = text[: match.start(2)] + kind + text[match.end(2) :]
                    yield 0.5, new, f"`{kind} {name}`"
