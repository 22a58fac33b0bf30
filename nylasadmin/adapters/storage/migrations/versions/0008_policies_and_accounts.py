"""policies have a zone, accounts freeze them, and sign-ins are remembered"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_DAY_S = 86_400
_NOTIFIED_OF_ALL_BEFORE = 1_604_966_400  # 2020-11-10, 00:00 UTC


def _big() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("targets", sa.Column("zone", sa.String(length=64), nullable=False, server_default="UTC"))
    op.add_column("targets", sa.Column("is_legacy", sa.Boolean(), nullable=False, server_default=sa.false()))
    _add_to_accounts()
    _freeze()
    _index_accounts()
    _park_and_catch_up()
    _create_sign_ins()


def _add_to_accounts() -> None:
    for column in (
        sa.Column("state_at", _big(), nullable=False, server_default="0"),
        sa.Column("sync_days", sa.Integer(), nullable=False, server_default="30"),
        sa.Column("webhook_days", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("zone", sa.String(length=64), nullable=False, server_default="UTC"),
        sa.Column("is_legacy", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("sync_from", _big(), nullable=True),
        sa.Column("webhook_from", _big(), nullable=True),
        sa.Column("frozen_at", _big(), nullable=False, server_default="0"),
        sa.Column("first_snapshot_id", _big(), nullable=True),
        sa.Column("synced_at", _big(), nullable=True),
        sa.Column("revoke_due_at", _big(), nullable=True),
        sa.Column("revoke_next_at", _big(), nullable=True),
        sa.Column("revoke_tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("revoke_problem", sa.Text(), nullable=True),
        sa.Column("former_emails", sa.Text(), nullable=False, server_default="[]"),
    ):
        op.add_column("accounts", column)


def _freeze() -> None:
    """Freeze what the target says now, in days of UTC: until now nobody could set it to anything else."""
    policy = "(SELECT {} FROM targets WHERE targets.id = accounts.target_id)"
    sync, webhook = policy.format("sync_days"), policy.format("webhook_days")
    after_all = "(SELECT coalesce(max(requested_at), 0) + 1 FROM snapshots)"
    op.execute(f"UPDATE accounts SET frozen_at = {after_all}, state_at = connected_at")
    op.execute(f"UPDATE accounts SET sync_days = {sync}, webhook_days = {webhook}")
    day = f"connected_at - connected_at % {_DAY_S}"
    op.execute(
        f"UPDATE accounts SET sync_from = {day} - sync_days * {_DAY_S}, webhook_from = CASE"
        f" WHEN connected_at < {_NOTIFIED_OF_ALL_BEFORE} THEN NULL ELSE {day} - webhook_days * {_DAY_S} END"
    )
    op.execute("UPDATE accounts SET synced_at = (SELECT max(last_get_at) FROM links WHERE account_id = accounts.id)")
    with op.batch_alter_table("accounts") as table:
        table.alter_column("sync_from", existing_type=_big(), nullable=False)


def _index_accounts() -> None:
    op.create_index("ix_accounts_grant", "accounts", ["grant_id", "target_id"])
    op.create_index("ix_accounts_email", "accounts", ["email", "id"])
    counted = ["target_id", "state", "provider", "first_snapshot_id", "synced_at", "connected_at"]
    op.create_index("ix_accounts_status", "accounts", counted)
    to_revoke = sa.text("revoke_next_at IS NOT NULL")
    op.create_index(
        "ix_accounts_revoke", "accounts", ["revoke_next_at"], sqlite_where=to_revoke, postgresql_where=to_revoke
    )


def _park_and_catch_up() -> None:
    op.add_column("runs", sa.Column("is_parked", sa.Boolean(), nullable=False, server_default=sa.false()))
    parked = sa.text("is_parked")
    op.create_index("ix_runs_parked", "runs", ["account_id"], sqlite_where=parked, postgresql_where=parked)
    op.add_column("links", sa.Column("catch_up_at", _big(), nullable=True))
    behind = sa.text("catch_up_at IS NOT NULL")
    op.create_index("ix_links_catch_up", "links", ["catch_up_at"], sqlite_where=behind, postgresql_where=behind)


def _create_sign_ins() -> None:
    op.create_table(
        "sign_ins",
        sa.Column("id", _big(), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("target_id", _big(), nullable=False),
        sa.Column("user_id", sa.String(length=80), nullable=False),
        sa.Column("account_id", _big(), nullable=True),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("redirect_uri", sa.String(length=500), nullable=False),
        sa.Column("sealed_verifier", sa.LargeBinary(), nullable=False),
        sa.Column("worker", sa.String(length=120), nullable=False),
        sa.Column("problem", sa.String(length=60), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("created_at", _big(), nullable=False),
        sa.Column("returned_at", _big(), nullable=True),
        sa.Column("finished_at", _big(), nullable=True),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name=op.f("fk_sign_ins_target_id_targets")),
        sa.ForeignKeyConstraint(["user_id"], ["crm_users.id"], name=op.f("fk_sign_ins_user_id_crm_users")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sign_ins_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
        sa.UniqueConstraint("nonce", name=op.f("uq_sign_ins_nonce")),
    )


def downgrade() -> None:
    op.drop_table("sign_ins")
    op.drop_index("ix_links_catch_up", "links")
    op.drop_index("ix_runs_parked", "runs")
    for index in ("ix_accounts_revoke", "ix_accounts_status", "ix_accounts_email", "ix_accounts_grant"):
        op.drop_index(index, "accounts")
    op.drop_column("links", "catch_up_at")
    op.drop_column("runs", "is_parked")
    with op.batch_alter_table("accounts") as table:
        for column in ("former_emails", "revoke_problem", "revoke_tries", "revoke_next_at"):
            table.drop_column(column)
        for column in ("revoke_due_at", "synced_at", "first_snapshot_id", "frozen_at", "webhook_from", "sync_from"):
            table.drop_column(column)
        for column in ("is_legacy", "zone", "webhook_days", "sync_days", "state_at"):
            table.drop_column(column)
    for column in ("is_legacy", "zone"):
        op.drop_column("targets", column)
