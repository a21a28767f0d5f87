"""Program: try one version of a module. Standard library only; runs in the sandbox.

Started as ``python tried.py SPEC RESULT``, both JSON; :mod:`trying` reads what it writes.
"""

import contextlib
import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_BOUNDED = hasattr(signal, "SIGALRM")
_IMPORT, _CALL, _PROGRAM = 5, 2, 6
"""Seconds of an import, a call, a run as a program."""
_ALL = 8.0
"""Seconds of all calls that are only compared."""


def _late(number: int, frame: object) -> None:
    raise TimeoutError("it does not come to an end")


def _within(seconds: int) -> None:
    if _BOUNDED:
        signal.alarm(seconds)


def _raises(error: type[BaseException], function: Any, *arguments: Any, **named: Any) -> None:
    try:
        function(*arguments, **named)
    except error:
        return
    raise AssertionError("nothing was raised")


def plain(value: Any) -> str:
    """The same text for the same value, whatever its order and its last digits."""
    if isinstance(value, float):
        return repr(round(value, 6) + 0.0)
    if isinstance(value, (list, tuple)):
        inner = ", ".join(map(plain, value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner},)"
    if isinstance(value, dict):
        return "{" + ", ".join(sorted(f"{plain(k)}: {plain(v)}" for k, v in value.items())) + "}"
    if isinstance(value, (set, frozenset)):
        return "{" + ", ".join(sorted(map(plain, value))) + "}"
    text = repr(value)
    return type(value).__name__ if " object at 0x" in text else text


def _run(module: str, words: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", module, *words],
        capture_output=True,
        text=True,
        timeout=_PROGRAM - 1,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def _holds(spec: dict[str, Any], claim: Any, names: dict[str, Any]) -> bool:
    """``claim``: a statement; [words, output] of a run; [words] that must come to a good end."""
    try:
        if isinstance(claim, str):
            _within(_CALL)
            exec(claim, dict(names))
            return True
        _within(_PROGRAM)
        words = [spec["file"] if word == "<file>" else word for word in claim[0]]
        done = _run(spec["module"], words)
        if len(claim) == 2:
            return bool(done.stdout.strip() == claim[1])
        return done.returncode == 0 and bool(done.stdout.strip())
    except BaseException:  # noqa: BLE001  # whatever a model's code raises, it does not hold
        return False


def _answer(call: str, names: dict[str, Any], until: float) -> str:
    if time.monotonic() > until:
        return "!late"
    try:
        _within(_CALL)
        return plain(eval(call, dict(names)))[:500]
    except BaseException as error:  # noqa: BLE001  # what a model's code raises is its answer
        return f"!{type(error).__name__}"


def _imported(spec: dict[str, Any], names: dict[str, Any]) -> str:
    """Fill ``names`` with the module's functions; why it cannot be used, else empty."""
    try:
        _within(_IMPORT)
        module = __import__(spec["module"])
        for name in spec["names"]:
            names[name] = getattr(module, name)
    except BaseException as error:  # noqa: BLE001  # a model's code may raise SystemExit as well
        return f"{type(error).__name__}: {error}"
    if spec["program"] and "__main__" not in Path(f"{spec['module']}.py").read_text("utf-8"):
        return "it does not run as a program"
    return ""


def tried(spec: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
    """Tell what became of it, as soon as it is known."""
    if _BOUNDED:
        signal.signal(signal.SIGALRM, _late)
    sys.path.insert(0, ".")
    names: dict[str, Any] = {"raises": _raises}
    found: dict[str, Any] = {"broken": _imported(spec, names)}
    if not found["broken"]:
        claims = [*spec["shown"], *spec["claims"], *spec["usages"]]
        found["holds"] = [_holds(spec, claim, names) for claim in claims]
        tell(found)
        until = time.monotonic() + _ALL
        found["answers"] = [_answer(call, names, until) for call in spec["calls"]]
        found["more"] = [_answer(call, names, until) for call in spec["more"]]
    _within(0)
    tell(found)


def _tell(found: dict[str, Any]) -> None:
    Path(sys.argv[2]).write_text(json.dumps(found), "utf-8")


if __name__ == "__main__":
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        tried(json.loads(Path(sys.argv[1]).read_text("utf-8")), _tell)
