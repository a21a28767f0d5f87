"""A preview from an editor: the question of trust, the page, its lens, the end."""

import textwrap
import urllib.request
from pathlib import Path

import pytest
from editor import Editor, Refused
from images import PYTHON
from preview_room import HELLO

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]


@pytest.mark.parametrize("opens", [True, False])
def test_from_the_lens_to_the_page(container_engine: str, tmp_path: Path, opens: bool) -> None:
    file = tmp_path / "app.py"
    file.write_text("\n".join(line[4:] for line in HELLO.splitlines()))
    editor = Editor(tmp_path, opens=opens)
    document = {"textDocument": {"uri": file.as_uri()}}
    try:
        (lens,) = editor.call("textDocument/codeLens", document)
        assert lens["command"]["title"] == "▶ Preview"
        arguments = {**lens["command"]["arguments"][0], "image": PYTHON, "port": 8000}
        status = editor.command("start", **arguments)
        (question, *_rest) = [p["message"] for m, p in editor.asked if "MessageRequest" in m]
        assert f"run {tmp_path.name} in a container" in question
        pages = [p["uri"] for m, p in editor.asked if m == "window/showDocument"]
        assert pages == ([status["url"]] if opens else [])
        assert any(status["url"] in text for text in editor.told) is not opens
        lenses = editor.call("textDocument/codeLens", document)
        assert [one["command"]["title"] for one in lenses] == [f"Preview: {status['url']}", "Stop"]
        lines = editor.command("logs")["lines"]
        assert [line["text"] for line in lines] == ["serving"]
        stopped = editor.command("stop", **lenses[1]["command"]["arguments"][0])["previews"]
        assert [one["phase"] for one in stopped] == ["stopped"]
        assert editor.command("status")["previews"] == []
    finally:
        editor.close()


BROKEN = HELLO.replace('b"hello"', "b'' + undefined")
AT = next(number for number, line in enumerate(BROKEN.splitlines()) if "undefined" in line)


def test_what_fails_is_shown_at_its_line_until_it_is_mended(
    container_engine: str, tmp_path: Path
) -> None:
    file = tmp_path / "app.py"
    uri = file.as_uri()
    file.write_text(textwrap.dedent(BROKEN))
    editor = Editor(tmp_path, opens=False)
    try:
        status = editor.command("start", image=PYTHON, port=8000)
        # the head of the answer is sent before it fails
        urllib.request.urlopen(status["url"], timeout=10).close()
        editor.until(lambda: bool(editor.shown.get(uri)))
        (one,) = editor.shown[uri]
        assert one["range"]["start"]["line"] == AT
        assert "undefined" in one["message"]
        file.write_text(textwrap.dedent(HELLO))
        editor.until(lambda: not editor.shown[uri])
        file.write_text("import nowhere\n")
        editor.until(lambda: bool(editor.shown[uri]))
        assert "nowhere" in editor.shown[uri][0]["message"]
        editor.command("stop")
        editor.until(lambda: not editor.shown[uri])
    finally:
        editor.close()


def test_what_does_not_come_up_is_shown_at_its_line(container_engine: str, tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text("import os\n\nprint(os.environ['NOBODY_SETS_IT'])\n")
    editor = Editor(tmp_path, opens=False)
    try:
        with pytest.raises(Refused, match="did not come up"):
            editor.command("start", image=PYTHON, port=8000, command="python app.py")
        editor.until(lambda: bool(editor.shown.get(file.as_uri())))
        (one,) = editor.shown[file.as_uri()]
        assert one["range"]["start"]["line"] == 2
    finally:
        editor.close()
