"""Alembic's way in: run the revisions on the connection that `connectors.schema` hands over, each in a transaction."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table_schema=context.config.attributes["schema"],
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
