"""What a preview's logs say is wrong now: it appears, and goes when its cause is gone.

Problems stay until the program starts anew, or until the file they point into reaches the
container changed; what is still wrong then prints itself again.
"""

import re
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace

from samokoder.agents.checks.ansi import plain
from samokoder.agents.checks.check import Problem
from samokoder.agents.checks.parse import PARSERS
from samokoder.agents.checks.parse.recognition import kinds_in, unprefixed
from samokoder.agents.checks.places import Places
from samokoder.agents.preview.logs import requests, routes
from samokoder.agents.preview.logs.bundlers import bundler_problems
from samokoder.agents.preview.spec import LogLine

WINDOW = 300
"""Lines of one service that are read together, so that a trace is not cut in two."""
MOST = 100
"""Problems of one preview; the oldest go first."""

_SERVED = re.compile(
    r"^(?:\d{4}/\d\d/\d\d \d\d:\d\d:\d\d )?http: panic serving \S+: (.+)$", re.MULTILINE
)

Routes = Callable[[], Iterable[routes.Route]]


def no_routes() -> Iterable[routes.Route]:
    """For a program whose routes are not known."""
    return ()


@dataclass
class Board:
    """The problems of one preview. ``places`` maps the container's paths, by service."""

    places: Callable[[str], Places]
    routes: Routes = no_routes
    _windows: dict[str, deque[str]] = field(default_factory=dict)
    _problems: dict[tuple[str, str, int, str], Problem] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong now, the first one first."""
        return tuple(self._problems.values())

    def take(self, lines: Iterable[LogLine]) -> bool:
        """Read more lines; whether the problems changed."""
        before = dict(self._problems)
        by_service: dict[str, list[str]] = {}
        for line in lines:
            by_service.setdefault(line.service, []).append(line.text)
        for service, new in by_service.items():
            window = self._windows.setdefault(service, deque(maxlen=WINDOW))
            for start in range(0, len(new), WINDOW // 2):
                window.extend(new[start : start + WINDOW // 2])
                self._read(service, list(window))
        for key in list(self._problems)[:-MOST]:
            del self._problems[key]
        return self._problems != before

    def restarted(self, service: str = "") -> bool:
        """The program begins anew: what it said before is over. Whether anything was shown."""
        self._windows.pop(service, None)
        return self._drop(lambda key: key[0] == service)

    def changed(self, paths: Collection[str]) -> bool:
        """These files reached the container changed; whether a problem of theirs was shown."""
        self._windows.clear()
        return self._drop(lambda key: key[1] in paths)

    def _drop(self, gone: Callable[[tuple[str, str, int, str]], bool]) -> bool:
        keys = [key for key in self._problems if gone(key)]
        for key in keys:
            del self._problems[key]
        return bool(keys)

    def _read(self, service: str, lines: list[str]) -> None:
        places = self.places(service)
        # Go's own server catches a panic and tells it in its own words
        text = _SERVED.sub(r"panic: \1", unprefixed(plain("\n".join(lines))))
        found = [p for kind in kinds_in(text) for p in PARSERS[kind](text, places).problems]
        found += bundler_problems(text, places)
        for problem in found or self._unanswered(text):
            self._put(service, problem)

    def _unanswered(self, text: str) -> list[Problem]:
        """Requests that failed and left no trace: at the route that answers them."""
        found = []
        for line in text.split("\n"):
            request = requests.failed(line)
            route = routes.find(self.routes(), request.path) if request else None
            if request and route:
                said = f"{request.method} {request.path} was answered with {request.status}"
                found.append(Problem(route.path, route.line, said, source="http"))
        return found

    def _put(self, service: str, problem: Problem) -> None:
        shown = replace(problem, source=problem.source or "preview")
        self._problems[(service, problem.path, problem.line, problem.message)] = shown
