"""What goes on by itself once an account has signed in again."""

from __future__ import annotations

from nylasadmin.domain.links import Account
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.privileges import ENGINE
from nylasadmin.errors import Refused
from nylasadmin.services.audit import record
from nylasadmin.services.snapshots import Wish, add_over
from nylasadmin.services.storage import UnitOfWork

AFTER_SIGN_IN = "after sign-in again"


def continue_after_sign_in(tx: UnitOfWork, account: Account) -> int | None:
    """Close the gap that an expired sign-in left; give the snapshot that does, ``None`` where nothing can be copied."""
    return get_of_account(tx, account, AFTER_SIGN_IN)


def get_of_account(tx: UnitOfWork, account: Account, reason: str) -> int | None:
    """Ask for a Get over the links of an account that are on; give its id, ``None`` where there is none to copy.

    The caller wakes the runner after its transaction.
    """
    links = [link for link in tx.links.of_account(account.id) if link.inbound]
    wish = Wish(direction=Direction.GET, target_id=account.target_id, reason=reason)
    try:
        snapshot_id, runs = add_over(tx, ENGINE, wish, links)
    except Refused:  # no link is on, all are busy, or the target is off: whoever changes that asks for one
        return None
    facts = {"direction": wish.direction, "links": runs, "reason": reason}
    record(tx, ENGINE, "snapshot.request", tx.console.snapshot(snapshot_id).name, new=facts)
    return snapshot_id
