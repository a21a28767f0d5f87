"""The documentation agrees with the code, and nothing here names a machine or a registry. R27"""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)(.*)$", re.MULTILINE)


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def pins(name: str) -> dict[str, str]:
    return {pin[1]: pin[2] for pin in PIN.finditer(text(name))}


def pages() -> list[Path]:
    own = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "vscode-extension/README.md"]
    return sorted(own)


def test_generated_pages_are_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/docs.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{target} is linked and missing"


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_locks_have_hashes_and_no_addresses(name: str) -> None:
    lock = text(name)
    assert not re.search(r"https?://|file:|--(extra-)?index-url|--find-links", lock)
    blocks = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)[1:]
    assert len(blocks) > 20
    assert all("--hash=sha256:" in block for block in blocks)


def test_the_extensions_lock_has_hashes_and_no_addresses() -> None:
    lock = json.loads(text("vscode-extension/package-lock.json"))
    packages = {name: facts for name, facts in lock["packages"].items() if name}
    assert len(packages) > 20
    assert all("resolved" not in facts for facts in packages.values())
    assert all(facts["integrity"].startswith("sha512-") for facts in packages.values())


def test_both_locks_agree() -> None:
    runtime, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert runtime == {name: dev.get(name) for name in runtime}


def test_the_lock_holds_what_the_project_asks_for() -> None:
    project = tomllib.loads(text("pyproject.toml"))
    wanted = [*project["project"]["dependencies"]]
    for extra in project["project"]["optional-dependencies"].values():
        wanted += extra
    for group in project["dependency-groups"].values():
        wanted += group
    names = {re.split(r"[\[<>=;~! ]", one)[0].lower() for one in wanted}
    assert names <= pins("requirements-dev.lock").keys()


def test_every_locked_package_says_what_it_is_for() -> None:
    rows = re.findall(
        r"^\| ([a-z0-9-]+) \| [^|]+ \| \d", text("docs/dependencies.md"), re.MULTILINE
    )
    for_windows = {"pywin32"}
    assert sorted(rows) == sorted(pins("requirements.lock").keys() - for_windows)


def test_the_palette_and_the_server_do_not_share_ids() -> None:
    """The client library registers the server's ids itself; a second registration would throw."""
    manifest = json.loads(text("vscode-extension/package.json"))
    palette = {command["command"] for command in manifest["contributes"]["commands"]}
    server = json.loads(text("docs/schema/commands.json"))["commands"].keys()
    assert palette
    assert not palette & server


def test_the_extension_asks_for_commands_that_exist() -> None:
    files = sorted((ROOT / "vscode-extension/src").rglob("*.ts"))
    sources = "".join(path.read_text("utf-8") for path in files)
    server = json.loads(text("docs/schema/commands.json"))["commands"].keys()
    manifest = json.loads(text("vscode-extension/package.json"))["contributes"]
    own = {command["command"] for command in manifest["commands"]}
    own |= manifest["configuration"]["properties"].keys()
    views = {view["id"] for group in manifest["views"].values() for view in group}
    own |= views | {f"{view}.focus" for view in views}
    used = set(re.findall(r'"(samokoder\.[\w.]+)"', sources))
    context = set(re.findall(r'"setContext", "([\w.]+)"', sources))
    # names of status items and in the editor's own storage
    kept = {"samokoder.status", "samokoder.keys", "samokoder.install"}
    assert used - own - context - kept <= server


def test_help_lists_every_target_a_person_types() -> None:
    makefile = text("Makefile")
    for target in ("help", "setup", "demo", "test", "check", "fix", "bench", "docs", "vsix"):
        assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE), target


def test_ci_types_what_a_developer_types() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert script.read_text("utf-8").rstrip().endswith("exec make test")


def test_every_module_says_what_it_is_about() -> None:
    """The architecture page leans on it."""
    for layer in ("server", "agents", "state"):
        for path in (ROOT / layer / "samokoder").rglob("*.py"):
            source = path.read_text("utf-8")
            empty_package = path.name == "__init__.py" and not source.strip()
            assert empty_package or ast.get_docstring(ast.parse(source)), path
