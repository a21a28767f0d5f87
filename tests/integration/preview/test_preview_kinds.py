"""Kinds of projects: installed, built, from a Dockerfile, of several services, with grants."""

import io
import ipaddress
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import pytest
import registry
from images import PYTHON
from preview_room import HELLO, Room, page, python

from samokoder.agents.errors import ImageMissing, PreviewFailed
from samokoder.agents.preview import tools
from samokoder.agents.preview.spec import (
    Cause,
    Health,
    PreviewSpec,
    Service,
    Source,
    Stack,
    Volume,
)

pytestmark = pytest.mark.engine

FETCH = """
    import os, urllib.error, urllib.request

    def fetch(url):
        try:
            return urllib.request.urlopen(url, timeout=3).read().decode().strip()
        except urllib.error.HTTPError as error:
            return f"refused {error.code}"
        except OSError as error:
            return f"no way: {error}"
"""


CHECK = "import socket; socket.create_connection(('localhost', 9000))"
"""What the health check of a service runs."""


@contextmanager
def shop(address: str) -> Iterator[int]:
    """A package index and a page on one address of this machine: its port."""
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("greeter.py", "WORD = 'installed'\n")
        info = "greeter-1.0.dist-info"
        packed.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: greeter\nVersion: 1.0\n")
        packed.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        packed.writestr(f"{info}/RECORD", "")
    name = "greeter-1.0-py3-none-any.whl"
    pages = {
        "/simple/greeter/": f'<a href="/files/{name}">{name}</a>'.encode(),
        f"/files/{name}": wheel.getvalue(),
        "/hello": b"from outside",
    }

    with registry.serving(address, pages) as port:
        yield port


async def machine(room: Room) -> str:
    """An address of this machine that containers could reach if they were let."""
    engine = await room.previews.engine()
    found = await engine.call(engine.client.inspect_network, "bridge")
    return str(ipaddress.ip_network(found["IPAM"]["Config"][0]["Subnet"])[1])


async def test_dependencies_are_installed_once_with_the_network_then_used_without(
    previews_room: Room,
) -> None:
    address = await machine(previews_room)
    with shop(address) as port:
        index = f"http://{address}:{port}/simple/"
        spec = python(
            install=(
                ("python", "-m", "pip", "install", "-q", "--no-deps", "--index-url", index,
                 "--trusted-host", address, "-r", "requirements.txt"),
            ),
            locks=("requirements.txt",),
        )  # fmt: skip
        files = {
            "app.py": FETCH
            + f'    URL = "http://{address}:{port}/hello"\n'
            + "    import greeter\n"
            + HELLO.replace('b"hello"', "(greeter.WORD + ', ' + fetch(URL)).encode()"),
            "requirements.txt": f"greeter==1.0\n# {port}\n",
        }
        with pytest.raises(PreviewFailed, match=r"403|not granted|No matching|Could not") as caught:
            # a private address is not public: installing may not reach it unless it was granted
            await previews_room.start(spec, files)
        assert caught.value.cause == Cause.INSTALL_FAILED
        first = await previews_room.start(spec, files, egress=(f"{address}:{port}",))
        assert first.egress == (f"{address}:{port}",)
        assert await page(first.url) == "installed, from outside"
        await previews_room.previews.stop(first.id)
        previews_room.asked.clear()
        second = await previews_room.start(spec, files)
        assert (await page(second.url)).startswith("installed, no way:")
        assert previews_room.asked == [], "what was installed is kept"
        assert second.image.startswith("samokoder-cache/dependencies:")
        await previews_room.previews.stop(second.id)


async def test_only_granted_hosts_and_only_through_the_gateway(previews_room: Room) -> None:
    address = await machine(previews_room)
    with shop(address) as port, shop(address) as other:
        program = (
            FETCH
            + "    import socket\n"
            + f'    A, B = "http://{address}:{port}/hello", "http://{address}:{other}/hello"\n'
            + HELLO.replace('b"hello"', "(fetch(A) + '; ' + fetch(B)).encode()")
        )
        status = await previews_room.start(files={"app.py": program}, egress=(f"{address}:{port}",))
        assert await page(status.url) == "from outside; refused 403"


async def test_a_build_runs_without_network_before_the_program(previews_room: Room) -> None:
    script = """
        import os, pathlib, socket
        pathlib.Path("dist").mkdir()
        pathlib.Path("dist/index.html").write_text("built")
        print("interfaces", [n for _, n in socket.if_nameindex()])
    """
    spec = PreviewSpec(
        Stack.PYTHON,
        build=(("python", "make.py"),),
        start=("python", "-m", "http.server", "8000", "--directory", "dist"),
        port=8000,
        health=Health(seconds=20.0),
    )
    status = await previews_room.start(spec, {"make.py": script})
    assert await page(status.url) == "built"
    (line,) = [
        one for one in await previews_room.previews.lines(status.id) if one.source is Source.BUILD
    ]
    assert line.text == "interfaces ['lo']"
    with pytest.raises(PreviewFailed, match="exit code 3") as caught:
        await previews_room.start(spec, {"make.py": "raise SystemExit(3)"})
    assert caught.value.cause == Cause.BUILD_FAILED


async def test_the_users_dockerfile(previews_room: Room) -> None:
    files = {
        "Dockerfile": f"""
            FROM {PYTHON}
            COPY app.py /srv/
            RUN python3 -c "print('a step of', '{previews_room.root}')"
            WORKDIR /srv
            EXPOSE 8000
            VOLUME /data
            CMD ["python3", "app.py"]
        """,
        "app.py": HELLO.replace('b"hello"', 'open("/data/x", "w").name.encode()'),
        ".dockerignore": "secret.txt\n",
        "secret.txt": "x",
    }
    spec = PreviewSpec(
        Stack.DOCKERFILE, dockerfile="Dockerfile", port=8000, health=Health(seconds=20.0)
    )
    status = await previews_room.start(spec, files)
    assert await page(status.url) == "/data/x"
    assert status.code == "/srv"
    said = [line.text for line in await previews_room.previews.lines(status.id)]
    assert f"a step of {previews_room.root}" in said
    assert any(text.startswith("Step 3/") for text in said)
    await previews_room.previews.stop(status.id)
    with pytest.raises(PreviewFailed, match=r"Step 2/\d : RUN exit 7.*code: 7") as caught:
        await previews_room.start(spec, {"Dockerfile": f"FROM {PYTHON}\nRUN exit 7\n"})
    assert caught.value.cause == Cause.BUILD_FAILED
    engine = await previews_room.previews.engine()
    name = (await previews_room.previews.status(status.id)).image
    assert await tools.exists(engine, name), "kept, so that the next start is fast"
    assert await previews_room.previews.forget(previews_room.root) >= 1
    assert not await tools.exists(engine, name)
    with pytest.raises(ImageMissing, match="nowhere/at-all"):
        await previews_room.start(spec, {"Dockerfile": "FROM nowhere/at-all:1\n"})


async def test_services_know_each_other_and_nobody_else(previews_room: Room) -> None:
    web = FETCH + HELLO.replace('b"hello"', 'fetch("http://api:9000/").encode()')
    api = HELLO.replace("8000", "9000").replace('b"hello"', 'open("/data/seen", "a").name.encode()')
    spec = PreviewSpec(
        Stack.COMPOSE,
        port=8000,
        main="web",
        services=(
            Service(
                "api",
                image=PYTHON,
                command=("python3", "/srv/api.py"),
                volumes=(Volume("/srv", "server"), Volume("/data", name="data", read_only=False)),
                health=Health(command=("python3", "-c", CHECK)),
            ),
            Service(
                "web",
                image=PYTHON,
                command=("python3", "/srv/web.py"),
                volumes=(Volume("/srv", "server"),),
                port=8000,
                after=("api",),
            ),
        ),
    )  # fmt: skip
    status = await previews_room.start(spec, {"server/web.py": web, "server/api.py": api})
    assert await page(status.url) == "/data/seen"
    api_container = await previews_room.container(status, "api")
    assert not api_container["HostConfig"]["PortBindings"]
    ended = {line.service for line in await previews_room.previews.lines(status.id)}
    assert ended == {"api", "web"}


async def test_a_service_that_fails_is_named(previews_room: Room) -> None:
    spec = PreviewSpec(
        Stack.COMPOSE,
        port=8000,
        main="web",
        services=(
            Service(
                "db",
                image=PYTHON,
                command=("python3", "-c", "raise SystemExit('no disk')"),
                health=Health(command=("true",), seconds=5.0),
            ),
            Service("web", image=PYTHON, command=("sleep", "99"), port=8000, after=("db",)),
        ),
    )
    with anyio.fail_after(30), pytest.raises(PreviewFailed, match=r"db: .*no disk"):
        await previews_room.start(spec, {})


async def test_static_pages(previews_room: Room) -> None:
    spec = PreviewSpec(
        Stack.STATIC,
        start=("python", "-m", "http.server", "8000", "--bind", "0.0.0.0", "--directory", "."),
        port=8000,
    )
    status = await previews_room.start(spec, {"index.html": "a page", "big.bin": "x" * (2 << 20)})
    assert await page(status.url) == "a page"
    assert len(await page(f"{status.url}big.bin")) == 2 << 20
