"""The epoch in which somebody writes: a commit token and an erasure name it, and so know when all was read again since.

The function reads by a snapshot of its own, taken when it is called. Whoever calls it after a write has a transaction
number by then, and no replication slot is made before that transaction has ended: an epoch that is higher than the one
it tells begins with a snapshot that shows the write.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

PRESENT_EPOCH = """
CREATE FUNCTION dataflix.present_epoch() RETURNS smallint LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = '' AS $$
BEGIN
    RETURN (SELECT coalesce(max(epoch), -1) FROM dataflix.epochs);
END
$$
"""

# -1 where nothing has been read yet. Requests from before this were made in the first epoch
EPOCH = "ALTER TABLE dataflix.erasures ADD COLUMN epoch smallint NOT NULL DEFAULT 0"


def upgrade() -> None:
    for statement in (PRESENT_EPOCH, "REVOKE ALL ON FUNCTION dataflix.present_epoch() FROM PUBLIC", EPOCH):
        op.execute(statement)


def downgrade() -> None:
    op.execute("ALTER TABLE dataflix.erasures DROP COLUMN epoch")
    op.execute("DROP FUNCTION dataflix.present_epoch()")
