"""Broken projects with the place that is wrong: previewed and mended over a real LSP session."""

import tomllib
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import toolchains
from editor import Editor, Refused

CASES = Path(__file__).resolve().parents[1] / "scenarios/preview/broken"
SECONDS = 25.0
"""How long the diagnostic may take on a busy machine."""
_FIX = "Fix with Samokoder"


@dataclass(frozen=True)
class Case:
    """``at`` is the place, "" where none is known; ``fix``: a rung without a model proves it."""

    name: str
    what: str
    image: str
    at: str = ""
    ask: str = ""
    cause: str = ""
    fix: bool = False
    preview: dict[str, Any] = field(default_factory=dict)


@dataclass
class Seen:
    """What came of a case. ``shown`` are the places with diagnostics, with what they say."""

    shown: dict[str, str] = field(default_factory=dict)
    cause: str = ""
    said: str = ""
    verdict: str = ""
    """Of the fix, where one was asked for."""
    healthy: bool = False
    """Whether the preview answered after the fix, and nothing was shown any more."""


def cases() -> list[Case]:
    """All of them, by their names."""
    return [
        Case(path.parent.name, **tomllib.loads(path.read_text()))
        for path in sorted(CASES.glob("*/case.toml"))
    ]


def right(case: Case, seen: Seen) -> bool:
    """Whether the diagnostic stands at the place; without one, whether the cause is told."""
    return case.at in seen.shown if case.at else bool(case.cause) and case.cause == seen.cause


def play(case: Case, root: Path) -> Seen:
    """Preview the project, look at its diagnostics, mend it. Raises toolchains.Missing."""
    image = toolchains.image(case.image)
    _copied(case, root, image)
    editor = Editor(root, opens=False)
    seen = Seen()
    try:
        url = _previewed(editor, seen)
        _look(editor, case, url, root, seen)
        if case.fix and case.at in seen.shown:
            _mend(editor, case, url, root, seen)
    finally:
        editor.command("stop")
        editor.close()
    return seen


def _copied(case: Case, root: Path, image: str) -> None:
    source = CASES / case.name / "project"
    for path in sorted(source.rglob("*")):
        if path.is_file():
            target = root / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    kind = {"cc": "c"}.get(case.image, case.image)
    values = {f"{kind}_image": image, "pull": False, "start_seconds": 15, **case.preview}
    lines = [f"{name} = {_toml(value)}" for name, value in values.items()]
    (root / "samokoder.toml").write_text("\n".join(["[preview]", *lines, ""]))


def _toml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool | int) else f'"{value}"'


def _previewed(editor: Editor, seen: Seen) -> str:
    try:
        status = editor.command("start")
    except Refused as error:
        seen.said = str(error)
        ended = editor.command("status", all=True)["previews"]
        seen.cause = ended[0]["cause"] if ended else ""
        return ""
    return str(status["url"])


def _look(editor: Editor, case: Case, url: str, root: Path, seen: Seen) -> None:
    if url and case.ask:
        _status(url + case.ask.lstrip("/"))
    try:
        editor.until(lambda: bool(_places(editor, root)), SECONDS if case.at else 2.0)
    except AssertionError:
        return
    seen.shown = _places(editor, root)
    if url:
        seen.cause = editor.command("status")["previews"][0]["cause"]


def _mend(editor: Editor, case: Case, url: str, root: Path, seen: Seen) -> None:
    """Through the code action on the diagnostic, as a user would."""
    path, _, line = case.at.rpartition(":")
    uri = (root / path).as_uri()
    (diagnostic, *_) = [
        one for one in editor.shown[uri] if one["range"]["start"]["line"] == int(line) - 1
    ]
    params = {
        "textDocument": {"uri": uri},
        "range": diagnostic["range"],
        "context": {"diagnostics": [diagnostic]},
    }
    actions = editor.call("textDocument/codeAction", params)
    command = next(one for one in actions if one["title"].startswith(_FIX))
    command = command if isinstance(command["command"], str) else command["command"]
    try:
        answer = editor.execute(command["command"], command["arguments"][0])
    except Refused as error:
        seen.verdict = str(error)
        return
    seen.verdict = f"{answer['verdict']} {answer.get('rung', '')}".strip()
    if not answer.get("applied"):
        seen.verdict += f": {answer.get('reason', '')}"
        return
    if not url:
        url = str(editor.command("start")["url"])

    def healthy() -> bool:
        return _status(url + case.ask.lstrip("/")) == 200 and not _places(editor, root)

    editor.until(healthy, SECONDS)
    seen.healthy = True


def _places(editor: Editor, root: Path) -> dict[str, str]:
    found = {}
    for uri, diagnostics in editor.shown.items():
        path = uri.removeprefix(root.as_uri()).lstrip("/")
        for one in diagnostics:
            if path != "samokoder.toml":
                found[f"{path}:{one['range']['start']['line'] + 1}"] = str(one["message"])
    return found


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except (OSError, ValueError):
        return 0
