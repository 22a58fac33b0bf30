"""Rows to begin with: a target, a user, an account and links."""

from __future__ import annotations

from nylasadmin.adapters.storage.repositories import SqlUnitOfWork
from nylasadmin.domain.links import Account, CrmUser
from nylasadmin.domain.plan import Direction, ReceiverOnly
from nylasadmin.domain.policies import EVERYTHING
from nylasadmin.domain.targets import TargetForm
from nylasadmin.services.rows import NewLink, NewRun

ANNA = CrmUser(id="anna", name="Anna", email="anna@brightwater.example")


def add_links(tx: SqlUnitOfWork, count: int = 1) -> list[int]:
    """Add a target with so many links of one account, and give their ids."""
    form = TargetForm(name="Sandbox", host="sandbox.example", base_url="https://sandbox.example")
    target_id = tx.targets.add(form, EVERYTHING, sealed_key=b"sealed", key_tail="tail", sealed_secret=None)
    tx.users.save(ANNA)
    account_id = tx.accounts.save(
        Account(id=0, target_id=target_id, user_id="anna", email=ANNA.email, provider="google", grant_id="grant")
    )
    for number in range(count):
        tx.links.save(new_link(target_id, account_id, f"folder {number}"))
    return [link.id for link in tx.links.of_target(target_id)]


def new_link(target_id: int, account_id: int, folder_id: str) -> NewLink:
    return NewLink(
        account_id=account_id,
        target_id=target_id,
        user=ANNA,
        folder_id=folder_id,
        folder_name=folder_id,
        folder_owner=ANNA.email,
        collection="primary",
        is_primary=False,
        is_read_only=False,
        outbound=True,
    )


def add_runs(tx: SqlUnitOfWork, link_ids: list[int], *, is_preview: bool = False) -> int:
    """Add a snapshot of links and give its id."""
    link = tx.links.get(link_ids[0])
    snapshot_id = tx.runs.add_snapshot(
        target_id=link.target_id,
        link_id=None,
        direction=Direction.GET,
        receiver_only=ReceiverOnly.KEEP,
        is_preview=is_preview,
        reason="",
        operator="olga",
        skipped=[],
    )
    tx.runs.add_runs(snapshot_id, [NewRun(link_id=i, account_id=link.account_id) for i in link_ids])
    return snapshot_id


def run_of(tx: SqlUnitOfWork, link_id: int) -> int:
    """Give the run that occupies a link."""
    return tx.runs.live_by_link([link_id])[link_id][0]
