"""Complaints no tool here can reproduce: applied after consent, kept or taken back by what the
editor's other servers say next (R7, R8).
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from crashing import Room, stop

from samokoder.server import client as lsp
from samokoder.server.commands.watched import wrong
from samokoder.server.forwarded import Said

CODE = 'def double(x):\n    """Twice x."""\n    y = x * 2\n    return y\n'
RENAMED = CODE.replace("y =", "twice =").replace("return y", "return twice")
SHORT = "the name y is too short"
ASKED = {"message": SHORT, "source": "names", "line": 3}


def block(new: str) -> str:
    old = "    y = x * 2\n    return y"
    return f"calc.py\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n"


GOOD = block("    twice = x * 2\n    return twice")
USELESS = block("    y = x + x\n    return y")
WORSE = block("    DOUBLED = x * 2\n    return DOUBLED")


class Editor(lsp.Client):
    """An editor with another server in it that knows good names, and that forwards what it says."""

    consent: str | None = "Apply and watch"
    questions: list[str]

    def said(self, text: str) -> list[dict[str, Any]]:
        found = []
        for number, line in enumerate(text.split("\n"), 1):
            if "y =" in line:
                found.append({"message": SHORT, "source": "names", "line": number})
            if "DOUBLED" in line:
                text_ = "the name DOUBLED shouts"
                found.append({"message": text_, "source": "names", "line": number, "severity": 2})
        return found

    async def forward(self, uri: str) -> None:
        said = self.said(self.documents[uri].text)
        await self.command("samokoder.diagnostics", {"uri": uri, "diagnostics": said})

    def _changed(self, uri: str, text: str) -> None:
        super()._changed(uri, text)
        self._tasks.start_soon(self.forward, uri)

    def _serve(self, method: str, params: Any) -> Any:
        if method == "window/showMessageRequest":
            self.questions = [*getattr(self, "questions", []), params["message"]]
            return {"title": self.consent} if self.consent else None
        return super()._serve(method, params)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    made = Room(tmp_path)
    (made.work / "calc.py").write_text(CODE)
    yield made
    await stop(made)


async def fixed(room: Room, answer: str, consent: str | None) -> tuple[dict[str, Any], str]:
    """What the fix says, and the document afterwards."""
    script = {"rules": [{"answer": answer}]}
    (room.folder / "script.json").write_bytes(msgspec.json.encode(script))
    async with lsp.connect_as(Editor, env=room.env) as client:
        client.consent = consent
        await client.initialize(room.work)
        uri = await client.open(room.work / "calc.py")
        await client.forward(uri)
        said = await client.command(
            "samokoder.fix",
            {
                "uri": uri,
                "diagnostic": ASKED,
                **{k: v for k, v in room.fix().items() if k != "check"},
            },
        )
        return said, client.documents[uri].text


async def test_a_change_that_silences_the_complaint_stays(room: Room) -> None:
    said, text = await fixed(room, GOOD, "Apply and watch")
    assert said["applied"] and not said["solved"], (
        f"applied, never called proven: {said['watched']} {said['watchable']}"
    )
    assert "no longer complains" in said["watched"]
    assert text == RENAMED


async def test_a_change_that_does_not_help_is_taken_back(room: Room) -> None:
    said, text = await fixed(room, USELESS, "Apply and watch")
    assert not said["applied"] and "taken back" in said["watched"] and SHORT in said["watched"]
    assert text == CODE


async def test_a_change_with_a_new_complaint_is_taken_back(room: Room) -> None:
    said, text = await fixed(room, WORSE, "Apply and watch")
    assert not said["applied"] and "shouts" in said["watched"]
    assert text == CODE


@pytest.mark.parametrize("consent", ["Leave it", None])
async def test_without_consent_nothing_is_applied(room: Room, consent: str | None) -> None:
    said, text = await fixed(room, GOOD, consent)
    assert not said["applied"] and "nobody agreed" in said["watched"]
    assert text == CODE


def test_what_speaks_against_a_change() -> None:
    asked = Said("bad", "lint", line=10)
    assert wrong(asked, [asked], []) == ""
    assert "still says" in wrong(asked, [asked], [Said("bad", "lint", line=12)])
    assert wrong(asked, [asked], [Said("bad", "lint", line=40)]) == "", "another one, as before"
    assert "new" in wrong(asked, [asked], [Said("worse", "lint", line=3)])
    assert wrong(asked, [asked], [Said("a hint", "lint", line=3, severity=4)]) == ""
