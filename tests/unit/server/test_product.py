"""What is said of the product without importing it is true."""

import subprocess
import sys

from samokoder.server.commands.registry import COMMANDS
from samokoder.server.product import NAMES


def test_the_names_are_the_registrys():
    assert tuple(COMMANDS) == NAMES


def test_the_forwarder_imports_next_to_nothing():
    script = "import samokoder.server.forward, sys; print(*sorted(sys.modules))"
    got = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    )
    for heavy in ("asyncio", "typing", "re", "json", "socket", "argparse", "anyio", "subprocess"):
        assert heavy not in got.stdout.split(), heavy


def test_the_server_listens_without_the_engine():
    script = "import samokoder.server.listener, sys; print(*sorted(sys.modules))"
    got = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    )
    for heavy in ("sqlalchemy", "httpx", "docker", "rich", "click", "jinja2", "alembic"):
        assert heavy not in got.stdout.split(), heavy
