"""one index counts a plan, filters it and turns its pages"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_plan_items_page", "plan_items")
    columns = ["plan_id", "kind", "reason", "run_id", "seq", "state", "excluded_by"]
    op.create_index("ix_plan_items_page", "plan_items", columns)


def downgrade() -> None:
    op.drop_index("ix_plan_items_page", "plan_items")
    op.create_index("ix_plan_items_page", "plan_items", ["plan_id", "kind", "run_id", "seq"])
