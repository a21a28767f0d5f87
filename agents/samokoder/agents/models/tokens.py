"""Counting tokens without the provider's tokenizer."""

import math
from typing import Final

from samokoder.agents.models.model import ChatRequest, Usage

CHARS: Final = 4
"""Characters of one token: the usual figure for English and code."""


def estimate(chars: int) -> int:
    """Tokens that ``chars`` characters take, about."""
    return math.ceil(chars / CHARS)


def usage(request: ChatRequest, answer_chars: int) -> Usage:
    """What a call took when the provider did not say: marked as estimated."""
    return Usage(estimate(request.chars), estimate(answer_chars), estimated=True)
