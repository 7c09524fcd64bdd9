"""The command line. Exit status: 0 done, 1 an error, 2 a wrong call, 3 `--fail-on` was met."""

import logging
from importlib import import_module
from typing import cast

import click

# Each command, and where it is: MODULE:NAME below this folder.
_COMMANDS = {
    "account": "accounts:account",
    "explain": "scanning:explain",
    "feeds": "feeds:feeds",
    "import": "imports:import_",
    "key": "accounts:key",
    "migrate": "migrations:migrate",
    "scan": "scanning:scan",
    "serve": "serving:serve",
    "token": "accounts:token",
    "upgrade": "upgrading:upgrade",
}


class _Commands(click.Group):
    """What a command needs is loaded when it is called: all together takes a second."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        return cast("click.Command", getattr(import_module(f"{__name__}.{module}"), name))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="careen")
def main() -> None:
    """A container registry that inspects what is pushed to it."""
    from careen.cli.log import log_from  # noqa: PLC0415 - whoever asks for help or the version logs nothing

    log_from(logging.WARNING)
