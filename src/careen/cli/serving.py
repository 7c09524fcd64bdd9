"""`careen serve`."""

import logging

import click

from careen import settings as settings_module
from careen.cli.kindly import kindly
from careen.cli.log import log_from


@click.command()
@kindly
def serve() -> None:
    """Start registry, API and scanner in one process."""
    from careen.app import serving  # noqa: PLC0415 - the list of commands needs no server

    log_from(logging.INFO)
    serving.serve(settings_module.read(), announce=click.echo)
