"""`careen upgrade`."""

import click

from careen import settings as settings_module
from careen.app import workshop
from careen.cli.kindly import kindly
from careen.cli.output import say


@click.command()
@kindly
def upgrade() -> None:
    """Bring the database's tables up to date (SQLite does so by itself)."""
    workshop.upgrade(settings_module.read())
    say("the database is up to date")
