"""Requests that a server answered with an error of its own, read from its access log."""

import re
from dataclasses import dataclass

_METHOD = r"(?P<method>GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)"
_SHAPES = tuple(
    re.compile(shape)
    for shape in (
        # 127.0.0.1 - - [..] "GET /cart HTTP/1.1" 500 -
        rf"\"{_METHOD} (?P<path>\S+)(?: HTTP/[\d.]+)?\"\s+(?P<status>5\d\d)\b",
        # GET /cart 500 12.3 ms
        rf"\b{_METHOD} (?P<path>/\S*)\s+(?:-> |=> |→ )?(?P<status>5\d\d)\b",
        # 500 GET /cart
        rf"\b(?P<status>5\d\d) {_METHOD} (?P<path>/\S*)",
    )
)


@dataclass(frozen=True, slots=True)
class Failed:
    """One request and the status it was answered with; ``path`` has no query."""

    method: str
    path: str
    status: int


def failed(line: str) -> Failed | None:
    """The request a line tells of, when its answer was 5xx."""
    for shape in _SHAPES:
        match = shape.search(line)
        if match:
            return Failed(match["method"], match["path"].partition("?")[0], int(match["status"]))
    return None
