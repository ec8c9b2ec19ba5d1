"""Answers of writes that bore an idempotency key: told again when the same write comes again."""

from alembic import op

revision = "0006"
down_revision = "0005"

# Of key and request only hashes are kept. An answer that tells of a person goes with the person.
ANSWERS = """
CREATE TABLE dataflix.idempotency_keys (
    key        bytea       NOT NULL,
    request    bytea       NOT NULL,
    status     smallint    NOT NULL,
    headers    jsonb       NOT NULL,
    body       bytea       NOT NULL,
    user_id    bigint      REFERENCES public.users (user_id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (key)
)
"""

INDEXES = (
    "CREATE INDEX idempotency_keys_expires_at_idx ON dataflix.idempotency_keys (expires_at)",
    "CREATE INDEX idempotency_keys_user_id_idx ON dataflix.idempotency_keys (user_id) WHERE user_id IS NOT NULL",
)


def upgrade() -> None:
    for statement in (ANSWERS, *INDEXES):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE dataflix.idempotency_keys")
