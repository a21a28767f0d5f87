"""The shell's face: ``samokoder <noun> <verb>``, made from the same commands editors call.

With ``--json`` stdout holds one JSON value and nothing else; progress goes to stderr. Exit codes:
0 done and proven, 1 something is left, 2 wrong usage, 3 a limit was reached, 4 something is missing
here, 5 internal error, 130 cancelled.
"""

import sys
from typing import Any

import anyio
import click
import msgspec

from samokoder.server.cli import options
from samokoder.server.cli.call import ShellCall
from samokoder.server.commands import registry
from samokoder.server.commands.command import Command
from samokoder.state.errors import SamokoderError


class Outcome(Exception):
    """Carries the exit code out of click."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


async def _run(command: Command, args: Any, as_json: bool) -> int:
    if command.bare:
        result = await command.run(ShellCall(None, quiet=as_json), args)
    else:
        from samokoder.server.service import open_service

        async with open_service() as service:
            result = await command.run(ShellCall(service, quiet=as_json), args)
    if as_json:
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    else:
        sys.stdout.write(command.show(result).rstrip() + "\n")
    return command.exit_code(result)


def _report(error: SamokoderError, as_json: bool) -> int:
    if as_json:
        facts = {"error": {"code": error.code, "message": str(error), "hint": error.hint}}
        sys.stdout.write(msgspec.json.encode(facts).decode() + "\n")
    sys.stderr.write(f"samokoder: {error}\n")
    return error.exit_code


def _invoke(command: Command, given: dict[str, Any]) -> None:
    as_json = bool(given.pop("json", False))
    try:
        args = options.arguments(command, given)
    except msgspec.ValidationError as error:
        raise click.UsageError(str(error)) from error
    try:
        code = anyio.run(_run, command, args, as_json)
    except SamokoderError as error:
        code = _report(error, as_json)
    except BaseExceptionGroup as group:
        known, other = group.split(SamokoderError)
        if known is None or other is not None:
            raise
        first: BaseException = known
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        assert isinstance(first, SamokoderError)
        code = _report(first, as_json)
    raise Outcome(code)


def _leaf(verb: str, command: Command) -> click.Command:
    def callback(**given: Any) -> None:
        _invoke(command, given)

    as_json = click.Option(["--json"], is_flag=True, help="Print one JSON value and nothing else.")
    return click.Command(
        verb,
        callback=callback,
        params=[*options.parameters(command), as_json],
        help=command.summary,
    )


def build() -> click.Group:
    """The tree of commands: ``samokoder.run.undo`` becomes ``samokoder run undo``."""
    root = click.Group(
        "samokoder",
        help="A team of coding agents behind your editor: fixes with proof, on your machine.",
        epilog="Also: samokoder lsp (editors), acp (agent panels), mcp (other agents), daemon.",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for command in registry.COMMANDS.values():
        *nouns, verb = command.name.split(".")[1:]
        parent = root
        for noun in nouns:
            group = parent.commands.get(noun)
            if not isinstance(group, click.Group):
                group = click.Group(noun, help=f"Commands about the {noun}.")
                parent.add_command(group)
            parent = group
        parent.add_command(_leaf(verb, command))
    return root


def main(argv: list[str]) -> int:
    """Run the shell's face; returns the exit code."""
    try:
        build().main(args=argv, prog_name="samokoder", standalone_mode=False)
    except Outcome as outcome:
        return outcome.code
    except click.exceptions.Abort:
        return 130
    except KeyboardInterrupt:
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    return 0
