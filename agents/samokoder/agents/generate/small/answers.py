"""The code in a small model's answer."""

import re

_FENCE = re.compile(r"```(?:python|py)?[^\n]*\n(.*?)(?:^```|\Z)", re.DOTALL | re.MULTILINE)


def code(answer: str) -> str:
    """The largest fenced block, else the whole answer."""
    found = _FENCE.findall(answer)
    return str(max(found, key=len)) if found else answer


def joined(begun: str, answer: str) -> str:
    """The whole answer: a model that does not go on from what was begun starts it anew."""
    fenced = begun.strip() and answer.lstrip().startswith("```")
    if fenced or answer.startswith(begun):
        return answer
    last = begun.rpartition("\n")[2]
    if last and answer.lstrip().startswith(last.split()[0] + " "):
        return begun[: -len(last)] + answer.lstrip()
    return begun + answer
