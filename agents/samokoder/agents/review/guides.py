"""The project's own rules for those who work on it, read as rules of a review.

In the review of a change the rules are those from before it: a change does not set its own rules.
"""

from pathlib import PurePosixPath

from samokoder.agents.workspace import text as texts
from samokoder.agents.workspace.snapshot import Snapshot

_NAMES = ("AGENTS.md", "AGENT.md", "CLAUDE.md", "GEMINI.md", ".cursorrules", "CONTRIBUTING.md")
_FIXED = (".github/copilot-instructions.md",)
_EACH = 3000
"""Characters of one file."""
_ALL = 6000


async def rules(snapshot: Snapshot, paths: list[str]) -> dict[str, str]:
    """Rule files that hold for these paths, by path, the nearest to the root first."""
    folders = {parent for path in paths for parent in PurePosixPath(path).parents}
    wanted = [(folder / name).as_posix() for folder in sorted(folders, key=str) for name in _NAMES]
    found: dict[str, str] = {}
    left = _ALL
    for path in (*wanted, *_FIXED):
        if path not in snapshot.files or left <= 0:
            continue
        try:
            text = texts.decode(await snapshot.read(path)).text
        except texts.NotText:
            continue
        found[path] = text[: min(_EACH, left)]
        left -= len(found[path])
    return found


def quoted(rule: str, rules: dict[str, str]) -> str:
    """The rule with its file when it really stands there; empty when it does not."""
    wanted = _bare(rule)
    if len(wanted) < 8:
        return ""
    for path, text in rules.items():
        if wanted in _bare(text):
            return f"{path}: {' '.join(rule.split())}"
    return ""


def _bare(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split())
