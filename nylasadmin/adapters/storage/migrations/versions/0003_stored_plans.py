"""previews keep their items; a snapshot may carry one out"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _big() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "plan_items",
        sa.Column("run_id", _big(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("plan_id", _big(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("source_id", sa.String(length=1000), nullable=True),
        sa.Column("destination_id", sa.String(length=1000), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("is_recurring", sa.Boolean(), nullable=False),
        sa.Column("source_fingerprint", sa.LargeBinary(), nullable=True),
        sa.Column("expected", sa.LargeBinary(), nullable=True),
        sa.Column("before", sa.LargeBinary(), nullable=True),
        sa.Column("after", sa.LargeBinary(), nullable=True),
        sa.Column("excluded_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_plan_items_run_id_runs")),
        sa.PrimaryKeyConstraint("run_id", "seq", name=op.f("pk_plan_items")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_plan_items_page", "plan_items", ["plan_id", "kind", "run_id", "seq"])
    op.create_table(
        "plan_uses",
        sa.Column("plan_id", _big(), nullable=False),
        sa.Column("snapshot_id", _big(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["snapshots.id"], name=op.f("fk_plan_uses_plan_id_snapshots")),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshots.id"], name=op.f("fk_plan_uses_snapshot_id_snapshots")),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_plan_uses")),
        sa.UniqueConstraint("snapshot_id", name=op.f("uq_plan_uses_snapshot_id")),
    )


def downgrade() -> None:
    op.drop_table("plan_uses")
    op.drop_table("plan_items")
