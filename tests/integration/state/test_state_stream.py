"""The stream of events, the place of each client in it, and notices (R19)."""

import anyio
import anyio.lowlevel
from sqlalchemy import text

from samokoder.state import events, notices, runs, workspaces
from samokoder.state.database import Database


async def test_a_client_that_was_away_receives_what_it_missed_once(
    db: Database, workspace: int, run_id: str
) -> None:
    async with db.session() as s:
        await events.append(s, "before anybody looked")
        assert await events.pending(s, "nvim") == ()
        await events.subscribe(s, "nvim")
        other = await workspaces.ensure(s, "/srv/other")
        for number in range(5):
            await events.append(s, f"step-{number}", '{"n": 1}', run_id=run_id)
        await events.append(s, "elsewhere", workspace_id=other.id)
    async with db.session() as s:
        page = await events.pending(s, "nvim", limit=3)
        assert [event.kind for event in page] == ["step-0", "step-1", "step-2"]
        assert page[0].facts == '{"n": 1}'
        # not confirmed: it is sent again to a client that lost it
        assert await events.pending(s, "nvim", limit=3) == page
        assert await events.acknowledge(s, "nvim", page[-1].number)
        assert not await events.acknowledge(s, "nvim", page[0].number)
    async with db.session() as s:
        place = await events.subscribe(s, "nvim")
        assert place == page[-1].number
        rest = await events.pending(s, "nvim", workspace_id=workspace)
        assert [event.kind for event in rest] == ["step-3", "step-4"]
        assert await events.acknowledge(s, "nvim", await events.last(s))
        assert await events.pending(s, "nvim") == ()
        assert [event.kind for event in await events.after(s, 0, run_id=run_id, limit=2)] == [
            "step-0",
            "step-1",
        ]
        assert len(await events.after(s, place)) == 3
        assert [e.kind for e in await events.after(s, 0, workspace_id=other.id)] == ["elsewhere"]


async def test_no_event_is_missed_while_many_write(db: Database, workspace: int) -> None:
    seen: list[int] = []
    writers, each = 6, 8

    async def write(name: int) -> None:
        for number in range(each):
            async with db.session() as s:
                await runs.create(s, workspace_id=workspace, kind="fix")
                await events.append(s, f"{name}-{number}")

    async def follow() -> None:
        while len(seen) < writers * each:
            async with db.session() as s:
                found = await events.pending(s, "watcher", limit=7)
                if found:
                    seen.extend(event.number for event in found)
                    await events.acknowledge(s, "watcher", found[-1].number)
            await anyio.lowlevel.checkpoint()

    async with db.session() as s:
        await events.subscribe(s, "watcher")
    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            group.start_soon(follow)
            for name in range(writers):
                group.start_soon(write, name)
    assert seen == sorted(set(seen))
    assert len(seen) == writers * each


async def test_a_number_is_never_given_twice(db: Database) -> None:
    async with db.session() as s:
        first = await events.append(s, "one")
        await s.execute(text("DELETE FROM events"))
    async with db.session() as s:
        assert await events.append(s, "two") > first


async def test_notices_stay_until_they_are_read(db: Database, workspace: int, run_id: str) -> None:
    async with db.session() as s:
        mine = await notices.add(s, "warning", "look", run_id=run_id, workspace_id=workspace)
        everybody = await notices.add(s, "info", "news")
        await notices.add(s, "info", "theirs", workspace_id=(await workspaces.ensure(s, "/x")).id)
    async with db.session() as s:
        assert await notices.unread(s, workspace_id=workspace) == (mine, everybody)
        assert len(await notices.unread(s)) == 3
        assert await notices.mark_read(s, [mine.id, 999]) == 1
        assert await notices.mark_read(s, [mine.id]) == 0
        assert await notices.unread(s, workspace_id=workspace) == (everybody,)
