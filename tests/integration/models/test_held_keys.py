"""A key handed over by an editor: used, never shown, gone with the process (R30)."""

from pathlib import Path

import pytest

from samokoder.agents.errors import InvalidInput
from samokoder.agents.models.models import open_models
from samokoder.agents.settings import Settings


async def agreed(root: Path, provider: str) -> bool:
    return True


async def test_a_held_key_chooses_its_provider_until_it_is_forgotten(tmp_path: Path) -> None:
    async with open_models(agreed, {}) as models:
        assert set(models.keys().values()) == {""}
        models.hold("openai", " not-a-real-key ")
        assert models.keys()["openai"] == "held"
        chosen = await models.choose(tmp_path, Settings())
        assert chosen.provider == "openai"
        assert models._secret(chosen) == "not-a-real-key"
        assert "not-a-real-key" not in repr(models.keys())
        models.hold("openai", "")
        assert models.keys()["openai"] == ""
        assert (await models.choose(tmp_path, Settings())).provider != "openai"


async def test_the_environment_serves_where_nothing_is_held(tmp_path: Path) -> None:
    async with open_models(agreed, {"OPENAI_API_KEY": "outer"}) as models:
        assert models.keys()["openai"] == "environment"
        models.hold("openai", "inner")
        assert models._secret(await models.choose(tmp_path, Settings())) == "inner"
        models.hold("openai", "")
        assert models._secret(await models.choose(tmp_path, Settings())) == "outer"


async def test_unknown_providers_take_no_key() -> None:
    async with open_models(agreed, {}) as models:
        for name in ("nobody", "scripted", "embedded"):
            with pytest.raises(InvalidInput):
                models.hold(name, "x")
