"""How a preview starts, written into a settings file that people wrote too."""

import pytest

from samokoder.agents.errors import InvalidInput
from samokoder.agents.preview.remembering import RememberRequest, changed, of_spec
from samokoder.agents.preview.spec import PreviewSpec, Stack

WRITTEN = b"""# ours
[check]
timeout = 30  # seconds

[preview]
# how we show it
port = 8000 # inside
memory = 256
"""


def test_a_file_of_people_stays_as_it_is_but_for_what_is_remembered() -> None:
    after = changed(WRITTEN, RememberRequest("python -m app", 9000)).decode()
    assert after == WRITTEN.decode().replace("port = 8000", "port = 9000").replace(
        "memory = 256\n", 'memory = 256\nstart = "python -m app"\n'
    )
    assert changed(after.encode(), RememberRequest("python -m app", 9000)) == after.encode()


def test_without_a_file_there_is_one_with_what_is_remembered() -> None:
    assert changed(b"", RememberRequest(port=80, health="/up")) == (
        b'[preview]\nport = 80\nhealth = "/up"\n'
    )
    assert changed(b"", RememberRequest()) == b""


@pytest.mark.parametrize("data", [b"[preview", b"preview = 1\n", b"\xff"])
def test_what_cannot_be_read_is_not_overwritten(data: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"samokoder\.toml is not right"):
        changed(data, RememberRequest(port=1))


def test_a_command_is_remembered_only_where_it_is_the_whole_way_to_start() -> None:
    found = PreviewSpec(Stack.PYTHON, start=("python", "my app.py"), port=80)
    assert of_spec(found) == RememberRequest("python 'my app.py'", 80)
    built = PreviewSpec(Stack.GO, build=(("go", "build"),), start=("./x",), port=80)
    assert of_spec(built) == RememberRequest("", 80)
    pages = PreviewSpec(Stack.STATIC, start=("python", "-m", "http.server"), port=80)
    assert of_spec(pages) == RememberRequest("", 80)
