"""The digest of a snapshot: of what its tables say, whatever version of SQLite laid out the file's pages."""

import hashlib
import json
import sqlite3

from careen.matching import schema

_ROWS = 1000  # that are put into words at once
_WORDS = json.JSONEncoder(separators=(",", ":"), default=lambda blob: [blob.hex()])


def digest(database: sqlite3.Connection, place: str = "main") -> str:
    """SHA-256, as 64 hexadecimal digits, over all rows of all tables in the order of their primary keys."""
    said = hashlib.sha256(f"careen snapshot {schema.VERSION}".encode())
    tables = database.execute(
        f"SELECT name FROM {place}.sqlite_schema WHERE type = 'table' ORDER BY name"  # noqa: S608 - our own words
    ).fetchall()
    for (table,) in tables:
        fields = database.execute("SELECT name, pk FROM pragma_table_info(?, ?)", (table, place)).fetchall()
        keys = ", ".join(
            name for place_in_key, name in sorted((pk, name) for name, pk in fields) if place_in_key
        )
        names = [name for name, _ in fields]
        said.update(_WORDS.encode([table, names]).encode())
        rows = database.execute(f"SELECT {', '.join(names)} FROM {place}.{table} ORDER BY {keys}")  # noqa: S608 - the schema is checked before
        while some := rows.fetchmany(_ROWS):
            said.update(_WORDS.encode(some).encode())
    return said.hexdigest()
