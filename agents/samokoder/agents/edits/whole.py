"""A whole file as a model returns it, reduced to the lines that really changed."""

import re
from typing import Final

from samokoder.agents.edits import pysource
from samokoder.agents.edits.applier import Edited, Refused
from samokoder.agents.edits.syntax import worse
from samokoder.agents.workspace import diff
from samokoder.agents.workspace import text as texts

_ELISION: Final = re.compile(
    r"\s*(?:#|//|/\*|<!--|--)?\s*(?:\.\.\.|…).*\b(?:rest|existing|unchanged|remaining|same|other)\b"
    r"|\s*(?:#|//|/\*|<!--|--)\s*(?:the )?(?:rest|remaining|existing|other)\b.*\b"
    r"(?:unchanged|same|here|code|remains?)\b.*",
    re.IGNORECASE,
)


def replace_file(
    text: str, answer: str, *, path: str = "", may_drop: bool = False
) -> Edited | Refused:
    """``text`` as the answer has it, keeping the file's line ends and blanks at line ends.

    Refused when the answer leaves something out: a remark in the place of code, or, unless
    ``may_drop``, functions and classes at the top of a Python file.
    """
    lines = texts.lines(text)
    own = [texts.body(line).rstrip() for line in lines]
    new = [texts.body(line) for line in texts.lines(answer)]
    known = set(own)
    left_out = next((x for x in new if x.rstrip() not in known and _ELISION.match(x)), None)
    if left_out is not None and text:
        return Refused(f"the answer leaves out code: {left_out.strip()[:80]}", path)
    end = texts.line_end(text)
    out: list[str] = []
    at = 0
    for i, j, k, m in diff.ranges(own, [line.rstrip() for line in new]):
        out += lines[at:i]
        out += [f"{line}{end}" for line in new[k:m]]
        at = j
    out += lines[at:]
    if lines and lines[-1] == texts.body(lines[-1]) and out:
        out = [x if x != texts.body(x) else x + end for x in out[:-1]] + [texts.body(out[-1])]
    result = "".join(out)
    if result == text:
        return Refused("the answer is the file as it already is", path)
    error = worse(path, text, result)
    if error:
        return Refused(f"with this answer the file cannot be parsed: {error}", path)
    dropped = "" if may_drop else _dropped(path, text, result)
    if dropped:
        return Refused(f"the answer leaves out {dropped}", path)
    return Edited(result, "whole file")


def _dropped(path: str, before: str, after: str) -> str:
    if not path.endswith((".py", ".pyi")):
        return ""
    try:
        old, new = (pysource.names_bound(pysource.parse(text)) for text in (before, after))
        kept = {n for n, s in pysource.definitions(pysource.parse(before)) if "." not in n}
    except (SyntaxError, ValueError):
        return ""
    return ", ".join(sorted((old & kept) - new)[:5])
