"""Briefs as data: an existing project or none, what a scripted model answers, the golden tree."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCENARIOS = Path(__file__).parents[2] / "scenarios" / "generate"
NAMES = tuple(sorted(p.parent.name for p in SCENARIOS.glob("*/scenario.toml")))
ACCEPT = json.dumps({"verdicts": [{"hunk": n, "verdict": "accept"} for n in range(1, 41)]})
KEPT = (".samokoder", "__pycache__", ".pytest_cache", ".ruff_cache", "node_modules", ".git")


@dataclass(frozen=True)
class Brief:
    """One scenario. ``args`` are further arguments of the command."""

    name: str
    text: str
    rules: tuple[Mapping[str, Any], ...]
    args: Mapping[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return SCENARIOS / self.name

    def lay(self, root: Path) -> None:
        """Make the workspace as it is before."""
        root.mkdir(exist_ok=True)
        for name, text in archive(self.folder / "before.txt").items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def script(self, path: Path, **more: Any) -> Path:
        """Write the model's script."""
        path.write_text(json.dumps({"rules": self.rules, **more}))
        return path

    @property
    def golden(self) -> dict[str, str]:
        return archive(self.folder / "after.txt")


def tree(root: Path) -> dict[str, str]:
    """The text of every file but the plan and what tools leave behind."""
    return {
        p.relative_to(root).as_posix(): p.read_text()
        for p in sorted(root.rglob("*"))
        if p.is_file() and not set(p.relative_to(root).parts) & set(KEPT)
    }


def archive(path: Path) -> dict[str, str]:
    """Files by path, out of one text with a line `-- path --` before each; none without it."""
    if not path.is_file():
        return {}
    parts = re.split(r"^-- (.+) --\n", path.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def brief(name: str) -> Brief:
    """Read a scenario."""
    data = tomllib.loads((SCENARIOS / name / "scenario.toml").read_text())
    return Brief(name, data["brief"], tuple(_rules(name, data)), data.get("args", {}))


def _rules(name: str, data: Mapping[str, Any]) -> list[dict[str, Any]]:
    golden = archive(SCENARIOS / name / "after.txt")
    rules: list[dict[str, Any]] = list(data.get("rules", []))
    rules.append({"match": "You write specifications", "answer": json.dumps(data["spec"])})
    rules.append({"match": "You are a software architect", "answer": json.dumps(data["design"])})
    rules.append({"match": "You are a tech lead", "answer": json.dumps({"tasks": data["tasks"]})})
    rules.append({"match": "You review changes, hunk by hunk", "answer": ACCEPT})
    answers = data.get("answers", {})
    for task in data["tasks"]:
        for work in task["works"]:
            path = work.get("to") or work["path"]
            asked = rf"^(?:Write|Change) {path.replace('.', '[.]')}:"
            answer = answers.get(path)
            if answer is None and path in golden:
                answer = fenced(golden[path])
            if answer is not None:
                many = {"answers": answer} if isinstance(answer, list) else {"answer": answer}
                rules.append({"regex": asked, **many})
    document = data.get("document")
    if document is None and "README.md" in golden:
        document = f"README.md\n{fenced(golden['README.md'], '~~~~')}"
    rules.append({"match": "You are a technical writer", "answer": document or "NO CHANGE"})
    return rules


def fenced(text: str, mark: str = "```") -> str:
    """A whole file as a model answers it."""
    return f"{mark}\n{text}{mark}\n"
