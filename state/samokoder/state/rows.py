"""Frozen values out of rows: a value's fields name the columns that are read."""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy.orm import InstrumentedAttribute

from samokoder.state.schema import Table

T = TypeVar("T")

BATCH = 500
"""Values in one IN list; SQLite takes 999 in its oldest supported builds."""


def columns(value: type[Any], table: type[Table]) -> tuple[InstrumentedAttribute[Any], ...]:
    """The table's columns in the order of the dataclass's fields: ``Value(*row)`` builds one."""
    return tuple(getattr(table, field.name) for field in fields(value))


def batches(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """The items in lists of at most ``size``."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
