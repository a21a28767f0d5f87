"""Findings, dismissals and answers about hunks in the state (R9, R25)."""

from dataclasses import replace
from pathlib import Path

import pytest

from samokoder.state import dismissals, findings, gc, reviewed, workspaces
from samokoder.state.database import Database
from samokoder.state.dismissals import Dismissal
from samokoder.state.findings import Finding, FindingState, Place
from samokoder.state.reviewed import Reviewed

ONE = Finding(
    "f1", "b1", "a1", "a.py", 3, 1, 3, 8, "abc = 1", "r", "m", "taint", "security", "89",
    "error", 0.9, "flow", "advice",
    places=(Place("flow", "in", "a.py", 1, 1, 1, 4, "abc"), Place("related", "here", "b.py", 2)),
)  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


async def test_a_finding_is_kept_once_and_renewed(file: Path) -> None:
    async with Database.open(file) as db:
        async with db.session() as s:
            mine = (await workspaces.ensure(s, "/w")).id
            await findings.keep(s, mine, None, [ONE, replace(ONE, fingerprint="f2", path="b.py")])
        async with db.session() as s:
            moved = replace(ONE, path="c.py", line=9, end_line=9, places=ONE.places[:1])
            await findings.keep(s, mine, None, [moved])
        async with db.reading() as s:
            first, second = await findings.listing(s, mine)
            assert (first.fingerprint, second.fingerprint) == ("f2", "f1")
            assert (second.path, second.line, second.places) == ("c.py", 9, ONE.places[:1])
            assert second.state is FindingState.OPEN
            assert await findings.listing(s, mine, paths=["b.py"]) == (first,)
            assert [f.fingerprint for f in await findings.matching(s, mine, "f")] == ["f2", "f1"]
            assert len(await findings.matching(s, mine, "%")) == 0


async def test_what_is_gone_comes_back_and_is_collected_when_old(file: Path) -> None:
    async with Database.open(file) as db:
        async with db.session() as s:
            mine = (await workspaces.ensure(s, "/w")).id
            await findings.keep(s, mine, None, [ONE])
            assert await findings.close(s, mine, ["f1", "nothere"]) == 1
            assert await findings.close(s, mine, ["f1"]) == 0
            assert await findings.listing(s, mine) == ()
            await findings.keep(s, mine, None, [ONE])
            assert len(await findings.listing(s, mine)) == 1
            await reviewed.remember(s, mine, [Reviewed(b"k", b"[]", 5)])
        later = 10**15
        assert (await gc.collect(db, retention_days=1, now=later)).findings == 0, "it is open"
        async with db.session() as s:
            await findings.close(s, mine, ["f1"])
            await dismissals.make(s, mine, Dismissal("f1", "b", "a", "p", 1, "q", "r", "m", "why"))
        assert (await gc.collect(db, retention_days=1, now=later)).findings == 1
        async with db.reading() as s:
            assert await findings.listing(s, mine, states=tuple(FindingState)) == ()
            assert [d.reason for d in await dismissals.listing(s, mine)] == ["why"]
            assert await reviewed.known(s, [b"k"]) == {}


async def test_a_dismissal_is_renewed_and_taken_back(file: Path) -> None:
    one = Dismissal("f1", "b", "a", "p", 1, "q", "r", "m", "why")
    async with Database.open(file) as db, db.session() as s:
        mine = (await workspaces.ensure(s, "/w")).id
        other = (await workspaces.ensure(s, "/x")).id
        await dismissals.make(s, mine, one)
        await dismissals.make(s, mine, replace(one, reason="better"))
        assert [d.reason for d in await dismissals.listing(s, mine)] == ["better"]
        assert await dismissals.listing(s, other) == ()
        assert await dismissals.revoke(s, mine, "f1")
        assert not await dismissals.revoke(s, mine, "f1")
        assert await dismissals.listing(s, mine) == ()


async def test_answers_are_known_by_what_was_asked(file: Path) -> None:
    async with Database.open(file) as db, db.session() as s:
        mine = (await workspaces.ensure(s, "/w")).id
        many = [Reviewed(b"%d" % n, b"[]", n) for n in range(250)]
        await reviewed.remember(s, mine, many)
        await reviewed.remember(s, mine, [Reviewed(b"7", b"[1]", 9), Reviewed(b"7", b"[2]", 9)])
        found = await reviewed.known(s, [b"7", b"249", b"none"])
        assert found == {b"7": Reviewed(b"7", b"[2]", 9), b"249": many[249]}
