"""Dismissals a project shares: ``.samokoder/dismissals.toml``, read strictly, written whole.

In the review of a change only what the file said before the change counts: no change can silence
the findings about itself.
"""

import tomllib
from collections.abc import Iterable

import msgspec
import tomlkit
from tomlkit.exceptions import TOMLKitError

from samokoder.agents.errors import InvalidInput
from samokoder.agents.workspace import paths
from samokoder.agents.workspace.snapshot import Snapshot
from samokoder.state.dismissals import Dismissal

FILE = paths.DISMISSALS
_HEAD = (
    "Findings this project does not want to hear of, with the reasons.",
    "Written by `samokoder finding dismiss --share`; entries may be removed by hand.",
)
_LIMIT = 1 << 20
"""Bytes the file may have."""


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    fingerprint: str
    reason: str = ""
    path: str = ""
    line: int = 1
    rule: str = ""
    message: str = ""
    quote: str = ""
    base: str = ""
    around: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    dismissal: tuple[_Entry, ...] = ()


def parse(data: bytes) -> tuple[Dismissal, ...]:
    """The entries; InvalidInput where the file is not right."""
    if len(data) > _LIMIT:
        raise InvalidInput(f"{FILE} is larger than {_LIMIT >> 20} MiB")
    try:
        found = msgspec.convert(tomllib.loads(data.decode()), _File)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InvalidInput(f"{FILE} is not right: {error}") from error
    return tuple(
        Dismissal(
            e.fingerprint, e.base, e.around, e.path, e.line, e.quote, e.rule, e.message, e.reason
        )
        for e in found.dismissal
    )


async def shared(snapshot: Snapshot) -> tuple[tuple[Dismissal, ...], str]:
    """The project's entries in a snapshot; and why there are none where the file is not right."""
    if FILE not in snapshot.files:
        return (), ""
    try:
        return parse(await snapshot.read(FILE)), ""
    except InvalidInput as error:
        return (), str(error)


def added(data: bytes, more: Iterable[Dismissal]) -> bytes:
    """The file with these entries; one of the same fingerprint is replaced, the rest is untouched.

    Raises InvalidInput where the file is not right: what cannot be read is not overwritten.
    """
    if data:
        parse(data)
    try:
        document = tomlkit.parse(data.decode()) if data else _fresh()
    except TOMLKitError as error:  # pragma: no cover - parse has read it
        raise InvalidInput(f"{FILE} is not right: {error}") from error
    entries = document.get("dismissal")
    if entries is None:
        entries = tomlkit.aot()
        document.append("dismissal", entries)
    for one in more:
        for number, entry in reversed(list(enumerate(entries))):
            if entry.get("fingerprint") == one.fingerprint:
                del entries[number]
        table = tomlkit.table()
        for name in _Entry.__struct_fields__:
            table.append(name, getattr(one, name))
        entries.append(table)
    return tomlkit.dumps(document).encode()


def removed(data: bytes, fingerprint: str) -> bytes:
    """The file without the entry of this fingerprint. Raises InvalidInput as above."""
    if all(one.fingerprint != fingerprint for one in parse(data)):
        return data
    document = tomlkit.parse(data.decode())
    entries = document["dismissal"]
    for number, entry in reversed(list(enumerate(entries))):
        if entry.get("fingerprint") == fingerprint:
            del entries[number]
    if not len(entries):
        del document["dismissal"]
    return tomlkit.dumps(document).encode()


def _fresh() -> tomlkit.TOMLDocument:
    document = tomlkit.document()
    for line in _HEAD:
        document.add(tomlkit.comment(line))
    return document
