"""The catalogue of settings: every key, its type, plain words about a value that does not fit."""

import difflib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import msgspec

from samokoder.agents.settings import Settings


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting; ``key`` is ``section.name``, the same in every place it can be set."""

    key: str
    type: Any
    default: object

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return "SAMOKODER_" + self.key.replace(".", "_").upper()


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a value cannot be used: completes the sentence "KEY must be …"."""

    reason: str


def _catalogue() -> Mapping[str, Setting]:
    found = {}
    for section in msgspec.structs.fields(Settings):
        for field in msgspec.structs.fields(section.type):
            key = f"{section.encode_name}.{field.encode_name}"
            found[key] = Setting(key, field.type, field.default)
    return MappingProxyType(found)


SETTINGS: Mapping[str, Setting] = _catalogue()
"""By key, in the order of the settings' classes."""

SECTIONS: tuple[str, ...] = tuple(dict.fromkeys(key.split(".")[0] for key in SETTINGS))


def build(values: Mapping[str, Any]) -> Settings:
    """Settings from converted values by key; what is missing keeps its default."""
    return Settings(
        **{
            section.encode_name: section.type(
                **{
                    field.name: values[key]
                    for field in msgspec.structs.fields(section.type)
                    if (key := f"{section.encode_name}.{field.encode_name}") in values
                }
            )
            for section in msgspec.structs.fields(Settings)
        }
    )


def nearest(key: str) -> str:
    """The known key the user most likely meant, or "" when none is near."""
    last = key.rpartition(".")[2]
    same_name = [known for known in SETTINGS if known.rpartition(".")[2] == last]
    if len(same_name) == 1:
        return same_name[0]
    return _closest(key, (*SETTINGS, *SECTIONS))


def fit(setting: Setting, value: object, *, text: bool = False) -> object:
    """The value as the setting's type, or :class:`Unfit`.

    With ``text`` the value may be the text of a variable or a flag: ``true``, ``5``, and for a
    list a JSON array or its single item.
    """
    if text and isinstance(value, str) and _wants_list(setting.type):
        try:
            value = json.loads(value) if value.lstrip().startswith("[") else [value]
        except ValueError:
            return Unfit(f"a JSON array such as {_LIST_EXAMPLE}, not {_shown(value)}")
    try:
        fitted: object = msgspec.convert(value, setting.type, strict=not text)
    except msgspec.ValidationError:
        return Unfit(f"{describe(setting.type)}, not {_shown(value)}{_hint(setting.type, value)}")
    if isinstance(fitted, float) and not math.isfinite(fitted):
        return Unfit(f"a finite number, not {fitted}")
    return fitted


_LIST_EXAMPLE = '["a", "b"]'


def describe(kind: Any) -> str:
    """A type in plain words: "a whole number of at least 1", "one of "ask", "auto"" …"""
    info = msgspec.inspect.type_info(kind)
    match info:
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.IntType():
            return f"a whole number{_bounds(info)}"
        case msgspec.inspect.FloatType():
            return f"a number{_bounds(info)}"
        case msgspec.inspect.LiteralType():
            return "one of " + ", ".join(json.dumps(value) for value in info.values)
        case msgspec.inspect.VarTupleType(item_type=msgspec.inspect.LiteralType() as item):
            return "a list of " + ", ".join(json.dumps(value) for value in item.values)
        case msgspec.inspect.VarTupleType():
            return f"a list of texts such as {_LIST_EXAMPLE}"
        case _:
            return "a text"


def _bounds(info: msgspec.inspect.IntType | msgspec.inspect.FloatType) -> str:
    if info.ge is not None:
        return f" of at least {info.ge:g}"
    return f" above {info.gt:g}" if info.gt is not None else ""


def _wants_list(kind: Any) -> bool:
    return isinstance(msgspec.inspect.type_info(kind), msgspec.inspect.VarTupleType)


def _shown(value: object) -> str:
    """The value as the user wrote it, short."""
    match value:
        case bool():
            shown = str(value).lower()
        case str():
            shown = f"the text {json.dumps(value, ensure_ascii=False)}"
        case Mapping():
            shown = "a table"
        case list() | tuple():
            shown = "the list " + json.dumps(value, ensure_ascii=False, default=str)
        case _:
            shown = str(value)
    return shown if len(shown) <= 80 else f"{shown[:79]}…"


def _hint(kind: Any, value: object) -> str:
    info = msgspec.inspect.type_info(kind)
    if isinstance(info, msgspec.inspect.LiteralType) and isinstance(value, str):
        meant = _closest(value, tuple(str(known) for known in info.values))
        return f"; did you mean {json.dumps(meant)}?" if meant else ""
    return ""


def _closest(word: str, known: tuple[str, ...]) -> str:
    lower = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower().replace("-", "_"), lower, n=1, cutoff=0.6)
    return lower[found[0]] if found else ""
