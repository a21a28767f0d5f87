"""The port a program listens on, read from its text: a guess that the user can correct."""

import re
import shlex

_NUMBER = r"(\d{2,5})"
_CODE = tuple(
    re.compile(pattern)
    for pattern in (
        # the default of an environment variable: os.environ.get("PORT", 8000), env.PORT || 3000
        rf"PORT[\"']?\s*\]?\)?\s*(?:,|\|\||\?\?|or)\s*[\"']?{_NUMBER}",
        # an address: ("0.0.0.0", 8000), "0.0.0.0:8000", ":8080"
        rf"\(\s*[\"'][\w.:]*[\"']\s*,\s*{_NUMBER}\s*\)",
        rf"[\"'](?:0\.0\.0\.0|127\.0\.0\.1|localhost|\[::\])?:{_NUMBER}[\"']",
        # a name: port=8000, port: 3000, const port = 3000, PORT = 8000
        rf"\b[\w.]*port\b[\"']?\s*(?::\s*\w+\s*)?[:=]\s*[\"']?{_NUMBER}",
        rf"\.listen\(\s*{_NUMBER}",
        rf"htons\(\s*{_NUMBER}\s*\)",
    )
)
_NAMED = re.compile(rf"(?:--?(?:[\w.]*port|p|b|bind|listen|address)[= ]|:){_NUMBER}\b")
_LOCAL = re.compile(
    r"[\"'](?:127\.0\.0\.1|localhost)[\"']\s*[,:)]|[\"'](?:127\.0\.0\.1|localhost):\d"
)
_READS_PORT = re.compile(r"\bPORT\b")
HIGHEST = 65535


def port_in_code(text: str) -> int:
    """The port named first by the strongest sign; 0 when there is none."""
    for pattern in _CODE:
        for match in pattern.finditer(_without_comments(text)):
            if 0 < int(match[1]) <= HIGHEST:
                return int(match[1])
    return 0


def lines_with(text: str, port: int) -> tuple[int, ...]:
    """The lines that name this port as one does where a program listens; they count from 1."""
    return tuple(
        number
        for number, line in enumerate(text.splitlines(), 1)
        if any(
            int(match[1]) == port
            for shape in _CODE
            for match in shape.finditer(_without_comments(line))
        )
    )


def local_lines(text: str) -> tuple[int, ...]:
    """The lines that name the loopback address as one to listen on."""
    lines = enumerate(text.splitlines(), 1)
    return tuple(number for number, line in lines if _LOCAL.search(_without_comments(line)))


def port_in_command(command: str) -> int:
    """The port an option or an address of a command line names; 0 when there is none."""
    for match in _NAMED.finditer(command):
        if 0 < int(match[1]) <= HIGHEST:
            return int(match[1])
    words = _words(command)
    if "http.server" in words:
        after = words[words.index("http.server") + 1 :]
        return next((int(word) for word in after if word.isdigit()), 8000)
    return 0


def reads_port(text: str) -> bool:
    """Whether the program asks its environment for ``PORT``."""
    return bool(_READS_PORT.search(text))


def only_local(text: str) -> bool:
    """Whether it seems to listen on the loopback address only, which nobody outside can reach."""
    return bool(_LOCAL.search(text)) and "0.0.0.0" not in text


def _without_comments(text: str) -> str:
    return re.sub(r"(?m)(?:^|\s)(?:#|//).*$", "", text)


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()
