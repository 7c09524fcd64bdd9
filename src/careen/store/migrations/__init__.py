"""The schema's history, run by alembic from careen.store.database."""
