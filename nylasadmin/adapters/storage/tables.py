"""Every table, in one place. Migrations bring a database here; repositories are the only readers of this module.

Times are Unix seconds in UTC. Bodies and before-images are the JSON of :func:`nylasadmin.domain.items.encode_item`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# 64 bits everywhere; SQLite wants the plain word INTEGER for keys that count by themselves.
Big = BigInteger().with_variant(Integer, "sqlite")

installation = Table(
    "installation",
    metadata,
    Column("key", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)

operators = Table(
    "operators",
    metadata,
    Column("id", Big, primary_key=True),
    Column("username", String(80), nullable=False, unique=True),
    Column("password_hash", String(300), nullable=False),
    Column("is_disabled", Boolean, nullable=False, default=False),
    Column("sign_in_serial", Integer, nullable=False, default=1),
    Column("last_sign_in_at", Big),
    Column("name_key", String(300), nullable=False),  # the name as it is compared, in any case
    Index("uq_operators_name_key", "name_key", unique=True),
)

operator_privileges = Table(
    "operator_privileges",
    metadata,
    Column("operator_id", Big, ForeignKey("operators.id", ondelete="CASCADE"), primary_key=True),
    Column("privilege", String(40), primary_key=True),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Big, primary_key=True),
    Column("at", Big, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("address", String(80), nullable=False),
    Column("action", String(60), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("old", Text, nullable=False),
    Column("new", Text, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("hash", String(64), nullable=False),
)

targets = Table(
    "targets",
    metadata,
    Column("id", Big, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("host", String(260), nullable=False),
    Column("inbound", Boolean, nullable=False),
    Column("outbound", Boolean, nullable=False),
    Column("is_disabled", Boolean, nullable=False, default=False),
    Column("application_id", String(80), nullable=False, default=""),
    Column("plan", String(10), nullable=False),
    Column("sync_days", Integer, nullable=False),
    Column("webhook_days", Integer, nullable=False),
    Column("zone", String(64), nullable=False, server_default="UTC"),  # whose days the policies count
    Column("is_legacy", Boolean, nullable=False, server_default=false()),  # the webhook policy does not apply
    Column("guard_deletes", Integer, nullable=False),
    Column("guard_share_percent", Integer, nullable=False),
    Column("guard_share_from", Integer, nullable=False, server_default="20"),
    Column("guard_shrink_percent", Integer, nullable=False, server_default="50"),
    Column("four_eyes_deletes", Integer),  # above this another operator has to approve; empty: never
    Column("keep_older_days", Integer),  # an inbound delete of a single item older than that is refused; empty: never
    Column("undo_days", Integer, nullable=False, server_default="30"),
    Column("version", Integer, nullable=False, default=1),
    Column("name_key", String(300), nullable=False),  # the name as it is compared, in any case
    Index("uq_targets_name_key", "name_key", unique=True),
)

sender_channels = Table(
    "sender_channels",
    metadata,
    Column("target_id", Big, ForeignKey("targets.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("base_url", String(300), nullable=False),
    Column("sealed_key", LargeBinary, nullable=False),
    Column("key_tail", String(8), nullable=False),
    Column("connect_timeout_s", Float, nullable=False),
    Column("read_timeout_s", Float, nullable=False),
    Column("concurrency", Integer, nullable=False),
    Column("requests_per_s", Float, nullable=False),
)

notification_channels = Table(
    "notification_channels",
    metadata,
    Column("target_id", Big, ForeignKey("targets.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("path", String(100), nullable=False),
    Column("sealed_secret", LargeBinary),
)

crm_users = Table(
    "crm_users",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("email", String(320), nullable=False, unique=True),
)

crm_items = Table(
    "crm_items",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("user_id", String(80), ForeignKey("crm_users.id"), nullable=False),
    Column("collection", String(300), nullable=False),
    Column("item_type", String(10), nullable=False),
    Column("uid", String(500)),
    Column("original_start", String(20)),
    Column("title", Text, nullable=False),
    Column("start", Big, nullable=False),
    Column("end", Big, nullable=False),
    Column("is_recurring", Boolean, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("alike", Integer, nullable=False, server_default="0"),  # where the fingerprint serves reduced items too
    Column("body", LargeBinary, nullable=False),
    Column("updated_at", Big, nullable=False),
    Index("ix_crm_items_owner", "user_id", "collection", "item_type"),
)

crm_changes = Table(
    "crm_changes",
    metadata,
    Column("seq", Big, primary_key=True),
    Column("item_id", String(80), nullable=False),
    Column("user_id", String(80), nullable=False),
    Column("collection", String(300), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("at", Big, nullable=False),
    Column("origin", String(40), nullable=False),
    sqlite_autoincrement=True,  # a number in the feed is never given twice, also after the newest row is gone
)

_TO_REVOKE = text("revoke_next_at IS NOT NULL")
_BEHIND = text("catch_up_at IS NOT NULL")

accounts = Table(
    "accounts",
    metadata,
    Column("id", Big, primary_key=True),
    Column("target_id", Big, ForeignKey("targets.id"), nullable=False),
    Column("user_id", String(80), ForeignKey("crm_users.id"), nullable=False),
    Column("email", String(320), nullable=False),
    Column("provider", String(40), nullable=False),
    Column("grant_id", String(100), nullable=False),
    Column("state", String(20), nullable=False),
    Column("connected_at", Big, nullable=False),
    Column("state_at", Big, nullable=False, server_default="0"),  # since when it is in its state
    # The policies of the target as they were at connecting, and the cut-offs they gave; frozen.
    Column("sync_days", Integer, nullable=False, server_default="30"),
    Column("webhook_days", Integer, nullable=False, server_default="0"),
    Column("zone", String(64), nullable=False, server_default="UTC"),
    Column("is_legacy", Boolean, nullable=False, server_default=false()),
    Column("sync_from", Big, nullable=False),
    Column("webhook_from", Big),  # empty: everything notifies that takes part
    Column("frozen_at", Big, nullable=False, server_default="0"),  # when the policy was frozen
    Column("first_snapshot_id", Big),  # the first synchronization after connecting; no foreign key: history may go
    Column("synced_at", Big),  # when every link had been copied once after connecting
    Column("revoke_due_at", Big),  # since when the grant is to be revoked at Nylas, until that has been done
    Column("revoke_next_at", Big),  # when that is tried next
    Column("revoke_tries", Integer, nullable=False, server_default="0"),
    Column("revoke_problem", Text),  # why the last try failed
    Column("former_emails", Text, nullable=False, server_default="[]"),  # JSON list of addresses it had before
    UniqueConstraint("target_id", "email"),
    Index("ix_accounts_grant", "grant_id", "target_id"),
    Index("ix_accounts_email", "email", "id"),
    # All that the page of accounts counts by, so that it reads this index only.
    Index("ix_accounts_status", "target_id", "state", "provider", "first_snapshot_id", "synced_at", "connected_at"),
    Index("ix_accounts_revoke", "revoke_next_at", sqlite_where=_TO_REVOKE),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("id", Big, primary_key=True),
    Column("nonce", String(64), nullable=False, unique=True),  # names the attempt in the state parameter
    Column("target_id", Big, ForeignKey("targets.id"), nullable=False),
    Column("user_id", String(80), ForeignKey("crm_users.id"), nullable=False),
    Column("account_id", Big, ForeignKey("accounts.id")),  # of a re-authentication; afterwards what was connected
    Column("email", String(320), nullable=False),  # as the user typed it
    Column("state", String(20), nullable=False),
    Column("redirect_uri", String(500), nullable=False),
    Column("sealed_verifier", LargeBinary, nullable=False),
    Column("worker", String(120), nullable=False),  # the process that exchanges the code
    Column("problem", String(60), nullable=False),
    Column("detail", Text, nullable=False),
    Column("created_at", Big, nullable=False),
    Column("returned_at", Big),
    Column("finished_at", Big),
)

links = Table(
    "links",
    metadata,
    Column("id", Big, primary_key=True),
    Column("target_id", Big, ForeignKey("targets.id"), nullable=False),
    Column("account_id", Big, ForeignKey("accounts.id"), nullable=False),
    Column("user_id", String(80), ForeignKey("crm_users.id"), nullable=False),
    Column("user_name", String(200), nullable=False),
    Column("item_type", String(10), nullable=False),
    Column("folder_id", String(500), nullable=False),
    Column("folder_name", String(500), nullable=False),
    Column("folder_owner", String(320), nullable=False),
    Column("collection", String(300), nullable=False),
    Column("is_primary", Boolean, nullable=False),
    Column("is_read_only", Boolean, nullable=False),
    Column("inbound", Boolean, nullable=False),
    Column("outbound", Boolean, nullable=False),
    Column("items", Integer, nullable=False, default=0),
    Column("last_get_at", Big),
    Column("last_send_at", Big),
    Column("is_failing", Boolean, nullable=False, default=False),
    Column("catch_up_at", Big),  # since when a Get is due that closes a gap, e.g. after a sign-in; empty: none is
    Column("removed_at", Big),  # a removed link keeps its row, and so its pairs: connecting again doubles nothing
    Column("version", Integer, nullable=False, default=1),
    UniqueConstraint("account_id", "item_type", "folder_id"),
    Index("ix_links_by_name", "target_id", "user_name", "folder_name", "id"),
    Index("ix_links_catch_up", "catch_up_at", sqlite_where=_BEHIND),
)

pairs = Table(
    "pairs",
    metadata,
    Column("link_id", Big, ForeignKey("links.id"), primary_key=True),
    Column("crm_id", String(80), primary_key=True),
    Column("nylas_id", String(1000), nullable=False),
    Column("base", LargeBinary, nullable=False),
    Column("seen", LargeBinary),  # digest of what Nylas sent when both sides were equal, and its fingerprint
    Index("uq_pairs_nylas", "link_id", "nylas_id", unique=True),
    sqlite_with_rowid=False,
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("id", Big, primary_key=True),
    Column("target_id", Big, ForeignKey("targets.id"), nullable=False),
    Column("link_id", Big, ForeignKey("links.id")),
    Column("direction", String(4), nullable=False),
    Column("receiver_only", String(6), nullable=False),
    Column("is_preview", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("operator", String(80), nullable=False),
    Column("requested_at", Big, nullable=False),
    Column("skipped", Text, nullable=False),  # JSON list of the links left out, with why
    Column("filter", Text),  # JSON of the filter; empty: everything takes part
    Column("undoes_id", Big, ForeignKey("snapshots.id")),  # the snapshot that this one takes back
    Column("is_narrow", Boolean, nullable=False, server_default=false()),  # only its rows of snapshot_items take part
    Index("ix_snapshots_target", "target_id", "id"),
    Index("ix_snapshots_undoes", "undoes_id"),
)

snapshot_items = Table(
    "snapshot_items",
    metadata,
    Column("snapshot_id", Big, ForeignKey("snapshots.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("link_id", Big, nullable=False),
    Column("crm_id", String(80)),
    Column("nylas_id", String(1000)),
    sqlite_with_rowid=False,
)

# Partial indexes; PostgreSQL is told of their conditions when tables are made, see the end.
_LIVE = text("state IN ('queued', 'planning', 'running', 'waiting', 'held', 'paused') AND NOT is_preview")
_WAITING = text("state = 'waiting'")
_CLAIMABLE = text("state IN ('queued', 'planning', 'running')")
_LEASED = text("lease_until IS NOT NULL")
_IMAGES = text("images > 0")
_PARKED = text("is_parked")

runs = Table(
    "runs",
    metadata,
    Column("id", Big, primary_key=True),
    Column("snapshot_id", Big, ForeignKey("snapshots.id"), nullable=False),
    Column(
        "ordinal", Integer, nullable=False
    ),  # place within its snapshot: workers take low ones first, so none starves
    Column("link_id", Big, ForeignKey("links.id"), nullable=False),
    Column("account_id", Big, nullable=False),
    Column("direction", String(4), nullable=False),
    Column("receiver_only", String(6), nullable=False),
    Column("is_preview", Boolean, nullable=False),
    Column("state", String(10), nullable=False),
    Column("read", Integer, nullable=False, default=0),
    Column("to_create", Integer, nullable=False, default=0),
    Column("to_update", Integer, nullable=False, default=0),
    Column("to_delete", Integer, nullable=False, default=0),
    Column("unchanged", Integer, nullable=False, default=0),
    Column("kept", Integer, nullable=False, default=0),
    Column("outside", Integer, nullable=False, default=0),
    Column("skipped", Integer, nullable=False, default=0),
    Column("created", Integer, nullable=False, default=0),
    Column("updated", Integer, nullable=False, default=0),
    Column("deleted", Integer, nullable=False, default=0),
    Column("moved", Integer, nullable=False, default=0),
    Column("failed", Integer, nullable=False, default=0),
    Column("images", Integer, nullable=False, server_default="0"),  # before-images kept of this run's writes
    Column("image_bytes", Big, nullable=False, server_default="0"),  # what they take
    Column("started_at", Big),
    Column("finished_at", Big),
    Column("lease_owner", String(80)),
    Column("lease_until", Float),
    Column("fence", Integer, nullable=False, default=0),
    Column("pauses", Integer, nullable=False, server_default="0"),  # resumes, which raise the fence without a fault
    Column("tally", Text),  # JSON of what the guard counts, from planning on
    Column("hold", Text),  # JSON of the guard's hold
    Column("victims", LargeBinary),  # digest of the deletes the guard saw
    Column("approved", LargeBinary),  # digest of the deletes that may be carried out
    Column("approved_by", String(80)),  # the operator who approved them; empty: the snapshot's limits let them pass
    Column("spared", Text),  # JSON list of the items, of either side, that an operator left out
    Column("cause", Text, nullable=False, default=""),
    Column("detail", Text, nullable=False, default=""),
    Column("is_parked", Boolean, nullable=False, server_default=false()),  # paused until its account has signed in
    Index("ix_runs_snapshot", "snapshot_id", "state"),
    Index("uq_runs_live_link", "link_id", unique=True, sqlite_where=_LIVE),
    Index("ix_runs_link", "link_id", "id"),
    Index("ix_runs_claimable", "ordinal", "id", sqlite_where=_CLAIMABLE),
    Index("ix_runs_waiting", "snapshot_id", sqlite_where=_WAITING),
    Index("ix_runs_parked", "account_id", sqlite_where=_PARKED),
    Index("ix_runs_leased", "link_id", sqlite_where=_LEASED),
    Index("ix_runs_images", "link_id", "images", "image_bytes", sqlite_where=_IMAGES),
    Index("ix_runs_images_age", "finished_at", sqlite_where=_IMAGES),
)

plan_uses = Table(
    "plan_uses",
    metadata,
    Column("plan_id", Big, ForeignKey("snapshots.id"), primary_key=True),  # so a preview is carried out once
    Column("snapshot_id", Big, ForeignKey("snapshots.id"), nullable=False, unique=True),
)

plan_items = Table(
    "plan_items",
    metadata,
    Column("run_id", Big, ForeignKey("runs.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("plan_id", Big, nullable=False),  # the preview, so that one index serves its page
    Column("kind", String(10), nullable=False),
    Column("reason", String(60), nullable=False),
    Column("state", String(10), nullable=False),  # planned -> moved
    Column("source_id", String(1000)),
    Column("destination_id", String(1000)),
    Column("title", Text, nullable=False),
    Column("is_recurring", Boolean, nullable=False),
    Column("source_fingerprint", LargeBinary),
    Column("expected", LargeBinary),
    Column("before", LargeBinary),
    Column("after", LargeBinary),
    Column("excluded_by", String(80), nullable=False),
    Index("ix_plan_items_page", "plan_id", "kind", "reason", "run_id", "seq", "state", "excluded_by"),
    sqlite_with_rowid=False,
)

_OPEN = text("state IN ('intended', 'sent')")

writes = Table(
    "writes",
    metadata,
    Column("run_id", Big, ForeignKey("runs.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("link_id", Big, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("state", String(10), nullable=False),  # intended -> sent -> done | failed | moved | unsent | unknown
    Column("crm_id", String(80)),
    Column("nylas_id", String(1000)),
    Column("title", Text, nullable=False),
    Column("before", LargeBinary),
    Column("after", LargeBinary),  # fingerprint of what was written, under the run's fidelity
    Column("restores", String(60)),  # the before-image that an undo goes back to; the marker of what it creates
    Index("ix_writes_open", "link_id", sqlite_where=_OPEN),
    sqlite_with_rowid=False,
)

failures = Table(
    "failures",
    metadata,
    Column("id", Big, primary_key=True),
    Column("run_id", Big, ForeignKey("runs.id"), nullable=False),
    Column("link_id", Big, nullable=False),
    Column("title", Text, nullable=False),
    Column("action", String(10), nullable=False),
    Column("cause", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("crm_id", String(80)),
    Column("nylas_id", String(1000)),
    Column("at", Big, nullable=False),
    Index("ix_failures_run", "run_id"),
    Index("ix_failures_link", "link_id", "id"),
)

_DUE = text("is_due")

rejections = Table(
    "rejections",
    metadata,
    Column("id", Big, primary_key=True),
    Column("link_id", Big, nullable=False),
    Column("direction", String(4), nullable=False),
    Column("source_id", String(1000)),
    Column("destination_id", String(1000), nullable=False),
    Column("title", Text, nullable=False),
    Column("operator", String(80), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Big, nullable=False),
    Column("is_due", Boolean, nullable=False, server_default=false()),  # to be created again once the link is free
    Index("uq_rejections_item", "link_id", "direction", "destination_id", unique=True),
    Index("ix_rejections_due", "id", sqlite_where=_DUE),
)

failed_items = Table(
    "failed_items",
    metadata,
    Column("id", Big, primary_key=True),
    Column("link_id", Big, nullable=False),
    Column("direction", String(4), nullable=False),
    Column("item_key", String(1000), nullable=False),  # the item's id at the source, else at the destination
    Column("crm_id", String(80)),
    Column("nylas_id", String(1000)),
    Column("run_id", Big, nullable=False),  # the run that failed last
    Column("title", Text, nullable=False),
    Column("action", String(10), nullable=False),
    Column("cause", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("first_at", Big, nullable=False),
    Column("last_at", Big, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try_at", Big),  # empty: no further try by itself
    Column("dismissed_at", Big),
    Column("dismissed_by", String(80), nullable=False),
    Column("dismissed_reason", Text, nullable=False),
    Index("uq_failed_items_item", "link_id", "direction", "item_key", unique=True),
    Index("ix_failed_items_due", "next_try_at"),
    Index("ix_failed_items_latest", "last_at"),
)

arrivals = Table(
    "arrivals",
    metadata,
    Column("seq", Big, primary_key=True),
    Column("link_id", Big, nullable=False),
    Column("item_id", String(1000), nullable=False),
    Column("at", Big, nullable=False),
    Index("ix_arrivals_link", "link_id", "seq"),
    sqlite_autoincrement=True,
)

progress_samples = Table(
    "progress_samples",
    metadata,
    Column("snapshot_id", Big, ForeignKey("snapshots.id"), primary_key=True),
    Column("at", Big, primary_key=True),
    Column("read", Integer, nullable=False),
    Column("written", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    sqlite_with_rowid=False,
)


@event.listens_for(metadata, "before_create")
def _as_on_sqlite(_metadata: MetaData, connection: Connection, **_: object) -> None:
    """Give PostgreSQL the conditions of partial indexes: naming them above would load its drivers' code everywhere."""
    if connection.dialect.name == "postgresql":
        for index in (i for table in metadata.tables.values() for i in table.indexes):
            index.dialect_options["postgresql"]["where"] = index.dialect_options["sqlite"]["where"]
