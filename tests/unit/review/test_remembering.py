"""A source that judges files alone is asked only about those that changed (R9)."""

from dataclasses import dataclass, field
from pathlib import Path

from sourcing import Words

from samokoder.agents.review.finding import Finding
from samokoder.agents.review.remembering import Remembered
from samokoder.agents.review.source import Scope
from samokoder.agents.workspace.capture import Tree
from samokoder.agents.workspace.snapshot import Snapshot


@dataclass(frozen=True)
class Counted:
    """Words, and what was asked."""

    name: str = "counted"
    asked: list[list[str]] = field(default_factory=list)

    async def findings(self, snapshot: Snapshot, scope: Scope) -> tuple[Finding, ...]:
        self.asked.append(sorted(scope.files))
        return await Words("BUG").findings(snapshot, scope)


async def test_only_what_changed_is_asked_about(tmp_path: Path) -> None:
    source = Counted(str(tmp_path))
    held = Remembered(source)
    scope = Scope({"a.py": None, "b.py": None, "c.py": None})

    async def found(scope: Scope) -> list[tuple[str, int]]:
        return [
            (f.path, f.line) for f in await held.findings(await Tree(tmp_path).capture(), scope)
        ]

    for name in ("a.py", "b.py", "c.py"):
        (tmp_path / name).write_text("x = 'BUG'\n")
    first = await found(scope)
    assert first == [("a.py", 1), ("b.py", 1), ("c.py", 1)]
    assert await found(scope) == first
    (tmp_path / "b.py").write_text("\nx = 'BUG'\n")
    assert await found(scope) == [("a.py", 1), ("b.py", 2), ("c.py", 1)]
    (tmp_path / "b.py").write_text("y = 1\n")
    assert await found(scope) == [("a.py", 1), ("c.py", 1)]
    assert await found(Scope({"a.py": ((2, 2),)})) == [], "other lines are another question"
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\n")
    await found(scope)
    assert source.asked == [
        ["a.py", "b.py", "c.py"],
        ["b.py"],
        ["b.py"],
        ["a.py"],
        ["a.py", "b.py", "c.py"],
    ]
