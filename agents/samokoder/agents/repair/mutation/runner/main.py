"""The job: forks that try candidates, or one that traces, or some that compare."""

from __future__ import annotations

import functools
import gc
import json
import os
import sys
import time
import types
from typing import Any

from .fork import in_child, say
from .overlay import overlay
from .rivals import behaviour
from .tools import parsed, run_all, run_script
from .tracing import trace
from .watching import watch


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    out = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.getcwd())
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    _import_tools(job)
    if job["mode"] == "trace":
        say(out, in_child(lambda: trace(job), job["seconds"]))
        return
    if job["mode"] == "watch":
        say(out, in_child(lambda: watch(job), job["seconds"]))
        return
    started = time.monotonic()
    gc.collect()
    gc.freeze()  # what is there already is not copied when the forks count references
    each = compare if job["mode"] == "rivals" else work
    children = []
    workers = max(1, job["workers"])
    for worker in range(workers):
        pid = os.fork()
        if pid == 0:
            each(job, out, worker, workers, started)
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)


def work(job: dict[str, Any], out: int, worker: int, workers: int, started: float) -> None:
    won, last = 0, len(job["candidates"])
    for index in range(worker, len(job["candidates"]), workers):
        late = time.monotonic() - started > job["total"]
        if late or index > last or won * workers >= job["enough"]:
            break
        text = job["candidates"][index]
        fact = in_child(functools.partial(attempt, job, text), job["seconds"])
        fact["i"] = index
        if fact.get("ok"):
            won += 1
            last = min(last, index + job["window"])
        say(out, fact)


def compare(job: dict[str, Any], out: int, worker: int, workers: int, started: float) -> None:
    """How this worker's share of the texts behaves."""
    for index in range(worker, len(job["candidates"]), workers):
        if time.monotonic() - started > job["total"]:
            break
        text = job["candidates"][index]
        changed = job["changed"][index]
        fact = in_child(functools.partial(behaviour, job, text, changed), job["seconds"])
        fact["i"] = index
        say(out, fact)


def _import_tools(job: dict[str, Any]) -> None:
    """Import the tool, and what the tests import from outside the workspace, before the forks."""
    if job["kind"] == "unittest":
        parsed(tuple(job["argv"]))
    elif job["kind"] == "pytest":
        import pytest  # noqa: F401
    found = in_child(lambda: _outside(job), max(5.0, job["seconds"]))
    for name in found.get("modules", ()):
        if name not in sys.modules:
            try:
                __import__(name)
            except Exception:  # noqa: BLE001  # the fork will import it then, or fail itself
                continue


def _outside(job: dict[str, Any]) -> dict[str, Any]:
    before = set(sys.modules)
    run_all(job, frozenset(), stop=True)
    root = os.path.realpath(job["root"]) + os.sep
    names = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        plain = type(module) is types.ModuleType and name != "__main__"
        if name in before or not file or not plain:
            continue
        real = os.path.realpath(file)
        if not real.startswith(root) or "site-packages" in real:
            names.append(name)
    return {"modules": names}


def attempt(job: dict[str, Any], text: str) -> dict[str, Any]:
    """How a candidate does: failing tests first, all of them; then the passing ones."""
    overlay(job["path"], text)
    if job["kind"] == "script":
        return run_script(job)
    failing = frozenset(job["failing"])
    first = run_all(job, failing, stop=False, only=True) if failing else {"good": [], "bad": []}
    fixed = len(first["good"])
    if failing and not fixed:
        return {"ok": False, "fixed": 0, "error": first.get("error")}
    aside = failing | frozenset(job.get("ignored", ()))
    rest = run_all(job, aside, stop=True, skip=True)
    lost = [name for name in rest["bad"] if name in set(job["passing"])]
    whole = not first["bad"] and not rest["bad"]
    return {
        "ok": whole,
        "fixed": fixed,
        "lost": len(lost) + (1 if rest.get("broken") else 0),
        "error": first.get("error") or rest.get("error"),
    }
