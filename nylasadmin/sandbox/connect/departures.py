"""Accounts whose grant was deleted: what they hold goes on at their provider, and is there at the next sign-in.

Metadata are kept by Nylas, not by the provider: they are gone with the grant. So is everything of an account that
lives at Nylas altogether.
"""

from __future__ import annotations

from nylasadmin.sandbox.calendars import Calendar
from nylasadmin.sandbox.events.writes import store
from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.wire import decoded


class Departures:
    """The latest deleted grant of each address."""

    def __init__(self) -> None:
        self._gone: dict[str, Grant] = {}

    def keep(self, grant: Grant) -> None:
        """Take in a grant that was deleted."""
        if grant.rules.is_hosted:
            self._gone[grant.email.casefold()] = grant

    def return_to(self, grant: Grant) -> bool:
        """Give a new grant the calendars its account had, ids and all; tell whether there were any."""
        old = self._gone.pop(grant.email.casefold(), None)
        if old is None or old.rules is not grant.rules or not old.calendars:
            return False
        for calendar in old.calendars.values():
            calendar.grant, calendar.metadata = grant, {}
            _readdress(calendar)
        grant.calendars = old.calendars
        return True


def _readdress(calendar: Calendar) -> None:
    """Give all events of a calendar its new grant, and take their metadata away."""
    for _, row in list(calendar.events.rows()):
        event = decoded(row.body) | {"grant_id": calendar.grant.id}
        event.pop("metadata", None)
        store(calendar, event)
