"""How a preview would run a handful of files."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from samokoder.agents.preview.detect import detect
from samokoder.agents.preview.spec import PreviewSpec
from samokoder.agents.workspace.capture import Tree

Found = Callable[..., Awaitable[PreviewSpec]]


@pytest.fixture
def found(tmp_path: Path) -> Found:
    """Writes the files and looks at them."""

    async def look(files: Mapping[str, str], folder: str = "") -> PreviewSpec:
        root = tmp_path / "проект"
        for name, text in files.items():
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
        return await detect(await Tree(root).capture(), folder)

    return look
