"""Every command by its name. The editors' commands and the shell's are made from this table."""

from samokoder.server.commands import (
    consent,
    daemon,
    doctor,
    explain,
    findings,
    fix,
    generate,
    hunt,
    models,
    preview,
    review,
    runs,
    scaffold,
    state,
    usage,
    watched,
)
from samokoder.server.commands.command import Command

COMMANDS: dict[str, Command] = {
    command.name: command
    for module in (
        fix,
        hunt,
        watched,
        review,
        findings,
        explain,
        generate,
        scaffold,
        preview,
        runs,
        consent,
        models,
        usage,
        state,
        daemon,
        doctor,
    )
    for command in module.COMMANDS
}
