"""Alembic's entry: runs the scripts on the connection that ``storage.migrate`` hands over, inside its transaction."""

from alembic import context

from spc_desktop.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a table; Alembic then copies it
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
