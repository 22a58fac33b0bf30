"""snapshots can be filtered, narrowed and undone; guard answers, failed items and arrivals are remembered"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _big() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _add_to_targets()
    _add_to_snapshots_and_runs()
    _create_rejections()
    _create_failed_items()
    _create_arrivals_and_samples()


def _add_to_targets() -> None:
    op.add_column("targets", sa.Column("guard_share_from", sa.Integer(), nullable=False, server_default="20"))
    op.add_column("targets", sa.Column("guard_shrink_percent", sa.Integer(), nullable=False, server_default="50"))
    op.add_column("targets", sa.Column("four_eyes_deletes", sa.Integer(), nullable=True))
    op.add_column("targets", sa.Column("keep_older_days", sa.Integer(), nullable=True))
    op.add_column("targets", sa.Column("undo_days", sa.Integer(), nullable=False, server_default="30"))


def _add_to_snapshots_and_runs() -> None:
    with op.batch_alter_table("snapshots") as table:
        table.add_column(sa.Column("filter", sa.Text(), nullable=True))
        table.add_column(sa.Column("undoes_id", _big(), nullable=True))
        table.add_column(sa.Column("is_narrow", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.create_foreign_key("fk_snapshots_undoes_id_snapshots", "snapshots", ["undoes_id"], ["id"])
    op.create_index("ix_snapshots_undoes", "snapshots", ["undoes_id"])
    op.create_table(
        "snapshot_items",
        sa.Column("snapshot_id", _big(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("link_id", _big(), nullable=False),
        sa.Column("crm_id", sa.String(length=80), nullable=True),
        sa.Column("nylas_id", sa.String(length=1000), nullable=True),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshots.id"], name=op.f("fk_snapshot_items_snapshot_id_snapshots")
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "seq", name=op.f("pk_snapshot_items")),
        sqlite_with_rowid=False,
    )
    op.add_column("runs", sa.Column("tally", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("approved_by", sa.String(length=80), nullable=True))
    op.add_column("runs", sa.Column("spared", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("pauses", sa.Integer(), nullable=False, server_default="0"))
    _live_means("'queued', 'planning', 'running', 'waiting', 'held', 'paused'")
    waiting = sa.text("state = 'waiting'")
    op.create_index("ix_runs_waiting", "runs", ["snapshot_id"], sqlite_where=waiting, postgresql_where=waiting)
    op.add_column("pairs", sa.Column("seen", sa.LargeBinary(), nullable=True))
    op.add_column("writes", sa.Column("after", sa.LargeBinary(), nullable=True))
    op.add_column("writes", sa.Column("restores", sa.String(length=60), nullable=True))
    _count_images()


def _count_images() -> None:
    """Count the before-images of each run, so that what they take is told without reading them."""
    op.add_column("runs", sa.Column("images", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("runs", sa.Column("image_bytes", _big(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE runs SET images = (SELECT count(before) FROM writes WHERE writes.run_id = runs.id),"
        " image_bytes = (SELECT coalesce(sum(length(before)), 0) FROM writes WHERE writes.run_id = runs.id)"
    )
    kept = sa.text("images > 0")
    op.create_index(
        "ix_runs_images",
        "runs",
        ["link_id", "images", "image_bytes"],
        sqlite_where=kept,
        postgresql_where=kept,
    )
    op.create_index("ix_runs_images_age", "runs", ["finished_at"], sqlite_where=kept, postgresql_where=kept)


def _live_means(states: str) -> None:
    """Say in which states a run occupies its link."""
    live = sa.text(f"state IN ({states}) AND NOT is_preview")
    op.drop_index("uq_runs_live_link", "runs")
    op.create_index("uq_runs_live_link", "runs", ["link_id"], unique=True, sqlite_where=live, postgresql_where=live)


def _create_rejections() -> None:
    op.create_table(
        "rejections",
        sa.Column("id", _big(), nullable=False),
        sa.Column("link_id", _big(), nullable=False),
        sa.Column("direction", sa.String(length=4), nullable=False),
        sa.Column("source_id", sa.String(length=1000), nullable=True),
        sa.Column("destination_id", sa.String(length=1000), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("operator", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", _big(), nullable=False),
        sa.Column("is_due", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejections")),
    )
    due = sa.text("is_due")
    op.create_index("ix_rejections_due", "rejections", ["id"], sqlite_where=due, postgresql_where=due)
    op.create_index("uq_rejections_item", "rejections", ["link_id", "direction", "destination_id"], unique=True)


def _create_failed_items() -> None:
    op.create_table(
        "failed_items",
        sa.Column("id", _big(), nullable=False),
        sa.Column("link_id", _big(), nullable=False),
        sa.Column("direction", sa.String(length=4), nullable=False),
        sa.Column("item_key", sa.String(length=1000), nullable=False),
        sa.Column("crm_id", sa.String(length=80), nullable=True),
        sa.Column("nylas_id", sa.String(length=1000), nullable=True),
        sa.Column("run_id", _big(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("first_at", _big(), nullable=False),
        sa.Column("last_at", _big(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", _big(), nullable=True),
        sa.Column("dismissed_at", _big(), nullable=True),
        sa.Column("dismissed_by", sa.String(length=80), nullable=False),
        sa.Column("dismissed_reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failed_items")),
    )
    op.create_index("uq_failed_items_item", "failed_items", ["link_id", "direction", "item_key"], unique=True)
    op.create_index("ix_failed_items_due", "failed_items", ["next_try_at"])
    op.create_index("ix_failed_items_latest", "failed_items", ["last_at"])


def _create_arrivals_and_samples() -> None:
    op.create_table(
        "arrivals",
        sa.Column("seq", _big(), nullable=False),
        sa.Column("link_id", _big(), nullable=False),
        sa.Column("item_id", sa.String(length=1000), nullable=False),
        sa.Column("at", _big(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_arrivals")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_arrivals_link", "arrivals", ["link_id", "seq"])
    op.create_table(
        "progress_samples",
        sa.Column("snapshot_id", _big(), nullable=False),
        sa.Column("at", _big(), nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("written", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshots.id"], name=op.f("fk_progress_samples_snapshot_id_snapshots")
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "at", name=op.f("pk_progress_samples")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.execute("UPDATE runs SET state = 'cancelled' WHERE state IN ('waiting', 'paused')")
    op.drop_index("ix_runs_waiting", "runs")
    _live_means("'queued', 'planning', 'running', 'held'")
    for column in ("pauses", "spared", "approved_by"):
        op.drop_column("runs", column)
    for name in ("progress_samples", "arrivals", "failed_items", "rejections", "snapshot_items"):
        op.drop_table(name)
    for name in ("ix_runs_images_age", "ix_runs_images"):
        op.drop_index(name, "runs")
    op.drop_column("pairs", "seen")
    for column in ("restores", "after"):
        op.drop_column("writes", column)
    for column in ("image_bytes", "images", "tally"):
        op.drop_column("runs", column)
    op.drop_index("ix_snapshots_undoes", "snapshots")
    with op.batch_alter_table("snapshots") as table:
        table.drop_constraint("fk_snapshots_undoes_id_snapshots", type_="foreignkey")
        for column in ("is_narrow", "undoes_id", "filter"):
            table.drop_column(column)
    for column in ("undo_days", "keep_older_days", "four_eyes_deletes", "guard_shrink_percent", "guard_share_from"):
        op.drop_column("targets", column)
