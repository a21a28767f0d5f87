"""Where a failed start is to be mended: what no trace tells, from its cause and the sources."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from samokoder.agents.checks.check import Problem
from samokoder.agents.errors import PreviewFailed
from samokoder.agents.preview.detect import dockerfile, ports
from samokoder.agents.preview.logs import routes
from samokoder.agents.preview.spec import Cause, LogLine, PreviewSpec, Source

SOURCE = "preview"
_STEP = re.compile(r"^Step (\d+)/\d+ : ")
_PACKAGE = (
    # pip
    re.compile(r"No matching distribution found for ([A-Za-z0-9][\w.-]*)"),
    re.compile(r"satisfies the requirement ([A-Za-z0-9][\w.-]*)"),
    re.compile(r"Invalid requirement: '?([^\s'=<>!~;]+)"),
    # npm
    re.compile(r"No matching version found for (@?[^@\s]+)@"),
    re.compile(r"404\s+'?(@?[^@'\s/]+(?:/[^@'\s]+)?)@[^']*' is not in this registry"),
    re.compile(r"404 Not Found - GET \S+?/(@[^/\s]+(?:/|%2[fF])[^/\s]+|[^/\s]+)(?:/-/\S+)?(?: |$)"),
    # go
    re.compile(r"^go: ([\w./-]+\.[\w./-]+)@v?\S+: "),
)
_MANIFESTS = ("requirements.txt", "pyproject.toml", "package.json", "go.mod", "Cargo.toml")
_HANGS = ("Fatal Python error: Aborted", "SIGABRT: abort")


def of_failure(
    error: PreviewFailed, spec: PreviewSpec, lines: Iterable[LogLine], texts: Mapping[str, str]
) -> tuple[Problem, ...]:
    """Problems at the lines that cause it; nothing where no line can be named.

    ``texts`` are the files by their place below the project's folder.
    """
    match error.cause:
        case Cause.WRONG_PORT:
            found = _listening(error.listens, spec, texts)
        case Cause.BUILD_FAILED if spec.dockerfile:
            found = _step(spec, lines, texts)
        case Cause.INSTALL_FAILED:
            found = _package(lines, texts)
        case Cause.UNHEALTHY:
            route = routes.find(routes.routes_in(texts), spec.health.path)
            found = (route.path, route.line) if route else None
        case _:
            found = None
    if found is None:
        return ()
    return (Problem(*found, error.detail, source=SOURCE, rule=error.cause),)


def told(problem: Problem, error: PreviewFailed) -> Problem:
    """A place where a program hung, which says so itself in words that mislead."""
    if error.cause == Cause.SILENT and problem.message.startswith(_HANGS):
        message = f"{error.detail}: the program is still here"
        return replace(problem, message=message, source=SOURCE, rule=error.cause)
    return problem


def _listening(listens: str, spec: PreviewSpec, texts: Mapping[str, str]) -> tuple[str, int] | None:
    """The line that names the port it listens on, or the address only it can reach."""
    port = int(listens.rpartition(":")[2] or 0)
    local = port == spec.port
    for path in sorted(texts, key=lambda place: (place != spec.origin, place)):
        lines = ports.local_lines(texts[path]) if local else ports.lines_with(texts[path], port)
        if lines:
            return path, lines[0]
    return None


def _step(
    spec: PreviewSpec, lines: Iterable[LogLine], texts: Mapping[str, str]
) -> tuple[str, int] | None:
    """The instruction that was the last to begin."""
    begun = [m for one in lines if one.source is Source.BUILD and (m := _STEP.match(one.text))]
    place = spec.dockerfile.removeprefix(f"{spec.folder}/") if spec.folder else spec.dockerfile
    known = dockerfile.steps(texts.get(place, ""))
    number = int(begun[-1][1]) if begun else 1
    return (place, known[number - 1]) if number <= len(known) else None


def _package(lines: Iterable[LogLine], texts: Mapping[str, str]) -> tuple[str, int] | None:
    """The line that asks for the package that cannot be had."""
    for one in lines:
        for shape in _PACKAGE:
            match = shape.search(one.text)
            if match is None:
                continue
            name = match[1].replace("%2f", "/").replace("%2F", "/")
            wanted = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", re.IGNORECASE)
            for path in texts:
                if path.rpartition("/")[2] in _MANIFESTS:
                    for number, line in enumerate(texts[path].splitlines(), 1):
                        if wanted.search(line) and not line.lstrip().startswith(("#", "//", "-")):
                            return path, number
    return None
