"""Tests that are there before the code: which file they ask for, and what it holds so far."""

import ast
import re
from dataclasses import dataclass

from anyio import to_thread

from samokoder.agents.context.tags import is_test
from samokoder.agents.generate.plan import Action, Work
from samokoder.agents.generate.project import text_of
from samokoder.agents.workspace.snapshot import Snapshot

_LARGEST = 4000
"""Characters of a file that a small model can write in one piece."""
_FILE = re.compile(r"(?<![\w/.-])([\w./-]+\.py)\b")


@dataclass(frozen=True, slots=True)
class Given:
    """``path`` is to be written so that ``tests`` pass; ``stub`` is its text, empty when it is
    not there.
    """

    path: str
    tests: tuple[str, ...]
    stub: str = ""

    @property
    def work(self) -> Work:
        """The same as a plan says it."""
        action: Action = "edit" if self.stub else "create"
        return Work(path=self.path, action=action, purpose=f"pass {', '.join(self.tests)}")


async def tested(snapshot: Snapshot, brief: str) -> Given | None:
    """The file of the brief, when tests import it and it is new or holds little but signatures."""
    for path in dict.fromkeys(_FILE.findall(brief)):
        if is_test(path) or path.startswith(("/", ".")):
            continue
        found = await about(snapshot, path)
        if found is not None:
            return found
    return None


async def about(snapshot: Snapshot, path: str) -> Given | None:
    """The same for one path."""
    stub = await text_of(snapshot, path) if path in snapshot.files else ""
    if len(stub) > _LARGEST:
        return None
    module = path.removesuffix(".py").replace("/", ".").removeprefix("src.")
    tests = []
    for test in sorted(p for p in snapshot.files if p.endswith(".py") and is_test(p)):
        text = await text_of(snapshot, test)
        if await to_thread.run_sync(_imports, text, module):
            tests.append(test)
    return Given(path, tuple(tests), stub) if tests else None


def _imports(text: str, module: str) -> bool:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    for node in ast.walk(tree):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
        if module in names:
            return True
    return False
