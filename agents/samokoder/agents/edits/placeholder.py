"""Secrets a model saw only as placeholders: put back, and out of reach of its edits."""

from collections.abc import Callable, Mapping

from samokoder.agents.edits.applier import Edited, Refused
from samokoder.agents.models.redact import PLACEHOLDER, redact, restore
from samokoder.agents.workspace import diff
from samokoder.agents.workspace import text as texts


def guarded(
    text: str,
    table: Mapping[str, str],
    change: Callable[[str], Edited | Refused],
    *,
    path: str = "",
) -> Edited | Refused:
    """What ``change`` makes of ``text`` as the model saw it, with the secrets of ``table`` back.

    ``table`` maps placeholders to secrets. A change of a line with a placeholder is refused, and
    so is a placeholder where none was: it could carry a secret to another place.
    """
    known = dict(table)
    seen = redact(text, known) if table else text
    result = change(seen)
    if isinstance(result, Refused):
        return result
    before, after = texts.lines(seen), texts.lines(result.text)
    for i, j, k, m in diff.ranges(before, after):
        old = "".join(before[i:j]) if table else ""
        if PLACEHOLDER.search(old) or PLACEHOLDER.search("".join(after[k:m])):
            return Refused("the edit touches a withheld secret; leave such lines as they are", path)
    return Edited(restore(result.text, known) if table else result.text, result.how)
