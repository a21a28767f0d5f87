"""Small edits of one line of a Python text that does not parse."""

import keyword
import re
from collections.abc import Iterator

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

Edit = tuple[float, list[str], str]
"""Cost, the line or lines that take its place, what was done in plain words."""

_TOKEN = re.compile(
    r"(?P<string>[rbfuRBFU]{0,2}(?:'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"))"
    r"|(?P<comment>\#.*)|(?P<word>\w+)|(?P<op>\*\*=|//=|>>=|<<=|->|:=|==|!=|<=|>=|\+=|-=|\*=|/=|"
    r"%=|&=|\|=|\^=|\*\*|//|<<|>>|&&|\|\||[^\s\w])"
)
_COMPOUND = re.compile(
    r"^\s*(?:async\s+)?(?:def|class|if|elif|else|for|while|try|except|finally|with|match|case)\b"
)
MEANT = (
    ("!=", 1.3), (">=", 1.3), ("<=", 1.3), (">", 1.5), ("<", 1.5), ("+", 1.5), ("-", 1.5),
    ("*", 1.7),
)  # fmt: skip
"""What a lone ``=`` in a condition or beside another one may have been, and its cost."""
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_OPENERS = {v: k for k, v in _PAIRS.items()}
_LOOKALIKES = str.maketrans(
    {"“": '"', "”": '"', "‘": "'", "’": "'", "，": ",", "：": ":", "（": "(", "）": ")", "；": ";",
     "－": "-", "–": "-", "—": "-", "−": "-", "×": "*", "÷": "/", "≤": "<=", "≥": ">=", "≠": "!=",
     "\u00a0": " ", "\u200b": "", "\ufeff": ""}
)  # fmt: skip
_FOREIGN: tuple[tuple[str, str, str], ...] = (
    (r"\belse\s+if\b", "elif", "`else if` is `elif`"),
    (r"\belseif\b|\belsif\b", "elif", "`elseif` is `elif`"),
    (r"&&", " and ", "`&&` is `and`"),
    (r"\|\|", " or ", "`||` is `or`"),
    (r"!(?!=)", "not ", "`!` is `not`"),
    (r"===", "==", "`===` is `==`"),
    (r"!==", "!=", "`!==` is `!=`"),
    (r"=<", "<=", "`=<` is `<=`"),
    (r"=>", ">=", "`=>` is `>=`"),
    (r"=!", "!=", "`=!` is `!=`"),
    (r"<>", "!=", "`<>` is `!=`"),
    (r"=\+", "+=", "`=+` is `+=`"),
    (r"(\w[\w.\[\]]*)\s*\+\+", r"\1 += 1", "`++` is `+= 1`"),
    (r"(\w[\w.\[\]]*)\s*--", r"\1 -= 1", "`--` is `-= 1`"),
    (r"\+\+\s*(\w[\w.\[\]]*)", r"\1 += 1", "`++` is `+= 1`"),
    (r"^(\s*)(?:function|func|fn|void|int|float|double|bool|string|boolean)\s+(?=\w+\s*\()",
     r"\1def ", "a function starts with `def`"),
    (r"^(\s*)(?:public|private|protected|static|final|virtual)\s+", r"\1", "no modifiers"),
    (r"^(\s*)(?:let|var|const|int|float|double|bool|string|String|auto|char|long|boolean)\s+(?=\w+\s*=)",
     r"\1", "no declarations"),
    (r"\bnew\s+(?=\w+\s*\()", "", "no `new`"),
    (r"\$(?=\w)", "", "no `$`"),
    (r"\s*\{\s*$", ":", "a block starts with `:`"),
    (r"\s*\}\s*$", "", "no closing brace"),
    (r";\s*$", "", "no semicolon"),
    (r"^(\s*)(?:catch)\b", r"\1except", "`catch` is `except`"),
    (r"^(\s*)(?:foreach)\b", r"\1for", "`foreach` is `for`"),
    (r"^(\s*)(?:switch)\b", r"\1match", "`switch` is `match`"),
    (r"^(\s*)(?:throw)\b", r"\1raise", "`throw` is `raise`"),
    (r"\bthen\s*:?\s*$", ":", "no `then`"),
    (r"::", ":", "one colon"),
    (r"->\s*$", ":", "no arrow"),
    (r"(?<=[\w)])->(?=\w)", ".", "`->` is `.`"),
    (r"(?<!:)//.*$", "", "a comment starts with `#`"),
    (r"/\*.*?(?:\*/|$)", "", "a comment starts with `#`"),
    (r"^.*?\*/", "", "a comment starts with `#`"),
    (r"<!--.*$", "", "a comment starts with `#`"),
    (r"/\*+|\*+/", "", "no comment marks"),
    (r"^(\s*)(?:'''|\"\"\")\s*(?=\S)|(?:'''|\"\"\")\s*$", r"\1", "no triple quotes"),
    (r"(?<=\d)(?=[A-Za-z_])", "*", "a number does not begin a name"),
    (r"\b\d+(?=[A-Za-z_]\w*\b)", "", "a number does not begin a name"),
    (r"\b(\d+)([A-Za-z_]\w*)", r"\2\1", "a number does not begin a name"),
    (r"^(\s*)return\s*=\s*", r"\1return ", "no `=` after `return`"),
    (r"^(\s*)def\s*(?=\()", r"\1def __init__", "a function has a name"),
)  # fmt: skip


def tokens(line: str) -> list[re.Match[str]]:
    """The words, strings and operators of a line that may be broken."""
    return list(_TOKEN.finditer(line))


def changed(line: str, column: int, message: str) -> Iterator[Edit]:
    """Edits of ``line``; ``column`` (from 1) is where the parser gave up, 0 when elsewhere."""
    plain = line.translate(_LOOKALIKES)
    if plain != line:
        yield 0.5, [plain], "characters that only look right"
    yield from _foreign(line)
    yield from _colon(line)
    yield from _equals(line)
    yield from _brackets(line, message)
    yield from _quotes(line)
    yield from _keywords(line)
    yield from _tokens(line, column)
    indent = line[: len(line) - len(line.lstrip())]
    if line.strip() and not line.lstrip().startswith("#"):
        yield 3.2, [f"{indent}# {line.strip()}"], "this line is a comment"
        yield 3.6, [f"{indent}pass"], "this line says nothing"


def _foreign(line: str) -> Iterator[Edit]:
    for pattern, replacement, note in _FOREIGN:
        new = re.sub(pattern, replacement, line)
        if new != line:
            yield 0.9, [new.rstrip()], note


def without_comment(line: str) -> tuple[str, str]:
    """The line without its comment, and the comment with the space before it."""
    for match in tokens(line):
        if match["comment"]:
            code = line[: match.start()].rstrip()
            return code, line[len(code) :]
    return line.rstrip(), ""


def _colon(line: str) -> Iterator[Edit]:
    code, rest = without_comment(line)
    if re.fullmatch(r"\s*\w+\s*\([\w\s,=*:\[\]]*\)\s*(?:->.*)?:", code):
        new = re.sub(r"^(\s*)", r"\1def ", code, count=1)
        yield 0.8, [new + rest], "a function starts with `def`"
    if not _COMPOUND.match(code) and not re.match(r"\s*\w*\s*\(.*\)$", code):
        return
    if not code.endswith(":"):
        stripped = code.rstrip(" ;,.-=>")
        if _COMPOUND.match(code):
            yield 0.5, [code + ":" + rest], "a colon"
            if stripped != code:
                yield 0.8, [stripped + ":" + rest], "a colon"
        yield 2.5, [re.sub(r"^(\s*)", r"\1def ", code) + ":" + rest], "`def` and a colon"
    for match in tokens(code)[1:]:
        yield 1.9, [code[: match.start()].rstrip() + ": " + code[match.start() :] + rest], "a colon"


def _equals(line: str) -> Iterator[Edit]:
    lone = [m for m in tokens(line) if m["op"] == "="]
    if lone:
        whole = line
        for match in reversed(lone):
            whole = whole[: match.start()] + "==" + whole[match.end() :]
        yield 0.7, [whole], "`=` is `==`"
    for sign, cost in MEANT:
        if lone and re.match(r"\s*(?:el)?if\b|\s*while\b|\s*return\b|\s*assert\b|.*=.*=", line):
            whole = line
            for match in reversed(lone[1:] if re.match(r"\s*[\w.]+\s*=(?!=)", line) else lone):
                whole = whole[: match.start()] + sign + whole[match.end() :]
            yield cost, [whole], f"`=` is `{sign}`"
    if len(lone) > 1:
        for match in lone:
            new = line[: match.start()] + "==" + line[match.end() :]
            yield 0.8, [new], "`=` is `==`"
    for match in tokens(line):
        if match["op"] in ("==", ":="):
            yield 1.4, [line[: match.start()] + "=" + line[match.end() :]], "`==` is `=`"


def balance(line: str) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Brackets of a line that find no partner: openers and closers, with their offsets."""
    stack: list[tuple[int, str]] = []
    closers: list[tuple[int, str]] = []
    for match in tokens(line):
        sign = match["op"]
        if sign in _PAIRS:
            stack.append((match.start(), sign))
        elif sign in _OPENERS:
            if stack and stack[-1][1] == _OPENERS[sign]:
                stack.pop()
            else:
                closers.append((match.start(), sign))
    return stack, closers


def _brackets(line: str, message: str) -> Iterator[Edit]:
    code, rest = without_comment(line)
    openers, closers = balance(code)
    spots = sorted({m.start() for m in tokens(code)} | {m.end() for m in tokens(code)})
    if openers:
        tail = "".join(_PAIRS[sign] for _, sign in reversed(openers))
        ending = re.search(r"(?:\s*->.*)?\s*[:,]?\s*$", code)
        cut = ending.start() if ending else len(code)
        yield 0.5, [code[:cut] + tail + code[cut:] + rest], "a closing bracket"
        if cut != len(code):
            yield 0.9, [code + tail + rest], "a closing bracket"
    for offset, sign in openers:
        for spot in reversed(spots):
            if spot > offset:
                cost = 1.0 + (
                    0.0 if code[spot:].lstrip()[:1] in ("", ":", ",", ")", "]", "=") else 0.4
                )
                if code[spot - 1].isspace():
                    cost += 0.05  # the same, less neat
                yield cost, [code[:spot] + _PAIRS[sign] + code[spot:] + rest], "a closing bracket"
        yield 1.3, [code[:offset] + code[offset + 1 :] + rest], "no opening bracket"
    for offset, sign in closers:
        yield 1.0, [code[:offset] + code[offset + 1 :] + rest], "no closing bracket"
        for spot in spots:
            if spot < offset:
                yield 1.3, [code[:spot] + _OPENERS[sign] + code[spot:] + rest], "an opening bracket"
        for other in _OPENERS:
            if other != sign:
                yield 0.8, [code[:offset] + other + code[offset + 1 :] + rest], "the right bracket"
    if "bracket" in message or "closed" in message or "match" in message:
        for offset, sign in ((m.start(), m["op"]) for m in tokens(code) if m["op"] in _PAIRS):
            for other in _PAIRS:
                if other != sign:
                    yield (
                        1.2,
                        [code[:offset] + other + code[offset + 1 :] + rest],
                        "the right bracket",
                    )
    for match in tokens(code):
        if match["op"] in _OPENERS and not closers:
            yield 1.6, [code[: match.start()] + code[match.end() :] + rest], "no closing bracket"


def _quotes(line: str) -> Iterator[Edit]:
    lonely = [m for m in tokens(line) if m["op"] in ("'", '"')]
    for match in lonely:
        sign = match["op"]
        rest = line[match.end() :]
        tail = re.search(r"[\s)\]}:,;]*$", rest)
        cut = match.end() + (tail.start() if tail else len(rest))
        yield 0.6, [line[:cut] + sign + line[cut:]], "a closing quote"
        for spot in range(len(line.rstrip()), cut, -1):
            yield 0.9, [line[:spot] + sign + line[spot:]], "a closing quote"
        for spot in range(match.end(), cut):
            if not line[spot].isalnum():
                yield 1.1, [line[:spot] + sign + line[spot:]], "a closing quote"
        for other in re.finditer("[\"']", rest):
            if other[0] != sign:
                spot = match.end() + other.start()
                yield 0.55, [line[:spot] + sign + line[spot + 1 :]], "the right closing quote"
        yield 1.0, [line[: match.start()] + line[match.end() :]], "no quote"
        yield 1.7, [line[: match.start()].rstrip()], "no text after the quote"
        yield 1.2, [line[: match.start()] + "#" + line[match.end() :]], "a comment starts with `#`"
        word = re.search(r"[\w.]+\s*$", line[: match.start()])
        if word:
            start = word.start()
            yield 1.2, [line[:start] + sign + line[start:]], "an opening quote"


def _keywords(line: str) -> Iterator[Edit]:
    for match in tokens(line):
        word = match["word"]
        if not word or word in keyword.kwlist or len(word) < 2 or word[0].isdigit():
            continue
        near = process.extract(
            word,
            keyword.kwlist,
            scorer=DamerauLevenshtein.distance,
            limit=2,
            score_cutoff=1 if len(word) < 5 else 2,
        )
        for best, distance, _ in near:
            yield (
                0.7 + 0.3 * distance,
                [line[: match.start()] + best + line[match.end() :]],
                f"`{word}` is `{best}`",
            )


def _tokens(line: str, column: int) -> Iterator[Edit]:
    found = [m for m in tokens(line) if not m["comment"]]
    for match in found:
        near = column and abs(match.start() + 1 - column) <= 12
        extra = 0.0 if near else 0.8
        gone = (line[: match.start()].rstrip() + " " + line[match.end() :].lstrip()).rstrip()
        indent = line[: len(line) - len(line.lstrip())]
        yield 2.2 + extra, [indent + gone.lstrip()], f"no `{match[0][:20]}`"
        if near:
            for sign in (",", " in ", " = ", ".", " == ", " - ", " + ", " * "):
                new = line[: match.start()].rstrip() + sign + line[match.start() :]
                yield 2.0 if sign == "," else 2.6, [new], f"`{sign.strip()}`"
    if column > 1:
        cut = line[: column - 1].rstrip()
        if cut.strip():
            yield 2.8, [cut], "nothing after this"
