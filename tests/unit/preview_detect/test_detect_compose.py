"""Compose files: the subset that is honoured, and all else named and refused. R10"""

from typing import Any

import pytest

from samokoder.agents.errors import InvalidInput, ProjectInvalid
from samokoder.agents.preview.spec import Service, Stack, Volume

TWO = """\
services:
  web:
    build: {context: web, args: {MODE: dev}}
    ports: ["127.0.0.1:8080:80"]
    depends_on: {api: {condition: service_healthy}}
  api:
    image: "api:${TAG:-1}"
    command: serve --name 'a b'
    expose: [9000]
    environment:
      - MODE=test
      - TOKEN
      - KEY=${SECRET}
    volumes: [./data:/data:ro, cache:/cache, /tmp]
    healthcheck: {test: ["CMD", "ok"], interval: 1s, retries: 4, start_period: 1m}
volumes:
  cache:
"""
FILES = {"compose.yaml": TWO, "web/Dockerfile": "FROM scratch\n"}


async def test_services_in_the_order_they_need_each_other(found: Any) -> None:
    spec = await found(FILES)
    assert (spec.stack, spec.main, spec.port) == (Stack.COMPOSE, "web", 80)
    api, web = spec.services
    assert (web.dockerfile, web.context, web.arguments) == (
        "web/Dockerfile",
        "web",
        {"MODE": "dev"},
    )
    assert web.after == ("api",)
    assert (api.image, api.command, api.port) == ("api:1", ("serve", "--name", "a b"), 9000)
    assert (api.environment, api.needs) == ({"MODE": "test"}, ("TOKEN", "KEY"))
    assert api.volumes == (
        Volume("/data", "data", read_only=True),
        Volume("/cache", name="cache", read_only=False),
        Volume("/tmp", read_only=False),
    )
    assert api.health is not None
    assert (api.health.command, api.health.seconds) == (("ok",), 69.0)
    assert spec.needs == ("TOKEN", "KEY")
    assert spec.refused == ()


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("privileged: true", "services.a.privileged"),
        ("network_mode: host", "services.a.network_mode"),
        ("cap_add: [ALL]", "services.a.cap_add"),
        ("pid: host", "services.a.pid"),
        ("env_file: .env", "services.a.env_file"),
        ("volumes: ['/var/run/docker.sock:/s']", "/var/run/docker.sock:/s"),
        ("volumes: ['../up:/s']", "../up:/s"),
        ("volumes: ['~/.ssh:/s']", "~/.ssh:/s"),
        ("volumes: [{type: bind, source: /etc, target: /s}]", "/etc"),
        ("ports: ['53:53/udp']", "53:53/udp"),
        ("ports: ['8000-8010:8000-8010']", "8000-8010"),
        ("command: run ${WHAT}", "WHAT, which has no default"),
    ],
)
async def test_what_is_refused_is_named(found: Any, line: str, named: str) -> None:
    spec = await found({"docker-compose.yml": f"services:\n  a:\n    image: x\n    {line}\n"})
    (refused,) = spec.refused
    assert named in refused


async def test_top_level_keys_are_refused_too(found: Any) -> None:
    text = (
        "services: {a: {image: x}}\nsecrets: {s: {file: s}}\nx-own: 1\nvolumes: {v: {driver: nfs}}"
    )
    spec = await found({"compose.yml": text})
    assert spec.refused == ("compose.yml: secrets", "compose.yml: volumes.v.driver")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("services:\n  a: [\n", "compose.yaml:3 is not YAML"),
        ("a: 1\n", "names no services"),
        ("services: {a: {command: x}}\n", "no image and no build"),
        ("services: {a: {build: ../up}}\n", "not inside the workspace"),
        ("services: {a: {build: .}}\n", "wants Dockerfile, which is not there"),
        ("services: {a: {image: x, depends_on: [b]}}\n", "waits for b"),
        (
            "services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [a]}}\n",
            "a and b wait for each other",
        ),
    ],
)
async def test_what_cannot_be_run_is_said(found: Any, text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        await found({"compose.yaml": text})


async def test_a_built_service_has_its_dockerfiles_port(found: Any) -> None:
    files = {"compose.yaml": "services: {a: {build: .}}\n", "Dockerfile": "FROM x\nEXPOSE 7000\n"}
    (service,) = (await found(files)).services
    assert service == Service("a", dockerfile="Dockerfile", port=7000, ports=(7000,))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("services:\n  web:\n    ports: [1\n  api:\n", 4),
        ("volumes: {}\n", 1),
        ("services:\n  api: {image: a}\n\n  web:\n    ports: [80]\n", 4),
        ("services:\n  web:\n    image: a\n    build: ./gone\n", 4),
        ("services:\n  web:\n    image: a\n    build:\n      context: ../out\n", 4),
    ],
)
async def test_what_is_wrong_has_a_line(found: Any, text: str, line: int) -> None:
    with pytest.raises(ProjectInvalid) as caught:
        await found({"compose.yaml": text})
    assert (caught.value.path, caught.value.line) == ("compose.yaml", line)
