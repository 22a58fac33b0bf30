"""One calendar's items, read only: listing, looking up, and the bodies of what was seen.

There is no way to write from here: whoever plans or previews holds nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b

from nylasadmin.adapters.lanes import in_lanes
from nylasadmin.adapters.nylas.convert import (
    CONVERSION_VERSION,
    MARKER_KEY,
    Series,
    claimed_by,
    item_of,
    marker,
    orphan_of,
    series_of,
)
from nylasadmin.adapters.nylas.gathering import Gathering
from nylasadmin.adapters.nylas.http import NylasHttp
from nylasadmin.adapters.nylas.kept_bodies import KeptBodies
from nylasadmin.adapters.nylas.listings import DAY_S, FAR_FUTURE, FAR_PAST, CursorLost, Horizon, Listings, Restarts
from nylasadmin.adapters.nylas.wire import EventPage, Unreadable, WireEvent, read_digested_page, read_event, read_page
from nylasadmin.domain.defects import is_in_calendars
from nylasadmin.domain.fidelity import FINGERPRINT_VERSION, Fidelity, fingerprint, is_alike
from nylasadmin.domain.items import ItemId, ScheduleItem, decode_item, encode_item
from nylasadmin.domain.kinds import Item
from nylasadmin.domain.plan import Observed, Reason, Window
from nylasadmin.domain.providers import ProviderRules, rules_for
from nylasadmin.domain.recurrence import span
from nylasadmin.errors import AccessDenied, NotThere
from nylasadmin.services.ports import FolderRef

_BATCH = 200
_MOST_FOUND = 20
_FEW_SERIES = 40
_NEIGHBOURHOOD_S = DAY_S
_NO_ITEM = (ValueError, OverflowError, OSError)
"""What converting an event raises that cannot be an item; the last two for times that this machine cannot compute."""


class NylasReader:
    """Reads one folder at Nylas. Every method raises :class:`~nylasadmin.errors.NylasError`."""

    def __init__(
        self,
        http: NylasHttp,
        folder: FolderRef,
        *,
        concurrency: int = 1,
        now: Callable[[], float] = time.time,
        horizon: Horizon | None = None,
    ) -> None:
        self.http = http
        self._concurrency = max(1, concurrency)
        self.folder = folder
        self.rules = rules_for(folder.provider)
        self.listings = Listings(http, folder, self.rules, now=now, horizon=horizon)
        own = (folder.account_email, *folder.former_emails, folder.folder_id, "")
        self._own = {address.strip().lower() for address in own}
        self._bodies = KeptBodies()
        self._known: Mapping[bytes, Observed] = {}

    def recognize(self, known: Mapping[bytes, Observed]) -> None:
        """Take single events that come with one of these digests for the item that belongs to it."""
        self._known = known

    def observe(self, fidelity: Fidelity, window: Window) -> Iterator[list[Observed]]:
        """Yield single items page by page, then each series as one item; complete when it ends without an error."""
        found = Gathering()
        ranges = self.listings.slices(_with_neighbours(window))
        for start, end in ranges:
            for batch in self._singles(start, end, found, fidelity):
                yield [item for item in batch if window.holds(item)]
        self._add_occurrences_outside(found, ranges, window)
        yield from _in_batches(item for item in self._assembled(found, fidelity) if window.holds(item))

    def look_up(self, ids: Sequence[ItemId], fidelity: Fidelity) -> list[Observed]:
        """Read items by id. A missing one counts as deleted only if its calendar still answers."""
        found = self._find_all(ids)
        if None in found.values():
            self._expect_calendar()
        return [self._seen(one, fidelity) for one in map(found.get, ids) if one is not None]

    def load(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        """Give bodies: of what was seen before without a request, of anything else by reading it."""
        known: dict[ItemId, Item] = {item_id: decode_item(body) for item_id, body in self.encoded(ids).items()}
        found = self._find_all([i for i in ids if i not in known])
        return known | {i: one.item for i, one in found.items() if isinstance(one, Series)}

    def encoded(self, ids: Sequence[ItemId]) -> dict[ItemId, bytes]:
        """Give bodies as they are stored, of what was seen before and came in full."""
        return {item_id: body for item_id in ids if (body := self._bodies.get(item_id)) is not None}

    def _find_all(self, ids: Sequence[ItemId]) -> dict[ItemId, Series | Unreadable | None]:
        if len(ids) < 2:
            return {item_id: self.find(item_id) for item_id in ids}
        return dict(in_lanes(self._concurrency, lambda item_id: (item_id, self.find(item_id)), ids))

    def load_brief(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        """Give bodies whole: they are at hand, and short."""
        return self.load(ids)

    def find_claiming(self, claims: ItemId) -> ItemId | None:
        """Find the event that carries our marker for ``claims``. No other filter may stand beside this one."""
        folder = self.folder
        text = marker(folder.installation, claims)
        path = ("v3", "grants", folder.grant_id, "events")
        query = {"calendar_id": folder.folder_id, "metadata_pair": f"{MARKER_KEY}:{text}"}
        page = read_page(self.http.get(path, query))
        for event in page.data:
            is_living = not event.is_cancelled and not event.master_event_id
            if is_living and claimed_by(event, folder.installation) == claims:
                return ItemId(event.id)
        return None

    def find_equal(self, wanted: bytes, fidelity: Fidelity, known: Container[ItemId]) -> ItemId | None:  # noqa: ARG002
        """Events carry our marker: nothing has to be guessed from their contents."""
        return None

    def search(self, words: str, fidelity: Fidelity) -> list[Observed]:
        """Find events by words of their title, whenever they are."""
        return self.look_up([ItemId(i) for i in self.listings.titled(words, _MOST_FOUND)], fidelity)

    def find_uid(self, uid: str, fidelity: Fidelity) -> list[Observed]:
        """Find events by their UID; nothing where the provider cannot be asked for it."""
        return self.look_up([ItemId(i) for i in self.listings.with_uid(uid, _MOST_FOUND)], fidelity)

    def series_of(self, item_id: ItemId) -> ItemId | None:
        """Give the series that an occurrence belongs to."""
        event = self._event(item_id)
        master = event.master_event_id if isinstance(event, WireEvent) else None
        return ItemId(master) if master and master != item_id else None

    def find(self, item_id: str) -> Series | Unreadable | None:
        """Read one item as it is now, a series with all its occurrences; ``None`` for none (any more)."""
        event = self._event(item_id)
        if not isinstance(event, WireEvent):
            return event
        try:
            return self._whole(event)
        except _NO_ITEM as error:
            return Unreadable(event.id, item_id.encode(), event.title or "", str(error))

    def _whole(self, event: WireEvent) -> Series | None:
        if event.master_event_id and event.master_event_id != event.id:
            return None if self._master(event.master_event_id) else _alone(event, orphan_of(event, self.rules))
        if not event.recurrence:
            return _alone(event, item_of(event, self.rules))
        return series_of(event, self._stored_occurrences(event), self.rules)

    def _stored_occurrences(self, master: WireEvent) -> list[WireEvent]:
        item = series_of(master, (), self.rules).item
        pages = self.listings.stored_occurrences(master.id, item)
        spoilt = [u for page in pages for u in page.unreadable if u.master_id == master.id]
        if spoilt:
            raise ValueError(spoilt[0].why)
        events = {e.id: e for page in pages for e in page.data if e.master_event_id == master.id and e.id != master.id}
        return list(events.values())

    def _event(self, event_id: str) -> WireEvent | Unreadable | None:
        path = ("v3", "grants", self.folder.grant_id, "events", event_id)
        try:
            event = read_event(self.http.get(path, {"calendar_id": self.folder.folder_id}))
        except NotThere:
            return None
        if isinstance(event, WireEvent) and (event.is_cancelled or self._is_elsewhere(event)):
            return None
        return event

    def _is_elsewhere(self, event: WireEvent) -> bool:
        """Say whether an event lies in another calendar: some providers read it under any calendar's id."""
        return self.folder.folder_id != "primary" and event.calendar_id not in (None, "", self.folder.folder_id)

    def _master(self, master_id: str) -> WireEvent | Unreadable | None:
        try:
            return self._event(master_id)
        except AccessDenied:
            return None

    def _expect_calendar(self) -> None:
        """Raise :class:`NotThere` when the calendar itself is gone: then nothing is known about its items."""
        self.http.get(("v3", "grants", self.folder.grant_id, "calendars", self.folder.folder_id), {})

    # listing

    def _singles(self, start: int, end: int, found: Gathering, fidelity: Fidelity) -> Iterator[list[Observed]]:
        restarts = Restarts()
        tag = _understanding(self.rules, fidelity)
        while True:
            parts = Gathering()
            try:
                for page in self.listings.pages(start, end, lambda body: read_digested_page(body, self._known, tag)):
                    yield self._page_items(page, parts, fidelity)
            except CursorLost as lost:
                restarts.spend(lost)
                continue
            found.join(parts)
            return

    def _page_items(self, page: EventPage, parts: Gathering, fidelity: Fidelity) -> list[Observed]:
        items = [self._known[digest] for digest in page.known]
        for event, digest in zip(page.data, page.digests, strict=True):
            if not parts.takes(event):
                items.append(self._single(event, fidelity, digest))
        for broken in page.unreadable:
            if broken.master_id:
                parts.spoilt.add(broken.master_id)
            else:
                items.append(_unreadable(broken))
        return items

    def _single(self, event: WireEvent, fidelity: Fidelity, digest: bytes) -> Observed:
        try:
            return self._observed(event, item_of(event, self.rules), fidelity, digest=digest)
        except _NO_ITEM as error:
            return _unreadable(Unreadable(event.id, event.id.encode(), event.title or "", str(error)))

    def _add_occurrences_outside(self, found: Gathering, ranges: list[tuple[int, int]], window: Window) -> None:
        """Complete the series that stick out of what was listed: an item is a whole series, whatever the window."""
        if not found.masters or not ranges:
            return
        reaches = [w for master in found.masters.values() if (w := self._reach(master)) is not None]
        earliest = min((w.start for w in reaches), default=ranges[0][0])
        latest = max((w.end for w in reaches), default=ranges[-1][1])
        outside = []
        if earliest < ranges[0][0]:
            outside.append(Window(earliest, ranges[0][0]))
        if window.end < FAR_FUTURE and latest > ranges[-1][1]:
            outside.append(Window(ranges[-1][1], latest))
        for missing in outside:
            for pages in self._occurrences_in(missing, list(found.masters)):
                self._add_occurrences(found, pages)

    def _occurrences_in(self, missing: Window, masters: list[str]) -> Iterator[list[EventPage]]:
        """Read the changed occurrences of series in a time: series by series where they are few and can be asked for.

        Otherwise that time is listed as a whole; what is no occurrence of theirs is passed over.
        """
        ranges = self.listings.slices(missing)
        if self.rules.lists_instances and len(masters) <= _FEW_SERIES:
            asked = [(master, start, end) for master in masters for start, end in ranges]
            yield from in_lanes(self._concurrency, lambda one: self.listings.changed_occurrences(*one), asked)
            return
        for start, end in ranges:
            yield self.listings.whole(start, end)

    def _reach(self, master: WireEvent) -> Window | None:
        try:
            return self.listings.reach(series_of(master, (), self.rules).item)
        except _NO_ITEM:
            return None

    @staticmethod
    def _add_occurrences(found: Gathering, pages: list[EventPage]) -> None:
        parts = Gathering()
        for page in pages:
            for event in page.data:
                parts.takes(event)
            parts.spoilt.update(b.master_id for b in page.unreadable if b.master_id)
        found.spoilt |= parts.spoilt
        for master_id in found.masters:
            found.overrides.setdefault(master_id, {}).update(parts.overrides.get(master_id, {}))

    def _assembled(self, found: Gathering, fidelity: Fidelity) -> Iterator[Observed]:
        for master, overrides in found.series():
            if master.id in found.spoilt:
                yield _unreadable(Unreadable(master.id, master.id.encode(), master.title or ""))
            else:
                yield self._series(master, overrides, fidelity)
        for master_id, occurrences in found.orphans():
            yield from self._orphaned(master_id, occurrences, fidelity)

    def _series(self, master: WireEvent, overrides: Iterable[WireEvent], fidelity: Fidelity) -> Observed:
        try:
            return self._seen(series_of(master, overrides, self.rules), fidelity)
        except _NO_ITEM as error:
            return _unreadable(Unreadable(master.id, master.id.encode(), master.title or "", str(error)))

    def _orphaned(self, master_id: str, occurrences: list[WireEvent], fidelity: Fidelity) -> Iterator[Observed]:
        """Occurrences without their series in the listing: the series if it can be read, else each for itself."""
        if self._master(master_id) is not None:
            series = self.find(master_id)
            if series is not None:
                yield self._seen(series, fidelity)
            return
        for event in occurrences:
            try:
                yield self._observed(event, orphan_of(event, self.rules), fidelity)
            except _NO_ITEM as error:
                yield _unreadable(Unreadable(event.id, event.id.encode(), event.title or "", str(error)))

    # one item

    def _seen(self, found: Series | Unreadable, fidelity: Fidelity) -> Observed:
        if isinstance(found, Unreadable):
            return _unreadable(found)
        return self._observed(found.event, found.item, fidelity, modified=found.modified)

    def _observed(
        self,
        event: WireEvent,
        item: ScheduleItem,
        fidelity: Fidelity,
        *,
        modified: int | None = None,
        digest: bytes | None = None,
    ) -> Observed:
        start, end = span(item)
        if not (is_in_calendars(start) and is_in_calendars(end)):
            raise ValueError("no calendar has this time")
        self._bodies.put(event.id, encode_item(item))
        claims = claimed_by(event, self.folder.installation)
        return Observed(
            id=ItemId(event.id),
            fingerprint=fingerprint(item, fidelity),
            title=item.title,
            start=start,
            end=end,
            is_recurring=bool(item.rules),
            uid=item.uid,
            original_start=item.original_start,
            claims=ItemId(claims) if claims else None,
            blocked=self.refusal(event),
            modified=modified or event.modified,
            is_whole=is_alike(item, fidelity),
            digest=digest,
        )

    def refusal(self, event: WireEvent) -> Reason | None:
        """Say why the provider would refuse a change of this event, if it would."""
        if event.read_only:
            return Reason.ITEM_READ_ONLY
        if not self.folder.account_email or event.organizer is None:
            return None
        email = (event.organizer.email or "").strip().lower()
        is_ours = email in self._own or email == (event.calendar_id or "").lower()
        return None if is_ours else Reason.ORGANIZED_BY_OTHER


@lru_cache
def _understanding(rules: ProviderRules, fidelity: Fidelity) -> bytes:
    """Name how an event is understood: another rule, fidelity or version of ours, and nothing seen before counts."""
    facts = repr((CONVERSION_VERSION, FINGERPRINT_VERSION, rules, fidelity))
    return blake2b(facts.encode(), digest_size=4).digest()


def _alone(event: WireEvent, item: ScheduleItem) -> Series:
    return Series(event, item, {}, frozenset())


def _unreadable(event: Unreadable) -> Observed:
    digest = blake2b(event.body, digest_size=16).digest()
    return Observed(id=ItemId(event.id), fingerprint=digest, title=event.title, blocked=Reason.UNREADABLE)


def _with_neighbours(window: Window) -> Window:
    """Widen a window by what a provider may see otherwise: its all-day events lie in days of the calendar's zone."""
    start = window.start - _NEIGHBOURHOOD_S if window.start > FAR_PAST else window.start
    end = window.end + _NEIGHBOURHOOD_S if window.end < FAR_FUTURE else window.end
    return Window(start, end)


def _in_batches(items: Iterable[Observed]) -> Iterator[list[Observed]]:
    batch: list[Observed] = []
    for item in items:
        batch.append(item)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
