"""Lenses: where the program starts, and what is live there."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from samokoder.server.lenses import code_lenses


class Listing:
    """What a service knows of live previews."""

    def __init__(self, *found: Any) -> None:
        self.found = list(found)

    async def listing(self, root: Path) -> list[Any]:
        return self.found


def connection(
    root: Path, *found: Any, names: tuple[str, ...] = ("samokoder.preview.start",)
) -> Any:
    service = SimpleNamespace(previews=Listing(*found))
    host = SimpleNamespace(names=names, engine_slot=SimpleNamespace(current=service))
    return SimpleNamespace(host=host, roots=(root,))


def titles(lenses: list[dict[str, Any]]) -> list[str]:
    return [lens["command"]["title"] for lens in lenses]


@pytest.mark.parametrize("name", ["app.py", "Dockerfile", "compose.yaml", "package.json"])
async def test_where_a_program_starts(tmp_path: Path, name: str) -> None:
    uri = (tmp_path / name).as_uri()
    lenses = await code_lenses(connection(tmp_path), {"textDocument": {"uri": uri}})
    assert titles(lenses) == ["▶ Preview"]
    assert lenses[0]["command"]["arguments"] == [{"uri": uri}]


async def test_what_is_live_can_be_looked_at_and_stopped(tmp_path: Path) -> None:
    live = SimpleNamespace(id="p1", url="http://127.0.0.1:5/")
    uri = (tmp_path / "app.py").as_uri()
    lenses = await code_lenses(connection(tmp_path, live), {"textDocument": {"uri": uri}})
    assert titles(lenses) == ["Preview: http://127.0.0.1:5/", "Stop"]
    assert lenses[1]["command"]["arguments"] == [{"preview": "p1"}]


@pytest.mark.parametrize("params", [None, {}, {"textDocument": 1}, {"textDocument": {"uri": 3}}])
async def test_nonsense_has_no_lenses(tmp_path: Path, params: Any) -> None:
    assert await code_lenses(connection(tmp_path), params) == []


async def test_other_files_and_other_products_have_none(tmp_path: Path) -> None:
    other = {"textDocument": {"uri": (tmp_path / "models.py").as_uri()}}
    assert await code_lenses(connection(tmp_path), other) == []
    start = {"textDocument": {"uri": (tmp_path / "app.py").as_uri()}}
    assert await code_lenses(connection(tmp_path, names=()), start) == []
