"""`make demo`: the daemon fixes real failing programs with proof, driven over LSP like an editor.

Three small programs are copied into a scratch workspace. One is repaired without any model, one by
the embedded model with a test as proof, one cannot be proven by any rung and is left alone. At the
end everything is undone again. State, cache of scratch copies and daemon are the demo's own; only
the model's weights are kept in the user's cache, so a second demo downloads nothing.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
from anyio.to_thread import run_sync

from samokoder.agents.counting import counted
from samokoder.server import client as lsp
from samokoder.state.paths import cache_dir

PROGRAMS = Path(__file__).resolve().parents[3] / "docs" / "demo"
TITLES = {
    "1_missing_import": "a missing import",
    "2_wrong_result": "a wrong result",
    "3_cannot_be_proven": "a wish that no program can fulfil",
}
CHECK = "python3 -m unittest -q"


def say(text: str = "") -> None:
    """The demo talks to a person."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _environment(home: Path) -> dict[str, str]:
    folders = {name: home / name for name in ("state", "config", "runtime", "cache")}
    for folder in folders.values():
        folder.mkdir(mode=0o700)
    weights = cache_dir() / "models"
    weights.mkdir(parents=True, exist_ok=True)
    (folders["cache"] / "models").symlink_to(weights)
    return {f"SAMOKODER_{name.upper()}_DIR": str(folder) for name, folder in folders.items()}


def _progress(method: str, params: Any) -> None:
    if method != "$/progress":
        return
    value = params["value"]
    text = value.get("message") or value.get("title") or ""
    if text and sys.stdout.isatty():
        sys.stdout.write(f"\r\x1b[2K    … {text[:100]}")
        sys.stdout.flush()


def _tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _clear_line() -> None:
    if sys.stdout.isatty():
        sys.stdout.write("\r\x1b[2K")


def _show(result: Mapping[str, Any], seconds: float) -> None:
    _clear_line()
    if not result["solved"]:
        say(f"  not proven, nothing changed ({seconds:.1f} s)")
        say(f"  {result['reason']}")
    else:
        say(f"  {result['verdict']} at {result['rung']} in {seconds:.1f} s: {result['note']}")
        say("\n".join("    " + line for line in result["diff"].splitlines()))
        for run in result["proof"]:
            passed = "passes" if run["ok"] else "fails"
            say(f"    {run['when']}: {passed} ({run['seconds']:.2f} s)  {run['command']}")
        say(f"    confinement: {result['sandbox']}")
    used = result["used"]
    tokens = used["input_tokens"] + used["output_tokens"]
    calls = counted(used["calls"], "model call")
    say(f"    cost: {calls}, {tokens} tokens")


async def _fix(editor: lsp.Client, workspace: Path, name: str, no_model: bool) -> dict[str, Any]:
    folder = workspace / name
    program = next(p for p in sorted(folder.glob("*.py")) if not p.name.startswith("test_"))
    uri = await editor.open(program)
    say(f"\n{name}: {TITLES.get(name, '')}")
    started = time.monotonic()
    asked = {"root": str(folder), "uri": uri, "check": CHECK, "yes": True, "no_model": no_model}
    result: dict[str, Any] = await editor.command("samokoder.fix", asked)
    _show(result, time.monotonic() - started)
    return result


async def _pull(editor: lsp.Client) -> None:
    models = await editor.command("samokoder.model.list")
    if any(m["installed"] and m["default"] for m in models["models"]):
        say("embedded model: already here")
        return
    started = time.monotonic()
    say("embedded model: pulling 1.1 GB once (it is kept in your cache folder)")
    await editor.command("samokoder.model.pull", {"yes": True})
    _clear_line()
    say(f"embedded model: pulled and verified in {time.monotonic() - started:.0f} s")


async def run(no_model: bool) -> int:
    """The whole demo; returns 0 when all three programs ended as promised."""
    say("Samokoder demo: three broken programs, one daemon, no account, no key.")
    home = Path(await run_sync(lambda: tempfile.mkdtemp(prefix="samokoder-demo-")))
    try:
        workspace = home / "workspace"
        await run_sync(lambda: shutil.copytree(PROGRAMS, workspace))
        env = await run_sync(_environment, home)
        before = await run_sync(_tree, workspace)
        started = time.monotonic()
        async with lsp.connect(env=env) as editor:
            editor.on_notice = _progress
            await editor.initialize(workspace)
            say(f"daemon ready after {time.monotonic() - started:.2f} s")
            if not no_model:
                await _pull(editor)
            results = {}
            for name in TITLES:
                results[name] = await _fix(editor, workspace, name, no_model)
            for uri in list(editor.documents):
                await editor.save(uri)
            changed = await run_sync(_tree, workspace) != before
            say("\nundo everything")
            for result in results.values():
                if result["solved"]:
                    await editor.command("samokoder.run.undo", {"run": result["run"]["id"]})
            for uri in list(editor.documents):
                await editor.save(uri)
            restored = await run_sync(_tree, workspace) == before
            say(f"  the workspace is {'byte-identical to the start' if restored else 'CHANGED'}")
            await editor.command("samokoder.daemon.stop")
            await editor.closed.wait()
    finally:
        with anyio.CancelScope(shield=True):
            await run_sync(lambda: shutil.rmtree(home, ignore_errors=True))
    solved = [results[name]["solved"] for name in TITLES]
    wanted = [True, not no_model, False]
    good = solved == wanted and restored and changed
    say("\nAll as promised." if good else f"\nNot as promised: solved {solved}, wanted {wanted}.")
    return 0 if good else 1


def main() -> int:
    """Entry point of `make demo`; ``--no-model`` leaves the second program unsolved."""
    return anyio.run(run, "--no-model" in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
