"""What other settings of a policy would change in one folder: items counted, never written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from nylasadmin.domain.fidelity import FULL
from nylasadmin.domain.items import ItemType
from nylasadmin.domain.links import Account, Link
from nylasadmin.domain.observations import Observed, Window
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.policies import FrozenPolicy
from nylasadmin.domain.providers import known_time
from nylasadmin.domain.verdicts import Dated, dated_as_seen, sync_verdict, webhook_verdict
from nylasadmin.services.observing import fidelity_of
from nylasadmin.services.ports import ItemReader, Nylas, SenderSettings
from nylasadmin.services.senders import folder_of


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """Items that would take part and notify, and no longer. ``is_at_least``: there may be more that nobody lists."""

    more: int = 0
    fewer: int = 0
    more_notify: int = 0
    fewer_notify: int = 0
    is_at_least: bool = False

    def __add__(self, other: Count) -> Count:
        return Count(
            more=self.more + other.more,
            fewer=self.fewer + other.fewer,
            more_notify=self.more_notify + other.more_notify,
            fewer_notify=self.fewer_notify + other.fewer_notify,
            is_at_least=self.is_at_least or other.is_at_least,
        )


class FolderCounts:
    """Compares what an account has frozen with what it would have frozen, for one link."""

    def __init__(self, account: Account, link: Link, after: FrozenPolicy) -> None:
        self._account = account
        self._link = link
        self._before = account.policy
        self._after = after

    def at_nylas(self, nylas: Nylas, sender: SenderSettings, installation: str, now: float) -> Count:
        """Count what would take part and does not yet: read at Nylas, between both cut-offs.

        An address book takes part as a whole, so it is not read. Raises :class:`~nylasadmin.errors.NylasError`.
        """
        old, new = self._before.sync_from, self._after.sync_from
        if new >= old or self._link.item_type is ItemType.CONTACT:
            return Count()
        reader = nylas.reader(sender, folder_of(self._account, self._link, installation))
        fidelity = fidelity_of(Direction.GET, self._account.provider)
        found = [item for batch in reader.observe(fidelity, Window(new, old)) for item in batch]
        known = known_time(self._link.item_type, self._account.provider, int(now))
        added = [item for item in self._dated(found) if not self._takes_part(item) and self._would_take_part(item)]
        notify = sum(1 for item in added if webhook_verdict(item, self._after).takes_part)
        return Count(more=len(added), more_notify=notify, is_at_least=known.start > new)

    def in_crm(self, items: ItemReader) -> Count:
        """Count what the CRM has and would no longer take part, and what would notify, or no longer."""
        cuts = [
            cut for policy in (self._before, self._after) for cut in (policy.window.start, policy.webhook_window.start)
        ]
        seen = (item for batch in items.observe(FULL, Window(min(cuts), max(cuts))) for item in batch)
        total = Count()
        for item in self._dated(seen):
            if self._takes_part(item):
                was, becomes = (webhook_verdict(item, p).takes_part for p in (self._before, self._after))
                total += Count(
                    fewer=not self._would_take_part(item),
                    more_notify=becomes and not was,
                    fewer_notify=was and not becomes,
                )
        return total

    def _dated(self, seen: Iterable[Observed]) -> Iterator[Dated]:
        """Judge each item once, whatever listing gives it twice."""
        return (dated_as_seen(item, self._link.item_type) for item in {o.id: o for o in seen}.values())

    def _takes_part(self, item: Dated) -> bool:
        return sync_verdict(item, self._before).takes_part

    def _would_take_part(self, item: Dated) -> bool:
        return sync_verdict(item, self._after).takes_part
