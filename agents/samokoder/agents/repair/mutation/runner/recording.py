"""What the tests call at the border of a file: functions, constructors, methods, with arguments.

A call that comes from inside the file is not recorded. Arguments are kept as recipes: plain copies
in which an object that an earlier call of the same test made is a :class:`Made`.
"""

from __future__ import annotations

import copy
import os
import sys
import types
from typing import Any

_GENERATOR = 0x20
_CALLS = 60
"""Calls of one test that are kept."""
_TESTS = 60
_ATOMS = (type(None), bool, int, float, complex, str, bytes, type, types.FunctionType)


class Made:
    """The object that call ``number`` of the test made."""

    def __init__(self, number: int) -> None:
        self.number = number


class Call:
    """``kind``: function, method (``args[0]`` is the object), static, get (a property) or new."""

    def __init__(self, kind: str, name: str, args: list[Any], named: dict[str, Any]) -> None:
        self.kind, self.name, self.args, self.named = kind, name, args, named

    def linked(self) -> bool:
        """True when it uses an object of an earlier call, or makes one."""
        return self.kind == "new" or any(_holds_made(a) for a in (*self.args, *self.named.values()))


def _holds_made(value: Any) -> bool:
    if isinstance(value, Made):
        return True
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(map(_holds_made, value))
    if isinstance(value, dict):
        return any(map(_holds_made, value.values()))
    return False


def module_of(path: str) -> Any:
    """The loaded module whose file this is, or None."""
    target = os.path.realpath(path)
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and os.path.realpath(file) == target:
            return module
    return None


def _code(value: Any) -> Any:
    while hasattr(value, "__wrapped__"):
        value = value.__wrapped__
    return getattr(value, "__code__", None)


def _names(module: Any) -> dict[Any, tuple[str, str]]:
    """Code → kind and dotted name, for what the module defines at its top and in its classes."""
    found: dict[Any, tuple[str, str]] = {}
    for name, value in list(vars(module).items()):
        if isinstance(value, type) and value.__module__ == module.__name__:
            for inner, member in list(vars(value).items()):
                kind = "method"
                if isinstance(member, (staticmethod, classmethod)):
                    kind, member = "static", member.__func__
                elif isinstance(member, property):
                    kind, member = "get", member.fget
                code = _code(member)
                if code is not None:
                    found.setdefault(code, (kind, f"{name}.{inner}"))
        else:
            code = _code(value)
            if code is not None:
                found.setdefault(code, ("function", name))
    return found


class Recorder:
    """Use as a context around the tests; ``begin`` at the start of each."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._target = os.path.realpath(path)
        self._mine: dict[str, bool] = {}
        self._known: dict[Any, tuple[str, str]] = {}
        self._module: Any = None
        self._inside: Any = None
        self._resumed: list[Any] = []
        self._made: dict[int, tuple[int, Any]] = {}
        self.tests: list[list[Call]] = [[]]
        self._broken = False

    def __enter__(self) -> Recorder:
        sys.setprofile(self._event)
        return self

    def __exit__(self, *error: object) -> None:
        sys.setprofile(None)

    def begin(self, test: str) -> None:
        self._inside, self._broken = None, False
        self._made = {}
        self._resumed = []
        self.tests.append([])

    def _here(self, frame: Any) -> bool:
        name = frame.f_code.co_filename
        if name not in self._mine:
            self._mine[name] = os.path.realpath(name) == self._target
        return self._mine[name]

    def _event(self, frame: Any, event: str, argument: Any) -> None:
        if event == "return":
            if frame is self._inside:
                self._inside = None
            return
        if event != "call" or self._inside is not None or self._broken:
            return
        if not self._here(frame) or frame.f_code.co_name.startswith("<"):
            return
        if frame.f_code.co_flags & _GENERATOR and any(f is frame for f in self._resumed):
            self._inside = frame
            return
        self._inside = frame
        if frame.f_back is not None and self._here(frame.f_back):
            return
        calls = self.tests[-1]
        if len(calls) >= _CALLS or len(self.tests) > _TESTS:
            self._broken = True
            return
        try:
            call = self._call(frame)
        except Exception:  # noqa: BLE001  # an argument's own copying may raise anything
            call = None
        if call is None:
            self._broken = bool(calls)  # what follows may depend on what could not be kept
        else:
            calls.append(call)
        if frame.f_code.co_flags & _GENERATOR:
            self._resumed.append(frame)

    def _call(self, frame: Any) -> Call | None:
        if self._module is None:
            self._module = module_of(self._path)
        code = frame.f_code
        if code not in self._known and self._module is not None:
            self._known = _names(self._module)
        if code not in self._known:
            return None
        kind, name = self._known[code]
        values = frame.f_locals
        count = code.co_argcount
        positional = [values[n] for n in code.co_varnames[:count]]
        at = count + code.co_kwonlyargcount
        named = {n: values[n] for n in code.co_varnames[count:at]}
        if code.co_flags & 0x04:
            positional += values[code.co_varnames[at]]
            at += 1
        if code.co_flags & 0x08:
            named.update(values[code.co_varnames[at]])
        if kind == "static" and count and isinstance(positional[0], type):
            positional = positional[1:]
        if name.endswith(".__init__"):
            owner = type(positional[0])
            if getattr(self._module, owner.__name__, None) is not owner:
                return None
            made, kind, name = positional[0], "new", owner.__name__
            positional = positional[1:]
            call = self._kept(kind, name, positional, named)
            self._made[id(made)] = (len(self.tests[-1]), made)
            return call
        return self._kept(kind, name, positional, named)

    def _kept(self, kind: str, name: str, args: list[Any], named: dict[str, Any]) -> Call:
        memo: dict[int, Any] = {}
        return Call(
            kind,
            name,
            [self._recipe(a, memo) for a in args],
            {k: self._recipe(v, memo) for k, v in named.items()},
        )

    def _recipe(self, value: Any, memo: dict[int, Any]) -> Any:
        if isinstance(value, _ATOMS):
            return value
        if id(value) in self._made:
            return Made(self._made[id(value)][0])
        if type(value) in (list, tuple, set, frozenset):
            return type(value)(self._recipe(v, memo) for v in value)
        if type(value) is dict:
            return {k: self._recipe(v, memo) for k, v in value.items()}
        return copy.deepcopy(value, memo)
