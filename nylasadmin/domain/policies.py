"""How far back items take part and notify: the policies of a target, and what an account froze when it connected.

The service's second version kept these two policies itself; its third has neither, so they are kept here. Pure
arithmetic: no clock, no I/O. Times are Unix seconds in UTC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

import msgspec

from nylasadmin.domain.items import midnight_utc
from nylasadmin.domain.observations import Window
from nylasadmin.domain.zones import is_known_zone, zone_or_utc

MOST_DAYS = 36_500
"""A hundred years: no calendar holds more, and no day before it leaves the calendar."""

NOTIFIED_OF_ALL_BEFORE = int(datetime(2020, 11, 10, tzinfo=UTC).timestamp())
"""Accounts that connected earlier notify of everything that is synchronized: the original service's rule."""


class PlanLevel(StrEnum):
    """The plan of a Nylas application: it limits how far back items may take part."""

    ENTRY = "entry"
    CORE = "core"
    PLUS = "plus"


MOST_SYNC_DAYS: dict[PlanLevel, int | None] = {PlanLevel.ENTRY: 30, PlanLevel.CORE: 90, PlanLevel.PLUS: None}
"""How many days a plan allows; ``None`` for any number."""


class Policies(msgspec.Struct, frozen=True, kw_only=True):
    """Both policies of a target, each in days before an account connected (0: the day of connecting).

    ``zone``: whose days they are. ``is_legacy``: the webhook policy does not apply to this application.
    """

    plan: PlanLevel = PlanLevel.ENTRY
    sync_days: int = 30
    webhook_days: int = 0
    zone: str = "UTC"
    is_legacy: bool = False


DEFAULT = Policies()
"""What a new target has until somebody sets its policies."""


EVERYTHING = Policies(plan=PlanLevel.PLUS, sync_days=MOST_DAYS, webhook_days=MOST_DAYS)
"""Policies that keep nothing out that anybody has written down."""


class FrozenPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What an account froze when it connected; later changes of the target's policies do not touch it.

    ``sync_from`` and ``webhook_from``: the cut-offs. ``webhook_from`` is ``None`` where everything notifies that takes
    part.
    """

    sync_days: int = 30
    webhook_days: int = 0
    zone: str = "UTC"
    is_legacy: bool = False
    sync_from: int = 0
    webhook_from: int | None = None

    @property
    def window(self) -> Window:
        """Give the time whose items take part."""
        return _since(self.sync_from, self.zone)

    @property
    def webhook_window(self) -> Window:
        """Give the time whose items notify: never further back than what takes part."""
        webhook_from = self.sync_from if self.webhook_from is None else self.webhook_from
        return _since(max(self.sync_from, webhook_from), self.zone)

    def window_of(self, days: int) -> Window:
        """Give the time that lies within another number of days before the same day of connecting."""
        return _since(cut_off(self.sync_from, days - self.sync_days, self.zone), self.zone)


def freeze(policies: Policies, connected_at: int) -> FrozenPolicy:
    """Fix both cut-offs for an account that connects at ``connected_at``."""
    notifies_of_all = policies.is_legacy or connected_at < NOTIFIED_OF_ALL_BEFORE
    return FrozenPolicy(
        sync_days=policies.sync_days,
        webhook_days=policies.webhook_days,
        zone=policies.zone,
        is_legacy=policies.is_legacy,
        sync_from=cut_off(connected_at, policies.sync_days, policies.zone),
        webhook_from=None if notifies_of_all else cut_off(connected_at, policies.webhook_days, policies.zone),
    )


def cut_off(connected_at: int, days: int, zone: str) -> int:
    """Give the start of the day in ``zone`` that lies ``days`` days before the day of ``connected_at``.

    A midnight that a change of the clocks skips or repeats is the first moment of that day.
    """
    day = datetime.fromtimestamp(connected_at, zone_or_utc(zone)).replace(
        hour=0, minute=0, second=0, microsecond=0, fold=0
    )
    return int((day - timedelta(days=days)).timestamp())


def _since(cut_off: int, zone: str) -> Window:
    """Give the time from a cut-off on. An all-day item belongs to its dates wherever one is."""
    return Window(cut_off, first_day=midnight_utc(local_day(cut_off, zone)))


def local_day(at: int, zone: str) -> date:
    """Give the day that the calendar of a zone shows at a moment."""
    return datetime.fromtimestamp(at, zone_or_utc(zone)).date()


def problems(policies: Policies) -> dict[str, str]:
    """Name each field that cannot be accepted, with what to enter instead. Empty: all is well."""
    found: dict[str, str] = {}
    limit = MOST_SYNC_DAYS[policies.plan]
    most = MOST_DAYS if limit is None else limit
    if not 0 <= policies.sync_days <= most:
        why = "a hundred years" if limit is None else f"the plan {policies.plan} allows no more"
        found["sync_days"] = f"Enter a number of days from 0 to {most:,} ({why})."
    if not 0 <= policies.webhook_days <= MOST_DAYS:
        found["webhook_days"] = f"Enter a number of days from 0 to {MOST_DAYS:,}."
    elif policies.webhook_days > policies.sync_days:
        found["webhook_days"] = (
            f"Enter at most {max(0, min(policies.sync_days, most)):,}, as for synchronizing: "
            "nothing notifies that is not synchronized."
        )
    if not is_known_zone(policies.zone):
        found["zone"] = "Enter the name of a time zone, for example UTC or Europe/Berlin."
    return found
