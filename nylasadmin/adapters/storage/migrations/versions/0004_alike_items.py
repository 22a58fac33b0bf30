"""items note where their fingerprint serves without decoding them; older ones are decoded until they change"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("crm_items", sa.Column("alike", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("crm_items", "alike")
