"""One place that sets values: a file, the editor, the environment, the flags.

What is wrong in it is data beside its values, never an exception: one bad line must not take the
product down. A key the place means to set but whose value cannot be used is in ``unusable``.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from samokoder.agents.caution import MOST_CAUTIOUS
from samokoder.agents.setting import SECTIONS, SETTINGS, Unfit, fit, nearest

MAX_BYTES = 1 << 20
"""A settings file is read up to this size."""

CLIENTS_OWN = frozenset({"path", "trace", "env"})
"""Settings under ``samokoder`` that an editor's extension keeps for itself."""

FOLDERS = frozenset(f"SAMOKODER_{name}_DIR" for name in ("STATE", "CACHE", "CONFIG", "RUNTIME"))
"""Variables that name folders and are no settings."""


class Origin(StrEnum):
    """Where a value comes from; a later one wins."""

    DEFAULT = "default"
    USER = "user"
    WORKSPACE = "workspace"
    EDITOR = "editor"
    ENVIRONMENT = "environment"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Place:
    """Where exactly; ``name`` is a path, a variable or empty, ``line`` counts from 1."""

    origin: Origin
    name: str = ""
    line: int | None = None

    def __str__(self) -> str:
        match self.origin:
            case Origin.USER | Origin.WORKSPACE:
                return f"{self.name}:{self.line}" if self.line else self.name
            case Origin.ENVIRONMENT:
                return f"the environment variable {self.name}"
            case Origin.EDITOR:
                return "the editor's settings"
            case Origin.FLAG:
                return "the command line"
            case _:
                return "default"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a place that cannot be used; ``key`` is empty when it is all of it."""

    place: Place
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@dataclass(frozen=True, slots=True)
class Layer:
    """``values`` are converted, by key; ``places`` has a place for each of them."""

    origin: Origin
    values: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    unusable: Mapping[str, Place] = field(default_factory=dict)


def from_file(path: Path, origin: Origin, within: Path | None = None) -> Layer:
    """A TOML file; empty when there is none. ``within``: a link that leads out of it is refused.

    Reads the disk: call it in a worker thread.
    """
    place = Place(origin, str(path))
    try:
        if within is not None and not path.resolve().is_relative_to(within.resolve()):
            return _refused(place, "leads out of the workspace and is not read")
        if not path.exists():
            return Layer(origin)
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return _refused(
                place, f"is no ordinary file of at most {MAX_BYTES} bytes; all of it is ignored"
            )
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _refused(place, f"is not UTF-8 (byte {error.start})")
    except OSError as error:
        return _refused(place, f"cannot be read: {error.strerror or error}")
    lines = _lines(text)
    end = text.rstrip("\n").count("\n") + 1
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason = str(error) if isinstance(error, ValueError) else "nested too deeply"
        return _broken(place, reason.replace(_AT_END, f" (at line {end}, column 1)"), lines)
    return _layer(origin, tree, lambda key: Place(origin, str(path), _line(lines, key)))


def from_mapping(tree: Mapping[str, Any], origin: Origin) -> Layer:
    """The editor's settings or the flags: nested or with dotted keys; None means not set."""
    inner = tree.get("samokoder")
    if origin is Origin.EDITOR:
        tree = inner if isinstance(inner, Mapping) else tree
        tree = {key: value for key, value in tree.items() if key not in CLIENTS_OWN}
    return _layer(origin, tree, lambda _: Place(origin), text=origin is Origin.FLAG)


def from_environment(environment: Mapping[str, str]) -> Layer:
    """``SAMOKODER_<SECTION>_<KEY>``; other variables of that beginning are left alone unless
    they look like a misspelt setting.
    """
    by_variable = {setting.variable: setting.key for setting in SETTINGS.values()}
    known: dict[str, Any] = {}
    problems = []
    for name in sorted(environment):
        if name in by_variable:
            known[by_variable[name]] = environment[name]
        elif name.startswith("SAMOKODER_") and name not in FOLDERS:
            meant = difflib.get_close_matches(name, by_variable, n=1, cutoff=0.85)
            if meant:
                message = f"is not a setting; did you mean {meant[0]}? It is ignored."
                problems.append(Problem(Place(Origin.ENVIRONMENT, name), "", message))
    layer = _layer(
        Origin.ENVIRONMENT,
        known,
        lambda key: Place(Origin.ENVIRONMENT, SETTINGS[key].variable),
        text=True,
    )
    return Layer(
        layer.origin,
        layer.values,
        layer.places,
        (*problems, *layer.problems),
        layer.unusable,
    )


def _layer(
    origin: Origin,
    tree: Mapping[str, Any],
    place: Callable[[str], Place],
    *,
    text: bool = False,
) -> Layer:
    values: dict[str, Any] = {}
    places: dict[str, Place] = {}
    unusable: dict[str, Place] = {}
    problems: list[Problem] = []
    for key, value in _flat(tree):
        setting = SETTINGS.get(key)
        if setting is None and key in SECTIONS:
            group = [name for name in SETTINGS if name.startswith(f"{key}.")]
            message = f"`{key}` is a group of settings, not one value; it is ignored"
            problems.append(Problem(place(key), key, message + _careful(group)))
            unusable |= dict.fromkeys(group, place(key))
        elif setting is None:
            meant = nearest(key)
            hint = f"; did you mean `{meant}`?" if meant else ""
            message = f"there is no setting `{key}`{hint or '.'} It is ignored."
            problems.append(Problem(place(key), key, message))
        else:
            fitted = fit(setting, value, text=text)
            if isinstance(fitted, Unfit):
                message = f"`{key}` must be {fitted.reason}"
                problems.append(Problem(place(key), key, message + _careful([key])))
                unusable[key] = place(key)
            else:
                values[key] = fitted
                places[key] = place(key)
    return Layer(origin, values, places, tuple(problems), unusable)


def _flat(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """(key, value) of every leaf; a table that stands for a setting is a (wrong) value."""
    for name, value in tree.items():
        key = f"{above}{name}"
        if isinstance(value, Mapping) and key not in SETTINGS and (value or key in SECTIONS):
            yield from _flat(value, f"{key}.")
        elif value is not None:
            yield key, value


def _refused(place: Place, reason: str) -> Layer:
    """Nothing is known of what it meant to set, so it may have been anything."""
    unusable = dict.fromkeys(SETTINGS, place)
    message = f"{reason}; all of it is ignored{_careful(unusable)}"
    return Layer(place.origin, problems=(Problem(place, "", message),), unusable=unusable)


def _broken(place: Place, reason: str, lines: Mapping[str, int]) -> Layer:
    """A file that is no TOML: nothing of it counts, but what it meant to set is known."""
    at = re.search(r"\(at line (\d+), column (\d+)\)", reason)
    where = Place(place.origin, place.name, int(at[1]) if at else None)
    said = reason[: at.start()].strip() if at else reason
    meant = {
        key: Place(place.origin, place.name, line)
        for key in SETTINGS
        if (line := _line(lines, key)) is not None
    }
    column = f", column {at[2]}" if at else ""
    message = f"not valid TOML: {said}{column}; all of it is ignored{_careful(meant)}"
    return Layer(place.origin, problems=(Problem(where, "", message),), unusable=meant)


def _careful(unusable: Iterable[str]) -> str:
    """What holds instead, where falling back could loosen a bound."""
    held = [f"{key} = {json.dumps(MOST_CAUTIOUS[key])}" for key in unusable if key in MOST_CAUTIOUS]
    return f"; until it is mended: {', '.join(held)}" if held else ""


_AT_END = " (at end of document)"
_HEADER = re.compile(r"\s*\[\s*([\w.\"' -]+?)\s*\]\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([\w.\"' -]+?)\s*=")


def _lines(text: str) -> dict[str, int]:
    """The line of each table and key; tomllib does not tell. Works on broken files too."""
    found: dict[str, int] = {}
    above = ""
    for number, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.match(line):
            name = _plain(header[1])
            found.setdefault(name, number)
            above = f"{name}."
        elif key := _KEY.match(line):
            found.setdefault(f"{above}{_plain(key[1])}", number)
    return found


def _line(lines: Mapping[str, int], key: str) -> int | None:
    """The key's line, or that of a table written in one line that may hold it."""
    if key in lines:
        return lines[key]
    section = key.partition(".")[0]
    inline = section in lines and not any(name.startswith(f"{section}.") for name in lines)
    return lines[section] if inline else None


def _plain(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))
