"""What the stream keeps in the source, in the schema `dataflix`: nothing of it is anybody's data."""

from alembic import op

revision = "0002"
down_revision = "0001"

# Debezium reads an order from here, out of the stream itself: it takes effect at a known place among the changes
SIGNALS = """
CREATE TABLE dataflix.signals (
    id   text NOT NULL,
    type text NOT NULL,
    data text,
    CONSTRAINT signals_pkey PRIMARY KEY (id)
)
"""

# one row, touched while the connector runs: the slot moves on even when no table changes
HEARTBEAT = """
CREATE TABLE dataflix.heartbeat (
    id      integer     NOT NULL DEFAULT 1,
    beat_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT heartbeat_pkey PRIMARY KEY (id),
    CONSTRAINT heartbeat_one_row_check CHECK (id = 1)
)
"""

# what a snapshot was ordered for: a table or column that is not in here has rows that never were published
SNAPSHOTS = """
CREATE TABLE dataflix.snapshots (
    source_table text        NOT NULL,
    columns      text[]      NOT NULL,
    ordered_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT snapshots_pkey PRIMARY KEY (source_table)
)
"""

OPERATOR_MIGRATIONS = """
CREATE TABLE dataflix.operator_migrations (
    name       text        NOT NULL,
    sha256     text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT operator_migrations_pkey PRIMARY KEY (name)
)
"""


def upgrade() -> None:
    for statement in (SIGNALS, HEARTBEAT, SNAPSHOTS, OPERATOR_MIGRATIONS):
        op.execute(statement)
    op.execute("INSERT INTO dataflix.heartbeat DEFAULT VALUES")


def downgrade() -> None:
    op.execute("DROP TABLE dataflix.operator_migrations, dataflix.snapshots, dataflix.heartbeat, dataflix.signals")
