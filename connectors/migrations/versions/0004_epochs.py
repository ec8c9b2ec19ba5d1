"""Which epoch the stream is in: it goes up whenever changes were lost, so that what is read anew beats what was there.

The last row is the present epoch. Its state tells how far the recovery that began it has come, for whoever goes on
after a crash; `connectors.epochs` knows the states.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

EPOCHS = """
CREATE TABLE dataflix.epochs (
    epoch             smallint    NOT NULL,
    state             text        NOT NULL,
    reason            text        NOT NULL,
    system_identifier text        NOT NULL,
    began_at          timestamptz NOT NULL DEFAULT now(),
    ended_at          timestamptz,
    CONSTRAINT epochs_pkey PRIMARY KEY (epoch),
    CONSTRAINT epochs_epoch_check CHECK (epoch BETWEEN 0 AND 255),
    CONSTRAINT epochs_state_check CHECK (state IN ('raised', 'reading', 'comparing', 'whole'))
)
"""


def upgrade() -> None:
    op.execute(EPOCHS)


def downgrade() -> None:
    op.execute("DROP TABLE dataflix.epochs")
