"""Failed starts lead to a line also when no trace tells it."""

import pytest

from samokoder.agents.checks.check import Problem
from samokoder.agents.errors import PreviewFailed
from samokoder.agents.preview.logs.failures import of_failure, told
from samokoder.agents.preview.spec import Cause, Health, LogLine, PreviewSpec, Source, Stack

APP = (
    "import os\n# port 9100 is the old one\nport = 8000\n"
    "serve(('0.0.0.0', 9100))\nif path == '/up':\n    serve(('127.0.0.1', 8000))\n"
)
TEXTS = {
    "other.py": "serve(('0.0.0.0', 9100))\n",
    "app.py": APP,
    "requirements.txt": "# wanted\n--no-index\nflask-wtf==1\nflask==2\n",
    "package.json": '{\n "dependencies": {\n  "@shop/cart": "^2.0.0",\n  "left": "1"\n }\n}\n',
    "Dockerfile": "# syntax\nARG V=1\n\nFROM x:$V\nRUN a \\\n  # why\n  && b\nRUN c\n",
}
SPEC = PreviewSpec(
    Stack.PYTHON, origin="app.py", dockerfile="Dockerfile", port=8000, health=Health("/up")
)


@pytest.mark.parametrize(
    ("cause", "listens", "said", "place"),
    [
        (Cause.WRONG_PORT, "0.0.0.0:9100", "", ("app.py", 4)),
        (Cause.WRONG_PORT, "127.0.0.1:8000", "", ("app.py", 6)),
        (Cause.WRONG_PORT, "0.0.0.0:7777", "", None),
        (Cause.UNHEALTHY, "", "", ("app.py", 5)),
        (Cause.BUILD_FAILED, "", "Step 3/4 : RUN a   && b", ("Dockerfile", 5)),
        (Cause.BUILD_FAILED, "", "Step 4/4 : RUN c", ("Dockerfile", 8)),
        (Cause.BUILD_FAILED, "", "Step 9/9 : RUN d", None),
        (
            Cause.INSTALL_FAILED,
            "",
            "ERROR: No matching distribution found for flask==2",
            ("requirements.txt", 4),
        ),
        (
            Cause.INSTALL_FAILED,
            "",
            "npm error notarget No matching version found for @shop/cart@^2.0.0.",
            ("package.json", 3),
        ),
        (
            Cause.INSTALL_FAILED,
            "",
            "npm error 404  'left@1' is not in this registry.",
            ("package.json", 4),
        ),
        (
            Cause.INSTALL_FAILED,
            "",
            "npm error 404 Not Found - GET http://r/@shop%2fcart",
            ("package.json", 3),
        ),
        (Cause.INSTALL_FAILED, "", "ERROR: No matching distribution found for nothing", None),
        (Cause.OUT_OF_MEMORY, "", "", None),
    ],
)
def test_the_line(cause: Cause, listens: str, said: str, place: tuple[str, int] | None) -> None:
    error = PreviewFailed("why", cause=cause, listens=listens)
    found = of_failure(error, SPEC, [LogLine(said, Source.BUILD)], TEXTS)
    assert [(p.path, p.line) for p in found] == ([place] if place else [])
    assert all(p.message == "why" for p in found)


def test_where_a_program_hung_is_not_told_as_its_crash() -> None:
    problem = Problem("app.py", 3, "Fatal Python error: Aborted", source="python")
    silent = PreviewFailed("nothing listens on port 8000", cause=Cause.SILENT)
    assert told(problem, silent).message.startswith("nothing listens on port 8000: ")
    crashed = PreviewFailed("it crashed", cause=Cause.CRASHED)
    assert told(problem, crashed) is problem
