"""What alembic runs: the migrations, on the connection (and in the transaction) that it was given."""

from alembic import context

from careen.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a table: a new one replaces it
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
