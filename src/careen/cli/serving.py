"""`careen serve`."""

import logging

import click

from careen import settings as settings_module
from careen.app import serving
from careen.cli.kindly import kindly
from careen.cli.log import log_from


@click.command()
@kindly
def serve() -> None:
    """Start registry, API and scanner in one process."""
    log_from(logging.INFO)
    serving.serve(settings_module.read(), announce=click.echo)
