"""From an answer to a change set: every edit, or none and the reasons; secrets out of reach."""

from pathlib import Path

import pytest

from samokoder.agents.edits.applier import Edited, Refused
from samokoder.agents.edits.blocks import parse
from samokoder.agents.edits.placeholder import guarded
from samokoder.agents.edits.proposal import Proposal, propose
from samokoder.agents.edits.whole import replace_file
from samokoder.agents.models.redact import redact
from samokoder.agents.workspace.capture import Tree

KEY = "sk-proj-Zk39fhQ81mLw0aPz7cVt5nYb2dXe4gRu"
FILES = {
    "a.py": b"\xef\xbb\xbfx = 1\r\ny = 2\r\n",
    "b.py": f'API_KEY = "{KEY}"\nn = 1\n'.encode(),
    "latin.py": b"# caf\xe9\nx = 1\n",
    "AGENTS.md": b"rules\n",
}


def block(path: str, search: str, replace: str) -> str:
    return f"{path}\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n"


async def proposed(root: Path, answer: str, secrets: dict[str, str] | None = None) -> Proposal:
    for path, data in FILES.items():
        (root / path).write_bytes(data)
    snapshot = await Tree(root).capture()
    return await propose(snapshot, parse(answer), title="t", secrets=secrets)


async def test_all_edits_of_an_answer_make_one_change_set(tmp_path: Path) -> None:
    answer = (
        block("a.py", "x = 1\n", "x = 5\n")
        + block("a.py", "y = 2\n", "y = 6\n")
        + block("new/c.py", "", "z = 1\n")
    )
    made = await proposed(tmp_path, answer)
    assert made.change_set is not None, made.reason
    assert {c.path: (c.kind, c.after) for c in made.change_set.changes} == {
        "a.py": ("modify", b"\xef\xbb\xbfx = 5\r\ny = 6\r\n"),
        "new/c.py": ("create", b"z = 1\n"),
    }


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (block("a.py", "x = 1\n", "x = 5\n") + block("a.py", "q = 2\n", "q = 3\n"), "not in the"),
        (block("../x.py", "", "x\n"), "leaves the workspace"),
        (block(".git/hooks/x", "", "x\n"), "version control"),
        (block("AGENTS.md", "rules\n", "none\n"), "rules for agents"),
        (block("latin.py", "x = 1\n", "x = 2\n"), "not valid UTF-8"),
        (block("gone.py", "x = 1\n", "x = 2\n"), "no such file"),
        ("```python\nx = 1\n```\n", "which file"),
        ("nothing", "no edit"),
    ],
)
async def test_one_refusal_refuses_all(tmp_path: Path, answer: str, why: str) -> None:
    made = await proposed(tmp_path, answer)
    assert made.change_set is None
    assert why in made.reason


async def test_secrets_are_put_back(tmp_path: Path) -> None:
    table: dict[str, str] = {}
    seen = redact(FILES["b.py"].decode(), table)
    assert KEY not in seen
    first = seen.splitlines(True)[0]
    made = await proposed(tmp_path, block("b.py", seen, f"{first}n = 2\n"), table)
    assert made.change_set is not None, made.reason
    assert made.change_set.changes[0].after == f'API_KEY = "{KEY}"\nn = 2\n'.encode()


async def test_an_edit_that_touches_a_secret_is_refused(tmp_path: Path) -> None:
    table: dict[str, str] = {}
    seen = redact(FILES["b.py"].decode(), table)
    first = seen.splitlines(True)[0]
    (placeholder,) = table
    for new in (
        seen.replace("API_KEY", "KEY"),
        seen.replace(placeholder, "changed"),
        f"{first}n = '{placeholder}'\n",
        "n = 1\n",
        f"{first}n = '⟦secret:77⟧'\n",
    ):
        made = await proposed(tmp_path, block("b.py", seen, new), table)
        assert made.change_set is None
        assert "secret" in made.reason
    assert isinstance(guarded("x\n", {}, lambda _: Edited("⟦secret:1⟧\n")), Refused)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("a = 1\nb = 3\n\ndef f(): pass\n", "a = 1  \r\nb = 3\r\n\r\ndef f(): pass"),
        ("a = 1\nb = 2\n# ... rest of the code unchanged\n", None),
        ("a = 1\n# ... existing code ...\n\ndef f(): pass\n", None),
        ("a = 1\nb = 2\n", None),
        ("a = 1\nb = (\n\ndef f(): pass\n", None),
        ("a = 1\nb = 2\n\ndef f(): pass\n", None),
    ],
)
def test_a_whole_file_is_reduced_to_its_changes(answer: str, expected: str | None) -> None:
    result = replace_file("a = 1  \r\nb = 2\r\n\r\ndef f(): pass", answer, path="m.py")
    assert (result.text if isinstance(result, Edited) else None) == expected
