"""Deadlines, use, adoption after a crash, hot reload, strays (R10)."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pytest
from preview_room import HELLO, Room, page, python, room

from samokoder.agents.preview import code, labels, life, sync
from samokoder.agents.preview.spec import Cause, Phase, PreviewSpec, PreviewStatus, Reload, Stack
from samokoder.state import clock, previews

pytestmark = pytest.mark.engine

WAIT = 20.0


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = WAIT) -> None:
    with anyio.fail_after(seconds):
        while not await condition():
            await anyio.sleep(0.1)


async def test_a_deadline_that_passed_ends_it(previews_room: Room) -> None:
    status = await previews_room.start(minutes=0.01)
    made = await previews_room.container(status)
    assert int(made["Config"]["Labels"][labels.DEADLINE]) == status.deadline
    await anyio.sleep(max(0.0, (status.deadline - clock.now_ms()) / 1000 + 0.1))
    await life.look(previews_room.previews)
    ended = await previews_room.previews.status(status.id)
    assert (ended.phase, ended.cause) == (Phase.STOPPED, Cause.EXPIRED)
    assert await previews_room.left() == []


async def test_use_moves_the_deadline_up_to_the_longest(previews_room: Room) -> None:
    status = await previews_room.start(minutes=1.0, longest_minutes=1.05)
    await life.look(previews_room.previews)
    assert (await previews_room.previews.status(status.id)).deadline == status.deadline, (
        "asking whether it is ready is no use"
    )
    await anyio.sleep(0.5)
    assert await page(status.url) == "hello"

    async def moved() -> bool:
        await life.look(previews_room.previews)
        return (await previews_room.previews.status(status.id)).deadline > status.deadline

    await until(moved)
    after = await previews_room.previews.status(status.id)
    assert after.deadline <= status.started + 63_000


async def test_what_ended_by_itself_is_told_and_starts_again_when_it_is_mended(
    previews_room: Room,
) -> None:
    status = await previews_room.start()
    spec = python()
    await _save(previews_room, status, spec, {"app.py": "raise ValueError('broken')\n"})

    async def crashed() -> bool:
        await life.look(previews_room.previews)
        return (await previews_room.previews.status(status.id)).cause is Cause.CRASHED

    await until(crashed)
    now = await previews_room.previews.status(status.id)
    assert now.phase is Phase.RUNNING and "ValueError: broken" in now.reason
    await _save(previews_room, status, spec, {"app.py": HELLO.replace("hello", "mended")})
    await until(lambda: _says(status, "mended"))
    await life.look(previews_room.previews)
    assert (await previews_room.previews.status(status.id)).cause is Cause.NONE


async def test_saved_files_arrive_and_removed_ones_go(previews_room: Room) -> None:
    spec = PreviewSpec(
        Stack.STATIC,
        start=("python", "-m", "http.server", "8000", "--bind", "0.0.0.0"),
        port=8000,
        reload=Reload.WATCH,
    )
    files = {"index.html": "one", "old/page.html": "old", "style.css": "x"}
    status = await previews_room.start(spec, files)
    before = (await previews_room.container(status))["State"]["StartedAt"]
    await anyio.to_thread.run_sync((previews_room.root / "old/page.html").unlink)
    await _save(previews_room, status, spec, {"index.html": "two", "new/page.html": "new"})
    assert await page(status.url) == "two"
    assert await page(f"{status.url}new/page.html") == "new"
    assert "404" in await page(f"{status.url}old/page.html")
    assert (await previews_room.container(status))["State"]["StartedAt"] == before


async def test_another_process_takes_it_up_and_knows_what_it_has(
    previews_room: Room, tmp_path: Path
) -> None:
    status = await previews_room.start()
    async with room(tmp_path) as other:
        await life.look(other.previews)
        taken = await other.previews.status(status.id)
        assert (taken.phase, taken.url) == (Phase.RUNNING, status.url)
        before = (await other.container(status))["State"]["StartedAt"]
        assert not await _refreshed(other, status, python()), "nothing was saved since"
        assert (await other.container(status))["State"]["StartedAt"] == before
        await other.previews.stop(status.id)
    assert await previews_room.left() == []


async def test_saved_while_nobody_looked(previews_room: Room, tmp_path: Path) -> None:
    status = await previews_room.start()
    await previews_room.write({"app.py": HELLO.replace("hello", "later")})
    async with room(tmp_path) as other:
        other.previews.live = 1
        assert await _refreshed(other, status, python())
        await until(lambda: _says(status, "later"))


async def test_killed_in_the_middle_of_a_start(previews_room: Room, tmp_path: Path) -> None:
    script = f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parents[2] / "engine")!r})
        import anyio
        from pathlib import Path
        from preview_room import room

        async def main():
            async with room(Path({str(tmp_path)!r})) as one:
                print("begun", flush=True)
                await one.start(files={{"app.py": "import time; time.sleep(99)"}})

        anyio.run(main)
    """
    process = await anyio.to_thread.run_sync(
        lambda: subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script)],
            stdout=subprocess.PIPE,
            env=dict(os.environ),
        )
    )
    assert process.stdout is not None
    await anyio.to_thread.run_sync(process.stdout.readline)

    async def begun() -> bool:
        return len(await previews_room.left()) >= 3

    await until(begun)
    process.send_signal(signal.SIGKILL)
    await anyio.to_thread.run_sync(process.wait)
    process.stdout.close()
    async with previews_room.db.session() as s:
        (row,) = await previews.listing(s, phases=(previews.STARTING,))

    async def buried() -> bool:
        await life.look(previews_room.previews)
        return (await previews_room.previews.status(row.id)).phase is Phase.FAILED

    await until(buried)
    assert (await previews_room.previews.status(row.id)).cause is Cause.INTERRUPTED
    assert await previews_room.left() == []


async def test_strays(previews_room: Room) -> None:
    engine = await previews_room.previews.engine()

    async def volume(name: str, state: str, latest: int) -> None:
        marks = labels.Tag(name, state, latest, latest).labels("volume")
        await engine.call(engine.client.create_volume, f"samokoder-{name}", labels=marks)

    later = clock.now_ms() + 60_000
    await volume("mine", previews_room.previews.state, later)
    await volume("outlived", "another-state", clock.now_ms() - 1)
    await volume("theirs", "another-state", later)
    await life.reap(previews_room.previews, engine)
    assert await previews_room.left() == ["samokoder-theirs"]
    await engine.call(engine.client.remove_volume, "samokoder-theirs")


async def test_starts_and_stops_leave_nothing(previews_room: Room) -> None:
    engine = await previews_room.previews.engine()

    async def everything() -> tuple[int, ...]:
        client = engine.client
        return (
            len(await engine.call(client.containers, all=True)),
            len(await engine.call(client.networks)),
            len((await engine.call(client.volumes))["Volumes"] or ()),
            len(await engine.call(client.images)),
        )

    await previews_room.previews.stop((await previews_room.start()).id)
    before = await everything()
    for _ in range(4):
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(_cycle, previews_room)
    assert await everything() == before
    assert await previews_room.left() == []


async def test_parallel_starts_have_ports_of_their_own(previews_room: Room) -> None:
    started: list[PreviewStatus] = []
    await previews_room.write({"app.py": HELLO})

    async def one() -> None:
        started.append(await previews_room.start(limit=8))

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(one)
    assert len({status.port for status in started}) == 8
    for status in started:
        assert await page(status.url) == "hello"


async def _cycle(here: Room) -> None:
    await here.previews.stop((await here.start(limit=5)).id)


async def _says(status: PreviewStatus, text: str) -> bool:
    import httpx

    try:
        return await page(status.url) == text
    except httpx.HTTPError:
        return False


async def _save(
    here: Room, status: PreviewStatus, spec: PreviewSpec, files: dict[str, str]
) -> None:
    await here.write(files)
    assert await _refreshed(here, status, spec)


async def _refreshed(here: Room, status: PreviewStatus, spec: PreviewSpec) -> bool:
    snapshot = await code.tree(anyio.Path(here.root), ()).capture()
    async with here.db.reading() as s:
        row = await previews.get(s, status.id)
    assert row is not None
    return await sync.refresh(here.previews, row, spec, snapshot)
