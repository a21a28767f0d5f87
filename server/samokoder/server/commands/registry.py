"""Every command by its name. The editors' commands and the shell's are made from this table."""

from samokoder.server.commands import (
    consent,
    daemon,
    doctor,
    fix,
    models,
    runs,
    state,
    usage,
)
from samokoder.server.commands.command import Command

COMMANDS: dict[str, Command] = {
    command.name: command
    for module in (fix, runs, consent, models, usage, state, daemon, doctor)
    for command in module.COMMANDS
}
