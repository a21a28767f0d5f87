"""pytest's own report, in every traceback style: sections, summary lines, verbose lines."""

import re
from dataclasses import dataclass, field

from samokoder.agents.checks.check import Problem
from samokoder.agents.checks.parse.parsed import Parsed, parsed
from samokoder.agents.checks.parse.python import parse_python, problem_of
from samokoder.agents.checks.places import Places

_BANNER = re.compile(r"^={3,} (?P<title>.+?) ={3,}$")
_SECTION = re.compile(r"^_{3,} (?P<title>.+?) _{3,}$")
_CAPTURED = re.compile(r"^-{3,} Captured .+ -{3,}$")
_PLACE = re.compile(r"^(?P<path>\S.*?\.\w+):(?P<line>\d+):(?: (?P<what>.*))?$")
_FILE = re.compile(r'^(?:E\s+)?\s*(?:File "|file )(?P<path>[^",]+)"?, line (?P<line>\d+)')
_SUMMARY = re.compile(
    r"^(?P<word>FAILED|ERROR|PASSED|XPASS) (?P<id>\S+?\.\w+(?:::.*?)?)(?: - (?P<why>.*))?$"
)
_VERBOSE = re.compile(
    r"^(?P<id>\S+\.\w+::.+?) (?P<word>PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)\b.*$"
)
_CONFTEST = "ImportError while loading conftest"
_WHEN = re.compile(r"^ERROR (?:at (?:setup|teardown) of|collecting) (?P<name>.+)$")
_ERROR = re.compile(
    r"^(?P<type>[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Warning|Failure)"
    r"|Failed|[a-z_]\w*\.[\w.]+)(?:: (?P<message>.*))?$"
)
_LINE_STYLE = re.compile(r"^(?P<path>\S.*?\.py):(?P<line>\d+): (?P<what>\S.*)$")


@dataclass
class _Section:
    """One failing test or module, as it is described between two rules."""

    title: str
    lines: list[str] = field(default_factory=list)


def parse_pytest(text: str, places: Places) -> Parsed:
    """One problem per failing test, at the innermost frame of the user."""
    failed, passed, skipped, why = _ids(text, places)
    problems: list[Problem] = []
    told: set[str] = set()
    for section in _sections(text):
        test = _test_of(section.title, failed, told)
        problem = _problem(section, test, places)
        if problem is not None:
            told.add(test)
            problems.append(problem)
    if not problems and _CONFTEST in text:
        problem = _problem(_Section("", text.partition(_CONFTEST)[2].split("\n")), "", places)
        problems += [problem] if problem is not None else []
    problems += _line_style(text, places) if not problems else []
    for test in failed if not problems else ():
        path = test.split("::")[0]
        problems.append(Problem(path, 1, why.get(test) or "failed", source="pytest", test=test))
    if not problems:
        problems += parse_python(text.replace("INTERNALERROR> ", ""), places).problems
    return parsed(problems, failed, (t for t in passed if t not in failed), skipped)


def _ids(text: str, places: Places) -> tuple[list[str], list[str], list[str], dict[str, str]]:
    failed: list[str] = []
    passed: list[str] = []
    skipped: list[str] = []
    why: dict[str, str] = {}
    for line in text.split("\n"):
        match = _SUMMARY.match(line) or _VERBOSE.match(line)
        if match is None:
            continue
        raw, _, rest = match["id"].partition("::")
        path = places.locate(raw)
        if path is None:
            continue
        test = f"{path}::{rest}" if rest else path
        if match["word"] in ("FAILED", "ERROR"):
            failed.append(test)
            why[test] = match.groupdict().get("why") or why.get(test, "")
        elif match["word"] in ("SKIPPED", "XFAIL"):
            skipped.append(test)
        else:
            passed.append(test)
    return list(dict.fromkeys(failed)), passed, skipped, why


def _sections(text: str) -> list[_Section]:
    """The descriptions below the FAILURES and ERRORS banners, without captured output."""
    found: list[_Section] = []
    inside = captured = False
    for line in text.split("\n"):
        banner, title = _BANNER.match(line), _SECTION.match(line)
        if banner is not None:
            inside, captured = banner["title"] in ("FAILURES", "ERRORS"), False
        elif inside and title is not None and not set(title["title"]) <= {"_", " "}:
            found.append(_Section(title["title"]))
            captured = False
        elif inside and found:
            captured = captured or _CAPTURED.match(line) is not None
            if not captured:
                found[-1].lines.append(line)
    return found


def _test_of(title: str, failed: list[str], told: set[str]) -> str:
    """The id of the test a section is about, as far as the summary names it."""
    when = _WHEN.match(title)
    name = when["name"] if when is not None else title
    fits = [
        test
        for test in failed
        if test == name or test.partition("::")[2].replace("::", ".") == name
    ]
    fresh = [test for test in fits if test not in told]
    return (fresh or fits or [""])[0]


def _problem(section: _Section, test: str, places: Places) -> Problem | None:
    frames: list[tuple[str, int, str]] = []
    error, message = "", []
    for line in section.lines:
        place, file = _PLACE.match(line), _FILE.match(line)
        if place is not None:
            frames.append((place["path"], int(place["line"]), ""))
            what = place["what"] or ""
            error = error or (what if what and not what.startswith("in ") else "")
        elif file is not None:
            frames.append((file["path"], int(file["line"]), ""))
        if line.startswith("E   "):
            message.append(line[1:].strip())
    kind, said = _error(message)
    kind = kind or error or "failed"
    return problem_of(frames, kind, said, places, source="pytest", test=test)


def _error(lines: list[str]) -> tuple[str, str]:
    """The type and message of the last error described by the lines that pytest marks with E."""
    starts = [i for i, line in enumerate(lines) if _ERROR.match(line)]
    if not starts:
        return "", "\n".join(lines[:8])
    match = _ERROR.match(lines[starts[-1]])
    kind = match["type"].rpartition(".")[2] if match is not None else ""
    first = (match["message"] if match is not None else "") or ""
    return kind, "\n".join([first, *lines[starts[-1] + 1 :][:8]]).strip()


def _line_style(text: str, places: Places) -> list[Problem]:
    """``--tb=line``: one line per failure below the banner."""
    problems, inside = [], False
    for line in text.split("\n"):
        banner = _BANNER.match(line)
        if banner is not None:
            inside = banner["title"] in ("FAILURES", "ERRORS")
        match = _LINE_STYLE.match(line) if inside else None
        path = places.locate(match["path"]) if match is not None else None
        if match is not None and path is not None:
            problems.append(Problem(path, int(match["line"]), match["what"], source="pytest"))
    return problems
