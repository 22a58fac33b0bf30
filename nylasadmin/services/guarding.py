"""The deletion guard of one run: what it counts, what its limits are, and what an approval is bound to."""

from __future__ import annotations

import hashlib

from nylasadmin.domain.guard import Hold, Limits, check, tally
from nylasadmin.domain.plan import Action, ActionKind
from nylasadmin.domain.runs import Run
from nylasadmin.domain.targets import Target
from nylasadmin.services.observing import Facts


def hold_of(run: Run, target: Target, facts: Facts, actions: list[Action]) -> Hold | None:
    """Say why a run has to stop before its first write; ``None`` if it may go on, or exactly this was approved."""
    if run.approved == digest_of_deletes(actions):
        return None
    counted = tally(
        actions,
        destination_items=len(facts.destination),
        source_items=len(facts.source),
        source_before=facts.read_before,
    )
    return check(counted, Limits(max_deletes=target.guard.deletes, max_share=target.guard.share_percent / 100))


def digest_of_deletes(actions: list[Action]) -> bytes:
    """Hash the set of deletes of a plan: an approval holds for exactly these."""
    deletes = sorted(a.destination or "" for a in actions if a.kind is ActionKind.DELETE)
    return hashlib.sha256("\n".join(deletes).encode()).digest()
