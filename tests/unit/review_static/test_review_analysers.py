"""Analysers over snapshots: what a change brought in is told, what was there before is not."""

from pathlib import Path

from samokoder.agents.checks.check import Severity
from samokoder.agents.review import finding
from samokoder.agents.review.analysers.bandit import BanditSource
from samokoder.agents.review.analysers.ruff import RuffSource
from samokoder.agents.review.defects.source import DefectSource
from samokoder.agents.review.finding import Finding, Proof
from samokoder.agents.review.source import Scope, Source
from samokoder.agents.review.taint.source import TaintSource
from samokoder.agents.workspace.capture import Tree
from samokoder.agents.workspace.snapshot import Snapshot


def lay(root: Path, files: dict[str, str]) -> None:
    root.mkdir()
    for name, text in files.items():
        (root / f"{name}.py").write_text(text, "utf-8")


async def snapshot(root: Path, **files: str) -> Snapshot:
    lay(root, files)
    return await Tree(root).capture()


async def compare(source: Source, tmp_path: Path, before: str, after: str) -> list[Finding]:
    base = await snapshot(tmp_path / "before", a=before)
    now = await snapshot(tmp_path / "after", a=after)
    found = await source.findings(now, Scope({"a.py": None}, base))
    assert all(finding.stands(f, after) for f in found), "every quote stands at its place"
    return list(found)


async def test_ruff_tells_of_mistakes_and_not_of_style(tmp_path: Path) -> None:
    code = "import os\nx=1\nif x is 'a': print( x )\nassert (x, 'never')\n"
    now = await snapshot(tmp_path / "a", a=code)
    found = await RuffSource().findings(now, Scope({"a.py": None}))
    assert [(f.line, f.rule) for f in found] == [(3, "F632"), (4, "F631")]
    assert {f.severity for f in found} == {Severity.WARNING}


async def test_a_syntax_error_is_proven_by_the_parser(tmp_path: Path) -> None:
    now = await snapshot(tmp_path / "a", a="def f(:\n    pass\n")
    found = await RuffSource().findings(now, Scope({"a.py": None}))
    assert found
    assert found[0].proof is Proof.COMPILER
    assert found[0].severity is Severity.ERROR


async def test_only_what_the_change_brought_in(tmp_path: Path) -> None:
    old = "def f(x):\n    return x is 'a'\n"
    new = "# moved down\n\n" + old + "def g(y):\n    return y is 'b'\n"
    found = await compare(RuffSource(), tmp_path, old, new)
    assert [f.line for f in found] == [6], "the first one was there before, two lines up"


async def test_a_second_copy_of_an_old_mistake_is_new(tmp_path: Path) -> None:
    old = "def f(a):\n    return a == a\n"
    new = old + "def g(a):\n    return a == a\n"
    found = await compare(DefectSource(), tmp_path, old, new)
    assert len(found) == 1


async def test_only_lines_of_the_scope(tmp_path: Path) -> None:
    code = "def f(a):\n    return a == a\n\ndef g(b):\n    return b == b\n"
    now = await snapshot(tmp_path / "a", a=code)
    found = await DefectSource().findings(now, Scope({"a.py": ((4, 5),)}))
    assert [f.line for f in found] == [5]


async def test_a_flow_counts_when_any_step_of_it_changed(tmp_path: Path) -> None:
    code = (
        "import os\nfrom flask import request, Flask\napp = Flask(__name__)\n"
        "def run(c):\n    os.system(c)\n@app.route('/x')\ndef x():\n    run(request.args['c'])\n"
    )
    now = await snapshot(tmp_path / "a", a=code)
    found = await TaintSource().findings(now, Scope({"a.py": ((8, 8),)}))
    assert [f.line for f in found] == [5], "the sink is told though only the call was changed"
    assert await TaintSource().findings(now, Scope({"a.py": ((1, 1),)})) == ()


async def test_bandit_is_heard_where_no_flow_was_followed(tmp_path: Path) -> None:
    code = (
        "import subprocess\nfrom flask import request, Flask\napp = Flask(__name__)\n"
        "def tool(c):\n    subprocess.call(c, shell=True)\n"
        "@app.route('/x')\ndef x():\n    d = 'ls'\n    subprocess.call(d, shell=True)\n"
    )
    now = await snapshot(tmp_path / "a", a=code)
    found = await BanditSource().findings(now, Scope({"a.py": None}))
    assert [(f.line, f.rule) for f in found] == [(5, "B602")], "in x() nothing from outside arrives"
    assert found[0].severity is Severity.WARNING, "never red: a lint hit proves nothing"
    assert found[0].cwe == "78"


async def test_files_that_cannot_be_read_have_no_findings(tmp_path: Path) -> None:
    root = tmp_path / "a"
    root.mkdir()
    (root / "a.py").write_bytes(b"\xff\xfe\x00binary")
    (root / "b.py").write_text("def f(:\n", "utf-8")
    now = await Tree(root).capture()
    scope = Scope({"a.py": None, "b.py": None, "gone.py": None})
    for source in (TaintSource(), DefectSource(), BanditSource()):
        assert await source.findings(now, scope) == ()


async def test_code_nested_too_deep_has_no_findings(tmp_path: Path) -> None:
    deep = (
        "from flask import request\ndef f():\n    return " + " + ".join(["request"] * 4000) + "\n"
    )
    now = await snapshot(tmp_path / "a", a=deep, b="def f(a):\n    return a == a\n")
    scope = Scope({"a.py": None, "b.py": None})
    for source in (TaintSource(), DefectSource(), BanditSource(), RuffSource()):
        found = await source.findings(now, scope)
        assert not [f for f in found if f.path == "a.py"]
        assert bool(found) is (source.name in ("defects", "ruff")), "the next file is still read"
