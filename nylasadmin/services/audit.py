"""The audit trail: every change and every refused try, in the transaction that makes the change."""

from __future__ import annotations

import msgspec

from nylasadmin.domain.privileges import Actor
from nylasadmin.services.storage import Storage, UnitOfWork
from nylasadmin.services.views import AuditRow


def record(
    tx: UnitOfWork,
    actor: Actor,
    action: str,
    subject: str,
    *,
    old: object = None,
    new: object = None,
    outcome: str = "done",
) -> None:
    """Write one row. ``old`` and ``new`` are values or mappings without secrets; ``None`` is left out."""
    tx.audit.add(
        actor=actor.name,
        address=actor.address,
        action=action,
        subject=subject,
        old=_text(old),
        new=_text(new),
        outcome=outcome,
    )


def _text(value: object) -> str:
    return "" if value is None else msgspec.json.encode(value, order="deterministic").decode()


class Audit:
    """Reading the trail, and the rows that no change carries."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def rows(self, page: int = 1, size: int = 50, search: str = "") -> list[AuditRow]:
        """Give one page, newest first; ``page`` counts from 1."""
        with self._storage.read() as tx:
            return tx.audit.rows(search=search, offset=(page - 1) * size, limit=size)

    def count(self, search: str = "") -> int:
        with self._storage.read() as tx:
            return tx.audit.count(search)

    def denied(self, actor: Actor, action: str, subject: str) -> None:
        """Note a try that was refused for lack of a privilege."""
        self.refused(actor, action, subject, outcome="denied")

    def refused(self, actor: Actor, action: str, subject: str, *, outcome: str = "refused", why: object = None) -> None:
        """Note a try that was refused for another reason: bad input, a stale form, a busy link."""
        with self._storage.write() as tx:
            record(tx, actor, action, subject, new=why, outcome=outcome)

    def first_broken(self) -> int | None:
        """Verify the chain of hashes; give the id of the first row that does not follow, ``None`` if all do."""
        with self._storage.read() as tx:
            return tx.audit.first_broken()
