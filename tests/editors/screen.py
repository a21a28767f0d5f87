"""A terminal of its own for an editor that has no other way to be driven."""

import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest


@dataclass
class Screen:
    """A program in tmux. Keys are tmux's names; text is typed as it is."""

    program: list[str]
    folder: Path
    env: Mapping[str, str]
    socket: str = field(default_factory=lambda: f"samokoder-{uuid.uuid4().hex[:8]}")

    def _tmux(self, *args: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self.socket, "-f", "/dev/null", *args],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
            env={**os.environ, **self.env, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"},
        )
        return done.stdout

    def start(self) -> None:
        """Start the program in a terminal of 130 by 40."""
        size = ("-x", "130", "-y", "40")
        self._tmux("new-session", "-d", *size, "-c", str(self.folder), *self.program)

    def keys(self, *names: str) -> None:
        """Press keys."""
        self._tmux("send-keys", *names)

    def type(self, text: str) -> None:
        """Type text."""
        self._tmux("send-keys", "-l", text)

    @property
    def text(self) -> str:
        """What is on the screen."""
        return self._tmux("capture-pane", "-p")

    @property
    def running(self) -> bool:
        """Whether the program still runs."""
        return bool(self._tmux("list-sessions"))

    def wait(self, what: str, wanted: Callable[[], bool], seconds: float = 30) -> None:
        """Wait until something is so."""
        end = time.monotonic() + seconds
        while not wanted():
            if time.monotonic() > end:
                raise AssertionError(f"{what} did not happen:\n{self.text}")
            time.sleep(0.05)

    def until(self, text: str, seconds: float = 30) -> None:
        """Wait until text is on the screen."""
        self.wait(text, lambda: text in self.text, seconds)

    def end(self) -> None:
        """End what still runs."""
        self._tmux("kill-server")


@contextmanager
def screen(program: list[str], folder: Path, env: Mapping[str, str]) -> Iterator[Screen]:
    """A program on a screen of its own."""
    if shutil.which("tmux") is None:
        pytest.skip("no tmux here")
    made = Screen(program, folder, env)
    made.start()
    try:
        yield made
    finally:
        made.end()
