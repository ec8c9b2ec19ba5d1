"""People who are to be forgotten: written with the deletion of their rows, worked off by `forget-requested`."""

from alembic import op

revision = "0003"
down_revision = "0002"

# The number is all that is kept of the person. `deleted` holds how many rows of each table the deletion took, `txid`
# and `deleted_at` by which the stream names it: the erasure waits until raw shows each of them.
ERASURES = """
CREATE TABLE dataflix.erasures (
    user_id      bigint      NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    deleted_at   timestamptz NOT NULL DEFAULT now(),
    txid         bigint      NOT NULL,
    deleted      jsonb       NOT NULL,
    attempts     integer     NOT NULL DEFAULT 0,
    erased_at    timestamptz,
    CONSTRAINT erasures_pkey PRIMARY KEY (user_id)
)
"""

PENDING_INDEX = "CREATE INDEX erasures_pending_idx ON dataflix.erasures (requested_at) WHERE erased_at IS NULL"


def upgrade() -> None:
    for statement in (ERASURES, PENDING_INDEX):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP FUNCTION IF EXISTS dataflix.erase_person(bigint)")
    op.execute("DROP TABLE dataflix.erasures")
