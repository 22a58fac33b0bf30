"""Targets and their channels in tables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, delete, func, insert, or_, select, update

from nylasadmin.adapters.storage.tables import (
    accounts,
    arrivals,
    failed_items,
    failures,
    links,
    notification_channels,
    pairs,
    plan_items,
    plan_uses,
    progress_samples,
    rejections,
    runs,
    sender_channels,
    sign_ins,
    snapshot_items,
    snapshots,
    targets,
    writes,
)
from nylasadmin.domain.names import name_key
from nylasadmin.domain.policies import PlanLevel, Policies
from nylasadmin.domain.targets import GuardLimits, NotificationChannel, SenderChannel, Target, TargetForm
from nylasadmin.errors import NotFound

TARGET_COLUMNS = (
    targets,
    sender_channels.c.name.label("sender_name"),
    sender_channels.c.base_url,
    sender_channels.c.key_tail,
    sender_channels.c.connect_timeout_s,
    sender_channels.c.read_timeout_s,
    sender_channels.c.concurrency,
    sender_channels.c.requests_per_s,
    notification_channels.c.name.label("notification_name"),
    notification_channels.c.path,
    (notification_channels.c.sealed_secret.is_not(None)).label("has_secret"),
)
TARGETS_JOINED = targets.join(sender_channels).join(notification_channels)

_SEALED_KEY = select(sender_channels.c.sealed_key).where(sender_channels.c.target_id == bindparam("the_target"))


class SqlTargets:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(
        self, form: TargetForm, policies: Policies, *, sealed_key: bytes, key_tail: str, sealed_secret: bytes | None
    ) -> int:
        row = self._db.execute(insert(targets).values(**_target_values(form), **_policy_values(policies)))
        target_id = _new_id(row.inserted_primary_key)
        self._db.execute(
            insert(sender_channels).values(
                target_id=target_id, **_sender_values(form), sealed_key=sealed_key, key_tail=key_tail
            )
        )
        self._db.execute(
            insert(notification_channels).values(
                target_id=target_id,
                name=form.notification_name,
                path=form.notification_path,
                sealed_secret=sealed_secret,
            )
        )
        return target_id

    def get(self, target_id: int) -> Target:
        found = self._one(targets.c.id == target_id)
        if found is None:
            raise NotFound("target", target_id)
        return found

    def by_name(self, name: str) -> Target | None:
        """Find a target by name, in any case; the exact name comes first."""
        return self._one(or_(targets.c.name == name, targets.c.name_key == name_key(name)), name)

    def _one(self, condition: Any, name: str = "") -> Target | None:
        found = select(*TARGET_COLUMNS).select_from(TARGETS_JOINED).where(condition).order_by(targets.c.name != name)
        row = self._db.execute(found.limit(1)).mappings().one_or_none()
        return target_of(row) if row else None

    def all(self) -> list[Target]:
        found = select(*TARGET_COLUMNS).select_from(TARGETS_JOINED).order_by(targets.c.name_key)
        return [target_of(row) for row in self._db.execute(found).mappings()]

    def update(
        self,
        target_id: int,
        version: int,
        form: TargetForm,
        *,
        sealed_key: bytes | None,
        key_tail: str,
        sealed_secret: bytes | None,
    ) -> bool:
        changed = self._db.execute(
            update(targets)
            .where(targets.c.id == target_id, targets.c.version == version)
            .values(**_target_values(form), version=version + 1)
        )
        if changed.rowcount != 1:
            return False
        sender = _sender_values(form)
        if sealed_key is not None:
            sender |= {"sealed_key": sealed_key, "key_tail": key_tail}
        self._db.execute(update(sender_channels).where(sender_channels.c.target_id == target_id).values(**sender))
        channel: dict[str, object] = {"name": form.notification_name, "path": form.notification_path}
        if sealed_secret is not None:
            channel["sealed_secret"] = sealed_secret
        self._db.execute(
            update(notification_channels).where(notification_channels.c.target_id == target_id).values(**channel)
        )
        return True

    def set_policies(self, target_id: int, version: int, policies: Policies) -> bool:
        """Store both policies; ``False`` if the row was changed since ``version``."""
        changed = self._db.execute(
            update(targets)
            .where(targets.c.id == target_id, targets.c.version == version)
            .values(**_policy_values(policies), version=version + 1)
        )
        return changed.rowcount == 1

    def remove(self, target_id: int) -> None:
        """Remove a target with what is left of it: links removed before, accounts, and the history of its runs."""
        its_links = select(links.c.id).where(links.c.target_id == target_id)
        its_snapshots = select(snapshots.c.id).where(snapshots.c.target_id == target_id)
        its_runs = select(runs.c.id).where(runs.c.snapshot_id.in_(its_snapshots))
        for table, which in (
            (plan_uses, plan_uses.c.snapshot_id.in_(its_snapshots)),
            (plan_items, plan_items.c.run_id.in_(its_runs)),
            (failures, failures.c.run_id.in_(its_runs)),
            (writes, writes.c.run_id.in_(its_runs)),
            (runs, runs.c.snapshot_id.in_(its_snapshots)),
            (snapshot_items, snapshot_items.c.snapshot_id.in_(its_snapshots)),
            (progress_samples, progress_samples.c.snapshot_id.in_(its_snapshots)),
            (snapshots, snapshots.c.target_id == target_id),
            (pairs, pairs.c.link_id.in_(its_links)),
            (rejections, rejections.c.link_id.in_(its_links)),
            (failed_items, failed_items.c.link_id.in_(its_links)),
            (arrivals, arrivals.c.link_id.in_(its_links)),
            (links, links.c.target_id == target_id),
            (sign_ins, sign_ins.c.target_id == target_id),
            (accounts, accounts.c.target_id == target_id),
            (targets, targets.c.id == target_id),
        ):
            self._db.execute(delete(table).where(which))

    def set_application(self, target_id: int, application_id: str) -> None:
        self._db.execute(update(targets).where(targets.c.id == target_id).values(application_id=application_id))

    def sealed_key(self, target_id: int) -> bytes:
        found = self._db.execute(_SEALED_KEY, {"the_target": target_id}).scalar_one_or_none()
        if found is None:
            raise NotFound("target", target_id)
        return bytes(found)

    def count_links(self, target_id: int) -> int:
        counted = select(func.count()).where(links.c.target_id == target_id, links.c.removed_at.is_(None))
        return int(self._db.execute(counted).scalar_one())


def _new_id(key: Any) -> int:
    return int(key[0])


def _target_values(form: TargetForm) -> dict[str, object]:
    return {
        "name": form.name.strip(),
        "name_key": name_key(form.name),
        "host": form.host.strip(),
        "inbound": form.inbound,
        "outbound": form.outbound,
        "is_disabled": form.is_disabled,
        "guard_deletes": form.guard_deletes,
        "guard_share_percent": form.guard_share_percent,
        "guard_share_from": form.guard_share_from,
        "guard_shrink_percent": form.guard_shrink_percent,
        "four_eyes_deletes": form.four_eyes_deletes,
        "keep_older_days": form.keep_older_days,
        "undo_days": form.undo_days,
    }


def _policy_values(policies: Policies) -> dict[str, object]:
    return {
        "plan": str(policies.plan),
        "sync_days": policies.sync_days,
        "webhook_days": policies.webhook_days,
        "zone": policies.zone,
        "is_legacy": policies.is_legacy,
    }


def _sender_values(form: TargetForm) -> dict[str, object]:
    return {
        "name": form.sender_name,
        "base_url": form.base_url,
        "connect_timeout_s": form.connect_timeout_s,
        "read_timeout_s": form.read_timeout_s,
        "concurrency": form.concurrency,
        "requests_per_s": form.requests_per_s,
    }


def target_of(row: RowMapping) -> Target:
    return Target(
        id=row["id"],
        name=row["name"],
        host=row["host"],
        inbound=row["inbound"],
        outbound=row["outbound"],
        is_disabled=row["is_disabled"],
        application_id=row["application_id"],
        policies=Policies(
            plan=PlanLevel(row["plan"]),
            sync_days=row["sync_days"],
            webhook_days=row["webhook_days"],
            zone=row["zone"],
            is_legacy=row["is_legacy"],
        ),
        guard=GuardLimits(
            deletes=row["guard_deletes"],
            share_percent=row["guard_share_percent"],
            share_from=row["guard_share_from"],
            shrink_percent=row["guard_shrink_percent"],
            four_eyes_deletes=row["four_eyes_deletes"],
        ),
        keep_older_days=row["keep_older_days"],
        undo_days=row["undo_days"],
        sender=SenderChannel(
            name=row["sender_name"],
            base_url=row["base_url"],
            key_tail=row["key_tail"],
            connect_timeout_s=row["connect_timeout_s"],
            read_timeout_s=row["read_timeout_s"],
            concurrency=row["concurrency"],
            requests_per_s=row["requests_per_s"],
        ),
        notification=NotificationChannel(
            name=row["notification_name"], path=row["path"], has_secret=bool(row["has_secret"])
        ),
        version=row["version"],
    )
