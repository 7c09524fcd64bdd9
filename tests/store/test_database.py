from careen.store.database import Database


def test_the_migrated_schema_is_current(database: Database) -> None:
    assert database.is_current()
