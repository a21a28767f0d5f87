"""Repairs for complaints of eslint whose own fixer declines, as it does where it may lose a
comment or change what runs. eslint itself proves them afterwards.
"""

import re
from collections.abc import Callable, Iterator

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_STRING = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|`(?:[^`\\]|\\.)*`", re.DOTALL)


def repairs(rule: str, text: str, start: int, end: int, message: str) -> Iterator[str]:
    """New texts for the complaint about ``text[start:end]``, likeliest first."""
    span = text[start:end]

    def put(new: str) -> str:
        return text[:start] + new + text[end:]

    if rule == "no-regex-spaces":
        yield put(re.sub(r" {2,}", lambda m: f" {{{len(m[0])}}}", span))
    elif rule == "arrow-body-style":
        yield from map(put, _expression_body(span))
    elif rule == "eqeqeq":
        yield put(_outside_strings(r"(?<![=!])([=!])=(?!=)", r"\1==", span))
    elif rule == "no-var":
        yield put(re.sub(r"\bvar\b", "let", span, count=1))
    elif rule == "prefer-const":
        yield from _constant(text, start, span)
    elif rule == "prefer-destructuring":
        yield from map(put, _destructured(span))
    elif rule == "operator-assignment":
        yield from map(put, _assignment(span))
    elif rule == "no-implicit-coercion":
        recommended = re.search(r"[`'](.+)[`'] instead|use [`'](.+?)[`']", message)
        if recommended:
            yield put(recommended.group(1) or recommended.group(2))
    elif rule == "yoda":
        yield from map(put, _swapped(span))
    elif rule == "no-else-return":
        yield from _without_else(text, start)
    elif rule in ("no-useless-return", "no-extra-semi", "no-unused-labels", "no-extra-label"):
        yield put("")
    elif rule == "no-undef-init":
        yield put(re.sub(r"\s*=\s*undefined\b", "", span, count=1))
    elif rule == "sort-vars":
        yield from _sorted_declarations(text, start)
    elif rule == "strict" and "Unnecessary" not in message:
        yield "'use strict';\n" + text


def without_comments(text: str, start: int, end: int) -> str:
    """The text with the comments of a range moved before the line where it starts."""
    comments: list[str] = []

    def taken(match: re.Match[str]) -> str:
        comments.append(match[0])
        return " "

    span = _outside_strings(_COMMENT.pattern, taken, text[start:end])
    if not comments:
        return text
    line = text.rfind("\n", 0, start) + 1
    margin = re.match(r"[ \t]*", text[line:])
    indent = margin[0] if margin else ""
    moved = "".join(f"{indent}{comment}\n" for comment in comments)
    return text[:line] + moved + text[line:start] + span + text[end:]


def _outside_strings(pattern: str, new: str | Callable[[re.Match[str]], str], text: str) -> str:
    """``re.sub`` that leaves string literals alone."""
    whole = re.compile(f"({_STRING.pattern})|(?:{pattern})", re.DOTALL)

    def one(match: re.Match[str]) -> str:
        if match[1] is not None:
            return match[0]
        return re.sub(pattern, new, match[0], count=1, flags=re.DOTALL)

    return whole.sub(one, text)


def _expression_body(span: str) -> Iterator[str]:
    """``{ a; return b; }`` as ``(a, b)``; only where every statement is an expression."""
    inner = span.strip()
    if not (inner.startswith("{") and inner.endswith("}")):
        return
    body = _COMMENT.sub("", inner[1:-1])
    statements = [s.strip() for s in re.split(r";|\n", body) if s.strip()]
    if not statements:
        return
    words = r"(?:if|for|while|do|switch|try|throw|var|let|const|function|class|return)\b"
    *before, last = statements
    if any(re.match(words, s) for s in before) or not re.match(r"return\b", last):
        return
    value = last[len("return") :].strip() or "undefined"
    parts = [*before, value]
    yield f"({', '.join(parts)})"


def _constant(text: str, start: int, span: str) -> Iterator[str]:
    """``let x; x = 1;`` as one ``const``; of several in one declaration only this one."""
    name = re.escape(span.split("=")[0].strip())
    bare = re.search(rf"\blet\s+{name}\s*;[ \t]*\n?", text)
    if bare:
        rest = text[: bare.start()] + text[bare.end() :]
        yield re.sub(rf"(?<![\w.$]){name}\s*=(?!=)", f"const {span.strip()} =", rest, count=1)
    line = text.rfind("let", 0, start)
    stop = text.find(";", start)
    if line >= 0 and stop > 0:
        parts = re.split(r",(?![^(\[{]*[)\]}])", text[line + 3 : stop])
        mine = [p for p in parts if re.match(rf"\s*{name}\b", p)]
        others = [p for p in parts if p not in mine]
        if mine and others:
            new = f"const{','.join(mine)}; let{','.join(others)}"
            yield text[:line] + new + text[stop:]
        yield text[:line] + "const" + text[line + 3 :]


def _destructured(span: str) -> Iterator[str]:
    match = re.fullmatch(r"(\w+)\s*=\s*(.+)\[(\d+)\]", span.strip(), re.DOTALL)
    if match:
        yield f"[{',' * int(match[3])}{match[1]}] = {match[2]}"
    match = re.fullmatch(r"(\w+)\s*=\s*(.+)\.(\w+)", span.strip(), re.DOTALL)
    if match:
        inner = match[1] if match[1] == match[3] else f"{match[3]}: {match[1]}"
        yield f"{{{inner}}} = {match[2]}"
        yield f"({{{inner}}} = {match[2]})"
    match = re.fullmatch(r"(\w+)\s*=\s*(.+)\[(['\"][^'\"]+['\"]|\w+)\]", span.strip(), re.DOTALL)
    if match:
        key = match[3] if match[3][0] in "'\"" else f"[{match[3]}]"
        yield f"{{{key}: {match[1]}}} = {match[2]}"
        yield f"({{{key}: {match[1]}}} = {match[2]})"


def _assignment(span: str) -> Iterator[str]:
    sign = r"(\*\*|<<|>>>|>>|[-+*/%&|^]|\?\?|&&|\|\|)"
    short = re.fullmatch(rf"(.+?)\s*{sign}=\s*(.+?);?", span.strip(), re.DOTALL)
    if short and not short[1].endswith("="):
        value = short[3] if re.fullmatch(r"[\w.$]+|\(.*\)", short[3]) else f"({short[3]})"
        yield f"{short[1]} = {short[1]} {short[2]} {value}"
    long = re.fullmatch(rf"(.+?)\s*=\s*(.+?)\s*{sign}\s*(.+?);?", span.strip(), re.DOTALL)
    if long and long[4].strip("() ") == long[1].strip():
        yield f"{long[1]} {long[3]}= {long[2]}"
    elif long and long[2].strip("() ") == long[1].strip():
        yield f"{long[1]} {long[3]}= {long[4]}"


def _swapped(span: str) -> Iterator[str]:
    turned = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
    match = re.fullmatch(r"(.+?)\s*(===|!==|==|!=|<=|>=|<|>)\s*(.+)", span.strip(), re.DOTALL)
    if match:
        yield f"{match[3]} {turned.get(match[2], match[2])} {match[1]}"


def _without_else(text: str, start: int) -> Iterator[str]:
    """The block of an ``else`` after a ``return`` stands on its own."""
    at = text.rfind("else", 0, start + 4)
    opened = text.find("{", at) if at >= 0 else -1
    if opened < 0 or text[at + 4 : opened].strip():
        if at >= 0:
            yield text[:at] + text[at + 4 :].lstrip()
        return
    depth = 0
    for i in range(opened, len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if not depth:
            yield text[:at] + text[opened + 1 : i] + text[i + 1 :]
            yield text[:at] + text[opened : i + 1] + text[i + 1 :]
            return


def _sorted_declarations(text: str, start: int) -> Iterator[str]:
    words = list(re.finditer(r"\b(?:var|let|const)\s+", text[: start + 1]))
    stop = text.find(";", start)
    stop = len(text) if stop < 0 else stop
    if words:
        head = words[-1].end()
        parts = [p.strip() for p in re.split(r",(?![^(\[{]*[)\]}])", text[head:stop])]
        for key in (str, str.lower):
            yield text[:head] + ", ".join(sorted(parts, key=key)) + text[stop:]
