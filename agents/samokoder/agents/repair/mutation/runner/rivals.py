"""How texts that all pass the tests behave on inputs near those the tests use.

The tests run with every call at the file's border recorded; then the calls are played again, as
they were and with one argument varied. The same text gives the same outcomes in the same order, so
outcomes of different texts can be compared one by one.
"""

from __future__ import annotations

import copy
import hashlib
import os
import random
import signal
import sys
import time
from typing import Any, NoReturn

from .habits import habits
from .holes import holes
from .nearby import near
from .overlay import overlay
from .reached import Reached
from .recording import Call, Made, Recorder, module_of
from .tools import run_all
from .values import canonical

_PLAYS = 160
"""Plays of one text at most."""
_EACH = 24
"""Variants of one call at most."""
_PLAY_SECONDS = 0.4
"""CPU seconds of one play."""


class _Late(BaseException):
    """A play took too long."""


def _late(number: int, frame: Any) -> NoReturn:
    raise _Late


def behaviour(job: dict[str, Any], text: str, changed: list[int]) -> dict[str, Any]:
    """``plays``: a name for each input, and what came of it; ``calls`` counts what was recorded;
    ``missed`` are the ``changed`` lines that no test runs; ``holes``
    names that nothing defines.
    """
    overlay(job["path"], text)
    signal.signal(signal.SIGPROF, _late)
    recorder = Recorder(job["path"])
    started = time.process_time()
    reached = Reached(job["path"], text, changed)
    with recorder, reached:
        run_all(job, frozenset(), stop=False, each=recorder.begin)
    module = module_of(job["path"])
    facts: dict[str, Any] = {"plays": [], "calls": 0, "missed": reached.missed, "holes": []}
    if module is not None:
        facts["holes"] = holes(module, text, changed, job["whole"])
    tests = [t for t in recorder.tests if t]
    if module is None or not tests:
        return facts
    lines = text.split("\n")
    plays: list[list[str]] = []
    deadline = time.process_time() + job["seconds"] * 0.6 - (time.process_time() - started)
    for name, calls in _inputs(tests):
        if time.process_time() > deadline:
            break
        plays.append([name, _played(module, calls, lines)])
    signal.setitimer(signal.ITIMER_PROF, 0)
    return {**facts, "plays": plays, "calls": sum(map(len, tests))}


def _inputs(tests: list[list[Call]]) -> list[tuple[str, list[Call]]]:
    """Sequences to play: the tests' own first, then variants, spread over functions and calls."""
    found: list[tuple[str, list[Call]]] = []
    seen: set[str] = set()
    pools: dict[tuple[str, int], list[Any]] = {}
    by_name: dict[str, list[Call]] = {}
    for calls in tests:
        for call in calls:
            by_name.setdefault(call.name, []).append(call)
            for at, value in enumerate(call.args):
                pools.setdefault((call.name, at), []).append(value)

    usual = {name: habits(calls) for name, calls in by_name.items()}

    def add(calls: list[Call], changed: int) -> bool:
        name = _shown(calls, changed)
        if name in seen:
            return False
        seen.add(name)
        found.append((name, calls))
        return True

    queues: list[list[tuple[list[Call], int]]] = []
    for calls in tests:
        whole = any(c.linked() for c in calls)
        if whole:
            add(calls, -1)
        for number, call in enumerate(calls):
            unit, at = (calls, number) if whole else ([call], 0)
            if not whole:
                add(unit, -1)
            likely = usual[call.name]
            variants = [v for v in _variants(call, pools) if likely(v)][:_EACH]
            queues.append([([*unit[:at], other, *unit[at + 1 :]], at) for other in variants])
    random.Random(1).shuffle(queues)  # the same order for every text
    for turn in range(_EACH):
        for queue in queues:
            if turn < len(queue) and len(found) < _PLAYS:
                add(*queue[turn])
    return found


def _variants(call: Call, pools: dict[tuple[str, int], list[Any]]) -> list[Call]:
    """The call with one argument changed, the arguments taking turns."""
    columns: list[list[Call]] = []
    for at, value in enumerate(call.args):
        pool = pools.get((call.name, at), [])
        others = near(value, pool)
        crossed = [v for v in pool if type(v) is type(value) and not isinstance(v, Made)][:3]
        column = []
        for other in (*others[:4], *crossed, *others[4:]):
            args = [*call.args[:at], other, *call.args[at + 1 :]]
            column.append(Call(call.kind, call.name, args, call.named))
        columns.append(column)
    for name, value in call.named.items():
        columns.append(
            [
                Call(call.kind, call.name, call.args, {**call.named, name: other})
                for other in near(value, [])[:3]
            ]
        )
    return [c[turn] for turn in range(_EACH) for c in columns if turn < len(c)]


def _shown(calls: list[Call], changed: int) -> str:
    call = calls[max(changed, 0)]
    args = ", ".join(
        [
            *(canonical(a) for a in call.args),
            *(f"{k}={canonical(v)}" for k, v in call.named.items()),
        ]
    )
    before = f"{len(calls)} calls, " if len(calls) > 1 else ""
    number = f"#{changed} " if len(calls) > 1 else ""
    rest = "" if len(calls) == 1 else f" [{hash_of(calls)}]"
    return f"{before}{number}{call.name}({args}){rest}"


def hash_of(calls: list[Call]) -> str:
    """Short and equal for equal sequences."""
    text = "\n".join(
        f"{c.kind} {c.name} {[canonical(a) for a in c.args]} {sorted(c.named)}" for c in calls
    )
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]


def _played(module: Any, calls: list[Call], lines: list[str]) -> str:
    """Outcomes of a sequence, up to the first that raises."""
    made: dict[int, Any] = {}
    outcomes: list[str] = []
    sys.setrecursionlimit(800)
    for number, call in enumerate(calls):
        signal.setitimer(signal.ITIMER_PROF, _PLAY_SECONDS)
        try:
            memo: dict[int, Any] = {}
            args = [_real(a, made, memo) for a in call.args]
            named = {k: _real(v, made, memo) for k, v in call.named.items()}
            value = _called(module, call, args, named)
            if call.kind == "new":
                made[number] = value
                outcome = "made"
            else:
                outcome = canonical(value)
                after = canonical(args)
                if after != canonical(call.args) and not call.linked():
                    outcome += " leaving " + after
        except _Late:
            outcome = "!late"
        except BaseException as error:  # noqa: BLE001  # whatever the code under test throws
            outcome = _raised(error, module, lines)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        outcomes.append(outcome)
        if outcome.startswith("!") and call.kind == "new":
            break
    text = "; ".join(outcomes)
    return text if len(text) < 400 else text[:380] + hash_of_text(text)


def hash_of_text(text: str) -> str:
    """Short and equal for equal texts."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _real(recipe: Any, made: dict[int, Any], memo: dict[int, Any]) -> Any:
    """An argument of one's own; ``memo`` keeps one object one in all arguments of a call."""
    if isinstance(recipe, Made):
        return made[recipe.number]
    if type(recipe) in (list, tuple, set, frozenset):
        return type(recipe)(_real(v, made, memo) for v in recipe)
    if type(recipe) is dict:
        return {k: _real(v, made, memo) for k, v in recipe.items()}
    if callable(recipe) or isinstance(recipe, type):
        return recipe
    return copy.deepcopy(recipe, memo)


def _called(module: Any, call: Call, args: list[Any], named: dict[str, Any]) -> Any:
    owner, _, name = call.name.rpartition(".")
    if call.kind in ("function", "new"):
        return getattr(module, call.name)(*args, **named)
    if call.kind == "static":
        return getattr(getattr(module, owner), name)(*args, **named)
    if call.kind == "get":
        return getattr(args[0], name)
    return getattr(args[0], name)(*args[1:], **named)


def _raised(error: BaseException, module: Any, lines: list[str]) -> str:
    """``!Type``; with its message where the file itself raises it on purpose."""
    at, here = 0, ""
    traceback = error.__traceback__
    while traceback is not None:
        here, at = traceback.tb_frame.f_code.co_filename, traceback.tb_lineno
        traceback = traceback.tb_next
    mine = os.path.realpath(here) == os.path.realpath(getattr(module, "__file__", "") or "")
    if mine and 0 < at <= len(lines) and lines[at - 1].lstrip().startswith("raise"):
        return f"!!{type(error).__name__}: {str(error)[:120]}"
    return f"!{type(error).__name__}"
