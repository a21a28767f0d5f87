"""The answers people are offered again and again, the same in every face."""

from typing import Final

ALWAYS: Final = "Always in this workspace"
ONCE: Final = "Only now"
NO: Final = "No"
