"""One invocation of a command from the shell."""

import sys
from pathlib import Path

import anyio.to_thread
import click

from samokoder.server.service import Service


class ShellCall:
    """Progress goes to stderr; questions are asked only where somebody can answer."""

    def __init__(self, service: Service | None, *, quiet: bool = False) -> None:
        self._service = service
        self._quiet = quiet
        self._last = ""

    @property
    def service(self) -> Service:
        assert self._service is not None, "a bare command has no service"
        return self._service

    @property
    def roots(self) -> tuple[Path, ...]:
        return (Path.cwd(),)

    @property
    def client(self) -> str | None:
        return None

    @property
    def cancelled_by_user(self) -> bool:
        return True

    async def say(self, message: str, percent: int | None = None) -> None:
        line = f"{message} ({percent} %)" if percent is not None else message
        if line == self._last:
            return
        self._last = line
        await anyio.to_thread.run_sync(self._print, line, percent is not None)

    def _print(self, line: str, moving: bool) -> None:
        if moving and sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[2K{line}")
        else:
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    async def choose(self, question: str, options: tuple[str, ...]) -> str | None:
        if self._quiet or not sys.stdin.isatty():
            return None
        return await anyio.to_thread.run_sync(self._ask, question, options)

    def _ask(self, question: str, options: tuple[str, ...]) -> str | None:
        click.echo(question, err=True)
        for number, option in enumerate(options, 1):
            click.echo(f"  {number}  {option}", err=True)
        while True:
            try:
                typed = str(click.prompt(f"1-{len(options)}", err=True))
            except click.Abort:  # the end of input: nobody answers
                return None
            answer = meant(typed, options)
            if answer is not None:
                return answer
            click.echo("A number, or the beginning of one of them.", err=True)


def meant(typed: str, options: tuple[str, ...]) -> str | None:
    """The option a number or the beginning of its words stands for; None when it is not one."""
    text = typed.strip().casefold()
    if text.isdecimal():
        return options[int(text) - 1] if 1 <= int(text) <= len(options) else None
    exact = [option for option in options if option.casefold() == text]
    found = exact or [option for option in options if option.casefold().startswith(text)]
    return found[0] if text and len(found) == 1 else None
