"""writes that have left are told from those that are only announced; leases are found quickly"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_INTENDED = sa.text("state = 'intended'")
_OPEN = sa.text("state IN ('intended', 'sent')")
_LEASED = sa.text("lease_until IS NOT NULL")


def upgrade() -> None:
    op.drop_index("ix_writes_intended", "writes")
    op.create_index("ix_writes_open", "writes", ["link_id"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index("ix_runs_leased", "runs", ["link_id"], sqlite_where=_LEASED, postgresql_where=_LEASED)


def downgrade() -> None:
    op.drop_index("ix_runs_leased", "runs")
    op.drop_index("ix_writes_open", "writes")
    op.create_index("ix_writes_intended", "writes", ["link_id"], sqlite_where=_INTENDED, postgresql_where=_INTENDED)
