"""What is saved reaches programs whose files come with an image or a compose file (R10)."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import httpx
import pytest
from images import PYTHON
from preview_room import HELLO, Room, page, room

from samokoder.agents.preview import code, life, sync
from samokoder.agents.preview.spec import (
    Cause,
    Health,
    PreviewSpec,
    PreviewStatus,
    Reload,
    Service,
    Stack,
    Volume,
)
from samokoder.state import previews

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

DOCKERFILE = f"FROM {PYTHON}\nWORKDIR /srv\nCOPY . ./\nRUN test ! -e broken\nEXPOSE 8000\n"
DOCKERFILE += 'CMD ["python3", "app.py"]\n'
GREETS = HELLO.replace('b"hello"', 'os.environ.get("GREETING", "none").encode() + b" one"')
SPEC = PreviewSpec(
    Stack.DOCKERFILE,
    dockerfile="Dockerfile",
    port=8000,
    reload=Reload.BUILD,
    health=Health(seconds=20.0),
)


async def saved(here: Room, status: PreviewStatus, spec: PreviewSpec, **files: str) -> None:
    """Save files (``__`` stands for a dot or a slash) and let them be looked at."""
    await here.write({name.replace("___", "/").replace("__", "."): files[name] for name in files})
    snapshot = await code.tree(anyio.Path(here.root), ()).capture()
    async with here.db.reading() as s:
        row = await previews.get(s, status.id)
    assert row is not None
    assert await sync.refresh(here.previews, row, spec, snapshot)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    with anyio.fail_after(30):
        while not await condition():
            await anyio.sleep(0.1)


async def says(status: PreviewStatus, text: str) -> bool:
    try:
        return await page(status.url) == text
    except httpx.HTTPError:
        return False


async def test_an_image_is_built_again_and_keeps_its_grants(
    previews_room: Room, tmp_path: Path
) -> None:
    files = {"Dockerfile": DOCKERFILE, "app.py": GREETS}
    status = await previews_room.start(SPEC, files, environment={"GREETING": "hi"})
    assert await page(status.url) == "hi one"
    await saved(previews_room, status, SPEC, app__py=GREETS.replace("one", "two"))
    await until(lambda: says(status, "hi two"))
    main = await previews_room.container(status)
    assert main["HostConfig"]["ReadonlyRootfs"] and main["HostConfig"]["CapDrop"] == ["ALL"]
    await saved(previews_room, status, SPEC, broken="")
    now = await previews_room.previews.status(status.id)
    assert now.cause is Cause.BUILD_FAILED and "RUN test" in now.reason
    assert await page(status.url) == "hi two", "the program that works stays"
    await anyio.to_thread.run_sync((previews_room.root / "broken").unlink)
    async with room(tmp_path) as other:
        # another process takes it up, and knows only that something is different
        other.previews.live = 1
        await saved(other, status, SPEC, app__py=GREETS.replace("one", "three"))
        await until(lambda: says(status, "hi three"))
        await life.look(other.previews)
        assert (await other.previews.status(status.id)).cause is Cause.NONE
        await other.previews.stop(status.id)


async def test_only_the_services_that_have_a_file_are_touched(previews_room: Room) -> None:
    web = HELLO.replace('b"hello"', 'open("/srv/word.txt", "rb").read()')
    api = HELLO.replace("8000", "9000")
    spec = PreviewSpec(
        Stack.COMPOSE,
        port=8000,
        main="web",
        reload=Reload.BUILD,
        services=(
            Service(
                "api", PYTHON, command=("python3", "/api/api.py"), volumes=(Volume("/api", "api"),)
            ),
            Service(
                "web",
                PYTHON,
                command=("python3", "/srv/web.py"),
                volumes=(Volume("/srv", "web"),),
                port=8000,
            ),
        ),
    )
    files = {"web/web.py": web, "web/word.txt": "one", "api/api.py": api, "notes.txt": "x"}
    status = await previews_room.start(spec, files)
    assert await page(status.url) == "one"

    async def begun(service: str) -> str:
        return str((await previews_room.container(status, service))["State"]["StartedAt"])

    before = await begun("api"), await begun("web")
    await saved(previews_room, status, spec, web___word__txt="two")
    await until(lambda: says(status, "two"))
    assert (await begun("api"), await begun("web") != before[1]) == (before[0], True)
    again = await begun("web")
    await saved(previews_room, status, spec, notes__txt="y")
    assert await begun("web") == again
