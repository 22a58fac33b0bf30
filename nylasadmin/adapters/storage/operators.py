"""Operators, their privileges, and the audit trail whose rows are chained by hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, text, update

from nylasadmin.adapters.storage.tables import audit, operator_privileges, operators
from nylasadmin.domain.names import name_key
from nylasadmin.domain.privileges import Operator, Privilege
from nylasadmin.services.views import AuditRow, OperatorRow


class SqlOperators:
    def __init__(self, connection: Connection, now: Callable[[], int]) -> None:
        self._db = connection
        self._now = now

    def add(self, username: str, password_hash: str) -> int:
        made = self._db.execute(
            insert(operators).values(username=username, name_key=name_key(username), password_hash=password_hash)
        )
        key: Any = made.inserted_primary_key
        return int(key[0])

    def get(self, operator_id: int) -> Operator | None:
        return self._one(operators.c.id == operator_id)

    def by_name(self, username: str) -> Operator | None:
        """Find an operator by name, in any case; the exact name comes first."""
        return self._one(or_(operators.c.username == username, operators.c.name_key == name_key(username)), username)

    def _one(self, condition: Any, username: str = "") -> Operator | None:
        found = select(operators).where(condition).order_by(operators.c.username != username)
        row = self._db.execute(found.limit(1)).one_or_none()
        if row is None:
            return None
        return Operator(
            id=row.id,
            username=row.username,
            privileges=frozenset(self._privileges(row.id)),
            is_disabled=row.is_disabled,
            sign_in_serial=row.sign_in_serial,
        )

    def _privileges(self, operator_id: int) -> list[Privilege]:
        held = select(operator_privileges.c.privilege).where(operator_privileges.c.operator_id == operator_id)
        return [Privilege(word) for word in self._db.execute(held).scalars()]

    def password_hash(self, operator_id: int) -> str:
        return str(
            self._db.execute(select(operators.c.password_hash).where(operators.c.id == operator_id)).scalar_one()
        )

    def set_privileges(self, operator_id: int, privileges: Iterable[Privilege]) -> None:
        self._db.execute(delete(operator_privileges).where(operator_privileges.c.operator_id == operator_id))
        rows = [{"operator_id": operator_id, "privilege": str(p)} for p in sorted(set(privileges))]
        if rows:
            self._db.execute(insert(operator_privileges), rows)

    def set_password(self, operator_id: int, password_hash: str) -> None:
        self._change(operator_id, password_hash=password_hash, sign_in_serial=operators.c.sign_in_serial + 1)

    def set_disabled(self, operator_id: int, is_disabled: bool) -> None:
        self._change(operator_id, is_disabled=is_disabled, sign_in_serial=operators.c.sign_in_serial + 1)

    def signed_in(self, operator_id: int) -> None:
        self._change(operator_id, last_sign_in_at=self._now())

    def _change(self, operator_id: int, **values: Any) -> None:
        self._db.execute(update(operators).where(operators.c.id == operator_id).values(**values))

    def rows(self) -> list[OperatorRow]:
        return [
            OperatorRow(
                id=row.id,
                username=row.username,
                privileges=tuple(sorted(self._privileges(row.id))),
                is_disabled=row.is_disabled,
                last_sign_in_at=row.last_sign_in_at,
            )
            for row in self._db.execute(select(operators).order_by(operators.c.name_key)).all()
        ]

    def holders(self, privilege: Privilege) -> list[str]:
        held = (
            select(operators.c.username)
            .join(operator_privileges)
            .where(operator_privileges.c.privilege == str(privilege), operators.c.is_disabled.is_(False))
            .order_by(operators.c.name_key)
        )
        return list(self._db.execute(held).scalars())


class SqlAuditTrail:
    def __init__(self, connection: Connection, now: Callable[[], int]) -> None:
        self._db = connection
        self._now = now

    def add(self, *, actor: str, address: str, action: str, subject: str, old: str, new: str, outcome: str) -> None:
        before = self._db.execute(select(audit.c.hash).order_by(audit.c.id.desc()).limit(1)).scalar() or ""
        row: dict[str, Any] = {
            "at": self._now(),
            "actor": actor[:80],
            "address": address[:80],
            "action": action,
            "subject": subject[:200],
            "old": old,
            "new": new,
            "outcome": outcome,
        }
        self._db.execute(insert(audit).values(**row, hash=_chained(before, row)))

    def rows(self, *, search: str, offset: int, limit: int) -> list[AuditRow]:
        found = select(audit).where(_matches(search)).order_by(audit.c.id.desc()).offset(offset).limit(limit)
        return [_audit_row(row) for row in self._db.execute(found)]

    def count(self, search: str) -> int:
        return int(self._db.execute(select(func.count()).select_from(audit).where(_matches(search))).scalar_one())

    def first_broken(self) -> int | None:
        """Give the id of the first row whose hash does not follow from the row before it."""
        before = ""
        for row in self._db.execute(select(audit).order_by(audit.c.id).execution_options(yield_per=1000)):
            values = {
                c: getattr(row, c) for c in ("at", "actor", "address", "action", "subject", "old", "new", "outcome")
            }
            if _chained(before, values) != row.hash:
                return int(row.id)
            before = row.hash
        return None


def _chained(before: str, row: dict[str, Any]) -> str:
    text_of_row = json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{before}\n{text_of_row}".encode()).hexdigest()


def _matches(search: str) -> Any:
    if not search:
        return text("1 = 1")
    columns = (audit.c.actor, audit.c.action, audit.c.subject, audit.c.new, audit.c.outcome)
    return or_(*(c.icontains(search, autoescape=True) for c in columns))


def _audit_row(row: Row[Any]) -> AuditRow:
    return AuditRow(
        id=row.id,
        at=row.at,
        actor=row.actor,
        address=row.address,
        action=row.action,
        subject=row.subject,
        old=row.old,
        new=row.new,
        outcome=row.outcome,
        hash=row.hash,
    )
