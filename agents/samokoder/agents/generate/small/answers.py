"""The code in a small model's answer."""

import re

_FENCE = re.compile(r"```(?:python|py)?[^\n]*\n(.*?)(?:^```|\Z)", re.DOTALL | re.MULTILINE)


def code(answer: str) -> str:
    """The largest fenced block, else the whole answer."""
    found = _FENCE.findall(answer)
    return str(max(found, key=len)) if found else answer
