"""Brings a database's schema to the version that this careen needs."""

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from careen.errors import Internal


def migrate(connection: Connection, *, to: str = "head") -> None:
    """In the connection's transaction; raises Internal for a database of a later careen."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "careen.store:migrations")
    config.set_main_option("path_separator", "os")
    try:
        command.upgrade(config, to)
    except CommandError as error:
        raise Internal(f"The database was made by another version of careen: {error}") from error
