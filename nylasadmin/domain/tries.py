"""How often and when a failed item is tried again by itself. Pure; no clock here."""

from __future__ import annotations

TRANSIENT_WAITS_S = (60, 5 * 60, 30 * 60, 2 * 3600, 12 * 3600)
"""Waits after the 1st, 2nd ... failed try of what may succeed with nobody changing anything: 429, 5xx, no answer."""

PERMANENT_WAITS_S = (30 * 60, 12 * 3600)
"""The same for a refusal: only a change of the item at its source mends that, so asking often is of no use."""

LONGEST_WAIT_S = 12 * 3600


def next_wait_s(attempts: int, *, is_transient: bool) -> int | None:
    """Give how long to wait after that many failed tries; ``None``: no further try by itself."""
    waits = TRANSIENT_WAITS_S if is_transient else PERMANENT_WAITS_S
    return waits[attempts - 1] if 1 <= attempts <= len(waits) else None


LONGEST_REVOKE_WAIT_S = 6 * 3600


def revoke_wait_s(tries: int) -> int:
    """Give how long to wait after that many tries to revoke a grant: a minute, doubling, never more than six hours.

    There is no last try: what somebody was told is disconnected must not stay open at Nylas.
    """
    return int(min(LONGEST_REVOKE_WAIT_S, 60 * 2 ** (min(tries, 20) - 1)))
