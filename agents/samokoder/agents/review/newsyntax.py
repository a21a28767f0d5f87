"""Python of later versions made readable for the parser at hand, every character in its place.

Since 3.12 the braces of an f-string may hold any quotes and backslashes; older parsers refuse the
whole file. The strings inside such braces are rewritten with other quotes to the same length, and
type parameter lists are blanked, so that lines and columns stay what they are.
"""

import ast
import re
import warnings
from typing import Final

_STRING: Final = re.compile(r"([A-Za-z]{0,2})('''|\"\"\"|'|\")")
_PREFIXES: Final = frozenset({"", "r", "u", "b", "br", "rb", "f", "fr", "rf", "t", "tr", "rt"})
_PARAMETERS: Final = re.compile(
    r"^([ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+\w+)(\[[^\]\n]*\])", re.M
)
_WORD: Final = re.compile(r"\w")


def readable(text: str) -> str:
    """The text with newer string syntax written in the older way, of the same length."""
    text = _PARAMETERS.sub(lambda m: m[1] + " " * len(m[2]), text)
    chars = list(text)
    _code(text, chars, 0, "", ())
    return "".join(chars)


def _code(text: str, chars: list[str], at: int, end: str, outer: tuple[str, ...]) -> int:
    """Walk code up to ``end`` ("}" or the text's end); ``outer`` are the delimiters around it."""
    depth = 0
    while at < len(text):
        char = text[at]
        if char == "#" and not outer:
            newline = text.find("\n", at)
            at = len(text) if newline < 0 else newline
        elif char in "'\"" or char.isalpha():
            if char.isalpha() and at and _WORD.match(text[at - 1]):
                at += 1
                continue
            match = _STRING.match(text, at)
            if match and match[1].lower() in _PREFIXES:
                at = _string(text, chars, at, match, outer)
            else:
                at += 1
        elif end and depth == 0 and char in "}:!":
            if char == "!" and text[at + 1 : at + 2] == "=":
                at += 2
                continue
            return at
        else:
            depth += char in "([{"
            depth -= char in ")]}"
            at += 1
    return at


def _string(
    text: str, chars: list[str], at: int, match: re.Match[str], outer: tuple[str, ...]
) -> int:
    prefix, quote = match[1].lower(), match[2]
    start, at = at, match.end()
    formatted = "f" in prefix or "t" in prefix
    while at < len(text) and not text.startswith(quote, at):
        char = text[at]
        if char == "\\":
            at += 2
        elif formatted and char == "{":
            at = at + 2 if text.startswith("{{", at) else _field(text, chars, at, (*outer, quote))
        elif char == "\n" and len(quote) == 1:
            return at
        else:
            at += 1
    end = min(at + len(quote), len(text))
    if outer and not formatted:
        _rewrite(text, chars, start, end, outer)
    elif outer and quote[0] in "".join(outer):
        other = _free(outer)
        if len(quote) == 1 and other:
            chars[match.start(2)] = chars[end - 1] = other
    return end


def _field(text: str, chars: list[str], at: int, outer: tuple[str, ...]) -> int:
    """A replacement field from its brace on, conversion and format included."""
    at = _code(text, chars, at + 1, "}", outer)
    if text.startswith("!", at):
        at += 1
        while at < len(text) and text[at] not in ":}":
            at += 1
    if text.startswith(":", at):
        at += 1
        while at < len(text) and text[at] not in "}\n":
            at = _field(text, chars, at, outer) if text[at] == "{" else at + 1
    return at + 1


def _rewrite(text: str, chars: list[str], start: int, end: int, outer: tuple[str, ...]) -> None:
    literal = text[start:end]
    if not any(q in literal for q in outer) and "\\" not in literal:
        return
    other = _free(outer) or '"'
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = ast.literal_eval(literal)
    except (SyntaxError, ValueError):
        return
    body = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    body = re.sub(r"[\\\r\n{}]", " ", body)
    if other in body or any(len(q) == 1 and q in body for q in outer):
        body = body.replace('"', " ").replace("'", " ")
    mark = "b" if isinstance(value, bytes) else ""
    fresh = f"{mark}{other}{body}{other}"
    if len(fresh) <= end - start and "\n" not in literal:
        chars[start:end] = fresh.ljust(end - start)


def _free(outer: tuple[str, ...]) -> str:
    """A quote that none of the delimiters around uses."""
    used = {q[0] for q in outer if len(q) == 1} or {q[0] for q in outer}
    return next((q for q in "\"'" if q not in used), "")
