"""Contents and manifests: what goes in comes out, and little of it is stored (R18)."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from samokoder.state import blobs, schema, snapshots, workspaces
from samokoder.state.database import Database
from samokoder.state.errors import StateDamaged
from samokoder.state.snapshots import File

EXAMPLES = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def named(data: bytes, mode: int = 0o644) -> File:
    return File(hashlib.sha256(data).hexdigest(), len(data), mode)


async def rows(db: Database, table: type[schema.Table]) -> int:
    async with db.reading() as s:
        return int((await s.execute(select(func.count()).select_from(table))).scalar_one())


@EXAMPLES
@given(st.lists(st.binary(max_size=300)))
async def test_contents_come_back_whole(db: Database, contents: list[bytes]) -> None:
    async with db.session() as s:
        names = await blobs.put_many(s, contents)
        assert list(names) == [hashlib.sha256(data).hexdigest() for data in contents]
    async with db.reading() as s:
        found = await blobs.get_many(s, names)
        assert [found[name] for name in names] == contents
        assert await blobs.sizes(s, names) == {name: len(found[name]) for name in names}


async def test_a_content_is_stored_once_and_packed(db: Database) -> None:
    async with db.session() as s:
        name = await blobs.put(s, b"spam " * 10_000)
        assert await blobs.put_many(s, [b"spam " * 10_000] * 2) == (name, name)
        stored = (await s.execute(select(func.length(schema.Blob.data)))).scalars().all()
        assert len(stored) == 1
        assert stored[0] is not None
        assert stored[0] < 1_000
        assert await blobs.get(s, name) == b"spam " * 10_000


async def test_large_contents_go_through_a_thread(db: Database) -> None:
    contents = [bytes([number]) * 100_000 for number in range(20)]
    async with db.session() as s:
        names = await blobs.put_many(s, contents)
        assert list((await blobs.get_many(s, names)).values()) == contents


async def test_a_noted_name_has_no_content_until_it_is_put(db: Database) -> None:
    data = b"later"
    name = blobs.name(data)
    async with db.session() as s:
        numbers = await blobs.ids(s, {name: len(data)})
        assert await blobs.missing(s, [name]) == {name}
        with pytest.raises(KeyError, match=name):
            await blobs.get(s, name)
        with pytest.raises(KeyError, match=name):
            await blobs.stored(s, [name])
        await blobs.put(s, data)
        assert await blobs.missing(s, [name]) == frozenset()
        assert await blobs.ids(s, {name: len(data)}) == numbers == await blobs.stored(s, [name])


@pytest.mark.parametrize("change", ["data = 'text'", "data = x'00'", "packed = NOT packed"])
async def test_an_altered_content_is_noticed(tmp_path: Path, change: str) -> None:
    async with Database.open(tmp_path / "state.db") as db:
        async with db.session() as s:
            name = await blobs.put(s, b"tiny")
            await s.execute(text(f"UPDATE blobs SET {change}"))
        async with db.reading() as s:
            with pytest.raises(StateDamaged, match=name):
                await blobs.get(s, name)


PATHS = st.sampled_from(
    [f"{folder}{name}.py" for folder in ("", "pkg/", "пакет/") for name in "abc"]
)
ENTRIES = st.builds(
    File,
    st.sampled_from([hashlib.sha256(bytes([n])).hexdigest() for n in range(5)]),
    st.just(7),
    st.sampled_from([0o644, 0o755]),
)
# each with which of the earlier ones it comes from
HISTORY = st.lists(
    st.tuples(st.dictionaries(PATHS, ENTRIES), st.integers(0, 7)), min_size=1, max_size=8
)


@EXAMPLES
@given(HISTORY)
async def test_any_history_of_manifests_is_read_back(
    db: Database, history: list[tuple[dict[str, File], int]]
) -> None:
    numbers: list[int] = []
    async with db.session() as s:
        await s.execute(text("DELETE FROM snapshot_entries"))
        await s.execute(text("DELETE FROM snapshots"))
        workspace = (await workspaces.ensure(s, "/srv/any")).id
        for files, origin in history:
            parent = numbers[origin] if origin < len(numbers) else None
            numbers.append(await snapshots.save(s, workspace, files, parent))
    async with db.reading() as s:
        for number, (files, _) in zip(numbers, history, strict=True):
            assert await snapshots.load(s, number) == files


@EXAMPLES
@given(st.dictionaries(PATHS, ENTRIES), st.dictionaries(PATHS, st.none() | ENTRIES))
async def test_extending_equals_saving_the_whole(
    db: Database, old: dict[str, File], changed: dict[str, File | None]
) -> None:
    new = {path: entry for path, entry in {**old, **changed}.items() if entry is not None}
    async with db.session() as s:
        workspace = (await workspaces.ensure(s, "/srv/extended")).id
        base = await snapshots.save(s, workspace, old)
        digest = snapshots.digest(new)
        number = await snapshots.extend(s, base, changed, hash=digest, files=len(new))
        assert await snapshots.load(s, number) == new
        assert await snapshots.save(s, workspace, new) == number


async def grow(db: Database, workspace: int, files: dict[str, File], steps: int) -> list[int]:
    """Save the manifest, then one changed file a step."""
    numbers: list[int] = []
    for step in range(steps):
        if step:
            files = {**files, f"file{step % len(files)}.py": named(b"%d" % step)}
        async with db.session() as s:
            parent = numbers[-1] if numbers else None
            numbers.append(await snapshots.save(s, workspace, files, parent))
    return numbers


async def test_a_step_stores_what_it_changed_and_no_more(db: Database, workspace: int) -> None:
    files = {f"file{number}.py": named(b"") for number in range(200)}
    numbers = await grow(db, workspace, files, 40)
    assert await rows(db, schema.SnapshotEntry) == 200 + 39
    assert await rows(db, schema.Path) == 200
    async with db.reading() as s:
        last = await snapshots.get(s, numbers[-1])
        newest = await snapshots.latest(s, workspace)
    assert last is not None
    assert (last.depth, last.files, last.parent_id) == (39, 200, numbers[-2])
    assert newest == last


async def test_a_chain_never_grows_without_bound(db: Database, workspace: int) -> None:
    files = {f"file{number}.py": named(b"") for number in range(200)}
    numbers = await grow(db, workspace, files, snapshots.MAX_DEPTH + 5)
    async with db.reading() as s:
        found = [await snapshots.get(s, number) for number in numbers]
        depths = [each.depth for each in found if each is not None]
        assert max(depths) == snapshots.MAX_DEPTH
        assert depths[-4:] == [0, 1, 2, 3]
        assert len(await snapshots.load(s, numbers[-1])) == 200


async def test_a_rewritten_workspace_becomes_a_full_manifest(db: Database, workspace: int) -> None:
    old = {f"file{number}.py": named(b"") for number in range(100)}
    new: Mapping[str, File] = {path: named(b"new") for path in old}
    async with db.session() as s:
        base = await snapshots.save(s, workspace, old)
        again = await snapshots.save(s, workspace, {**new, "more.py": named(b"")}, base)
        found = await snapshots.get(s, again)
        assert found is not None
        assert found.depth == 0


async def test_snapshots_of_another_workspace_are_no_base(db: Database, workspace: int) -> None:
    files = {"a.py": named(b"a")}
    async with db.session() as s:
        other = (await workspaces.ensure(s, "/srv/other")).id
        base = await snapshots.save(s, workspace, files)
        copied = await snapshots.save(s, other, files, base)
        assert copied != base
        assert await snapshots.load(s, copied) == files
        found = await snapshots.get(s, copied)
        assert found is not None
        assert found.parent_id is None
        with pytest.raises(KeyError):
            await snapshots.load(s, 999)
        with pytest.raises(KeyError):
            await snapshots.extend(s, 999, {}, hash="00" * 32, files=0)
