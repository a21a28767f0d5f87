"""Recovery: killed between any two system calls, a change set is finished or taken back."""

import itertools
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from samokoder.agents.workspace.apply import apply
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange, content_hash
from samokoder.agents.workspace.desk import Desk
from samokoder.agents.workspace.plan import Plan, Write
from samokoder.agents.workspace.recover import Recovered, recover

LINES = b"1\n2\n3\n4\n5\n6\n7\n8\n9\n"


class Store:
    def __init__(self, *contents: bytes) -> None:
        self.contents = {content_hash(data): data for data in contents}
        self.plan: Plan | None = None

    async def read(self, name: str) -> bytes:
        return self.contents[name]

    async def intend(self, plan: Plan, contents: Mapping[str, bytes]) -> None:
        self.contents |= contents
        self.plan = plan


def name(data: bytes | None) -> str | None:
    return content_hash(data) if data is not None else None


def planned(*writes: tuple[str, bytes | None, bytes | None], folders: tuple[str, ...] = ()) -> Plan:
    return Plan("r", "t", tuple(Write(p, name(b), name(a)) for p, b, a in writes), folders)


async def run(root: Path, plan: Plan, store: Store, desk: Desk | None = None) -> Recovered:
    return await recover(
        plan, root=root, editors=desk or Desk(), read=store.read, intend=store.intend
    )


def tree(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


OLD = {"a": b"a\n", "b": b"b\n", "gone": b"g\n"}
NEW = {"a": b"A\n", "b": b"B\n", "d/new": b"n\n"}


@pytest.mark.parametrize("done", list(itertools.product([False, True], repeat=4)))
async def test_a_half_written_plan_is_finished(tmp_path: Path, done: tuple[bool, ...]) -> None:
    paths = ("a", "b", "gone", "d/new")
    plan = planned(*((p, OLD.get(p), NEW.get(p)) for p in paths), folders=("d",))
    for path, is_done in zip(paths, done, strict=True):
        data = (NEW if is_done else OLD).get(path)
        if data is not None:
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).write_bytes(data)
    (tmp_path / ".samokoder-r-0-new.tmp").write_bytes(b"half")
    (tmp_path / ".samokoder-r-1-old.tmp").write_bytes(b"b\n")
    store = Store(*OLD.values(), *NEW.values())
    recovered = await run(tmp_path, plan, store)
    assert recovered.outcome == "finished"
    assert tree(tmp_path) == NEW
    assert recovered.receipt is not None
    assert {w.path: (w.before, w.after) for w in recovered.receipt.writes} == {
        w.path: (w.before, w.after) for w in plan.writes
    }
    assert (await run(tmp_path, plan, store)).outcome == "finished"
    assert tree(tmp_path) == NEW


async def test_typing_elsewhere_is_merged(tmp_path: Path) -> None:
    after = LINES.replace(b"2", b"two")
    for typed_on in (LINES, after):
        typed = typed_on + b"typed\n"
        (tmp_path / "a").write_bytes(typed)
        plan, store = planned(("a", LINES, after)), Store(LINES, after)
        assert (await run(tmp_path, plan, store)).outcome == "finished"
        assert tree(tmp_path) == {"a": after + b"typed\n"}
        assert store.plan is None or store.plan.writes[0].after == name(after + b"typed\n")


async def test_when_one_file_cannot_get_its_change_the_others_are_taken_back(
    tmp_path: Path,
) -> None:
    after = LINES.replace(b"2", b"two")
    (tmp_path / "a").write_bytes(after + b"typed\n")
    (tmp_path / "b").write_bytes(LINES.replace(b"2", b"mine"))
    (tmp_path / "d").mkdir()
    (tmp_path / "d/new").write_bytes(b"n\n")
    plan = planned(
        ("a", LINES, after), ("b", LINES, after), ("d/new", None, b"n\n"), folders=("d",)
    )
    store = Store(LINES, after, b"n\n")
    recovered = await run(tmp_path, plan, store)
    assert recovered.outcome == "rolled back"
    assert tree(tmp_path) == {"a": LINES + b"typed\n", "b": LINES.replace(b"2", b"mine")}
    assert not (tmp_path / "d").exists()


async def test_a_file_the_user_put_there_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"A\n")
    (tmp_path / "new").write_bytes(b"the user's\n")
    plan, store = (
        planned(("a", b"a\n", b"A\n"), ("new", None, b"n\n")),
        Store(b"a\n", b"A\n", b"n\n"),
    )
    recovered = await run(tmp_path, plan, store)
    assert recovered.outcome == "rolled back"
    assert tree(tmp_path) == {"a": b"a\n", "new": b"the user's\n"}
    assert [c.path for c in recovered.conflicts] == ["new"]


async def test_an_open_document_gets_its_part(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"a\n")
    desk = Desk()
    desk.open("one", file, "a\n")
    plan, store = planned(("a", b"a\n", b"A\n")), Store(b"a\n", b"A\n")
    assert (await run(tmp_path, plan, store, desk)).outcome == "finished"
    assert desk.text("one", file) == "A\n"
    assert file.read_bytes() == b"a\n"


async def test_what_cannot_be_decided_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"a\n")
    desk = Desk()
    desk.open("one", file, "a\n")
    desk.open("two", file, "typed\n")
    plan, store = planned(("a", b"a\n", b"A\n")), Store(b"a\n", b"A\n")
    assert (await run(tmp_path, plan, store, desk)).outcome == "stuck"
    file.unlink()
    file.symlink_to("/etc/hostname")
    assert (await run(tmp_path, plan, store)).outcome == "stuck"
    assert desk.text("two", file) == "typed\n"


CHILD = """
import asyncio, sys
from pathlib import Path
import msgspec
from samokoder.agents.workspace.apply import apply
from samokoder.agents.workspace.changeset import ChangeSet
from samokoder.agents.workspace.target import NoEditors

root, journal = Path(sys.argv[1]), Path(sys.argv[2])
change_set = msgspec.msgpack.decode(Path(sys.argv[3]).read_bytes(), type=ChangeSet)

async def intend(plan, contents):
    journal.write_bytes(msgspec.msgpack.encode((plan, contents)))
    print("go", flush=True)

async def main():
    await apply(change_set, root=root, id="r", editors=NoEditors(), read=None, intend=intend)
    print("done", flush=True)

asyncio.run(main())
"""


@pytest.mark.slow
async def test_killed_at_random_moments(tmp_path: Path) -> None:
    """R1: kill -9 while twelve files are replaced; each is at all times wholly old or new."""
    seed = random.randrange(1 << 30)
    dice = random.Random(seed)
    old = {f"f{n}": b"old %d\n" % n * 2000 for n in range(10)}
    new = {f"f{n}": b"new %d\n" % n * 2000 for n in range(8)} | {"sub/x": b"x\n", "sub/y": b"y\n"}
    changes = tuple(
        FileChange(
            p,
            ChangeKind.CREATE if p not in old else ChangeKind("modify" if p in new else "delete"),
            name(old.get(p)),
            new.get(p),
        )
        for p in sorted(old | new)
    )
    (tmp_path / "set").write_bytes(msgspec.msgpack.encode(ChangeSet("t", changes)))
    mixes = 0
    for n in range(16):
        root, journal = tmp_path / f"w{n}", tmp_path / f"j{n}"
        root.mkdir()
        for path, data in old.items():
            (root / path).write_bytes(data)
        args = [sys.executable, "-c", CHILD, root, journal, tmp_path / "set"]
        with subprocess.Popen(args, stdout=subprocess.PIPE) as child:  # noqa: ASYNC220
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(dice.random() * 0.02)  # noqa: ASYNC251
            child.send_signal(signal.SIGKILL)
        for path, data in tree(root).items():
            assert path.endswith(".tmp") or data in (old.get(path), new.get(path)), (seed, n)
        mixes += tree(root) not in (old, new)
        plan, contents = msgspec.msgpack.decode(
            journal.read_bytes(), type=tuple[Plan, dict[str, bytes]]
        )
        store = Store(*contents.values())
        recovered = await run(root, plan, store)
        assert (recovered.outcome, tree(root)) == ("finished", new), (seed, n)
    assert mixes, "no kill fell into the middle; the pause is wrong for this machine"


async def test_applied_again_from_the_start_it_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"A\n")
    store = Store(b"a\n")
    changes = (FileChange("a", ChangeKind.MODIFY, name(b"a\n"), b"A\n"),)
    receipt = await apply(
        ChangeSet("t", changes),
        root=tmp_path,
        id="r",
        editors=Desk(),
        read=store.read,
        intend=store.intend,
    )
    assert receipt.unchanged == ("a",)
