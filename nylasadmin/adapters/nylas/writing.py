"""Carrying out one order at Nylas: read again, compare, write only what differs, never mail anybody.

A series is written in two steps: the master with its rules, then each occurrence that differs. Providers store
cancelled occurrences differently (an exclusion in the rules, or a cancelled occurrence) and some drop changed
occurrences when the rules change, so occurrences are compared again after the master was written.

What a provider cannot change in place (a cancelled occurrence that is to return, a series that is to be none) is made
anew: deleted, then created. In that order, because a crash in between leaves what the next run mends: a copy that is
gone, and never two.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from nylasadmin.adapters.nylas.bodies import Body, changes, create_body, recurrence_of, when_body
from nylasadmin.adapters.nylas.convert import MARKER_KEY, Series, marker, organizer_of, original_moment
from nylasadmin.adapters.nylas.listings import DAY_S
from nylasadmin.adapters.nylas.reading import NylasReader
from nylasadmin.adapters.nylas.wire import Unreadable, WireEvent, read_event
from nylasadmin.domain.cancellations import has_occurrence, real_cancellations
from nylasadmin.domain.fidelity import FULL, as_held, compared, fingerprint, meet, occurrence
from nylasadmin.domain.items import ItemId, Moment, ScheduleItem, first_end, first_start, moment_seconds, normalized
from nylasadmin.domain.plan import ActionKind
from nylasadmin.errors import BadAnswer, BadRequest, NotThere, NylasError
from nylasadmin.services.ports import Outcome, WriteOrder

_encode = msgspec.json.Encoder().encode
_HAS_GUESTS = "the provider cannot change this in place, and made anew it would lose its guests' answers"


class _StaysCancelled(BadRequest):
    """The provider does not bring a cancelled occurrence back."""


class Writer:
    """Writes to one folder. Never raises :class:`NylasError`: each order's outcome says what became of it."""

    def __init__(self, reader: NylasReader) -> None:
        self._reader = reader
        self._folder = reader.folder
        self._rules = reader.rules
        self._path = ("v3", "grants", reader.folder.grant_id, "events")
        self._quietly = {"calendar_id": reader.folder.folder_id, "notify_participants": "false"}

    def carry_out(self, order: WriteOrder) -> Outcome:
        """Carry out one order and tell what became of it."""
        try:
            if order.kind is ActionKind.CREATE:
                return self._create(order, _item(order))
            return self._change(order, _id(order))
        except (ValueError, OverflowError) as error:
            return Outcome(key=order.key, error=BadRequest(str(error)))

    def _create(self, order: WriteOrder, item: ScheduleItem) -> Outcome:
        wanted = self._held(item, order)
        body = create_body(wanted, self._rules)
        if order.claims:
            body["metadata"] = {MARKER_KEY: marker(self._folder.installation, order.claims)}
        try:
            event = self._event_in(self._reader.http.post(self._path, self._quietly, _encode(body)))
        except NylasError as error:
            return failed(order, error)
        bare = msgspec.structs.replace(wanted, exceptions=())
        series = Series(event, bare, {}, frozenset(wanted.cancelled))
        outcome = self._with_occurrences(order, series, wanted)
        return msgspec.structs.replace(outcome, organizer=organizer_of(event), uid=event.ical_uid or None)

    def _change(self, order: WriteOrder, item_id: ItemId) -> Outcome:
        try:
            found = self._reader.find(item_id)
        except NylasError as error:
            return Outcome(key=order.key, error=error)
        if found is None and order.kind is ActionKind.DELETE:
            return Outcome(key=order.key, id=item_id)
        if found is None or isinstance(found, Unreadable) or _has_moved(found, order):
            return Outcome(key=order.key, has_moved=True)
        if order.kind is ActionKind.DELETE:
            return self._delete(order, item_id)
        return self._update(order, found, self._held(_item(order), order))

    def _delete(self, order: WriteOrder, item_id: ItemId) -> Outcome:
        try:
            self._delete_event(item_id)
        except NylasError as error:
            return failed(order, error)
        return Outcome(key=order.key, id=item_id)

    def _update(self, order: WriteOrder, found: Series, wanted: ScheduleItem) -> Outcome:
        current = self._held(found.item, order)
        body = changes(current, wanted, self._rules) | self._recurrence_change(found, current, wanted)
        body |= self._marker_change(found.event, order)
        if current.rules and not wanted.rules and not self._rules.may_become_single:
            return self._anew(order, found)
        try:
            if body:
                self._put(found.event.id, body)
            if body and wanted.rules:
                found = self._read_again(found.event.id)  # every occurrence may have changed with its series
        except NylasError as error:
            return failed(order, error)
        if type(current.when) is not type(wanted.when) and found.occurrence_ids:
            return self._anew(order, found)  # nobody can tell of which day the old ones are
        outcome = self._with_occurrences(order, found, wanted)
        return self._anew(order, found) if isinstance(outcome.error, _StaysCancelled) else outcome

    def _anew(self, order: WriteOrder, found: Series) -> Outcome:
        """Delete an item and create it again, unless its guests would be asked anew."""
        wanted = _item(order)
        if wanted.attendees or found.item.attendees:
            return Outcome(key=order.key, id=ItemId(found.event.id), error=BadRequest(_HAS_GUESTS))
        deleted = self._delete(order, ItemId(found.event.id))
        if deleted.error is not None:
            return deleted
        made = self._create(order, wanted)
        return self._settled(order, made) if made.is_uncertain else made

    def _settled(self, order: WriteOrder, made: Outcome) -> Outcome:
        """Look a create up whose answer was lost; one that comes later bears our marker, and is adopted by it."""
        try:
            known = self._reader.find_claiming(order.claims) if order.claims else None
        except NylasError:
            return made
        return Outcome(key=order.key, id=known) if known else made

    def _recurrence_change(self, found: Series, current: ScheduleItem, wanted: ScheduleItem) -> Body:
        """Spell the recurrence only where it must change: some providers drop changed occurrences with it.

        Where they do not, an exclusion in the rules is the better way to cancel: it can be taken back.
        """
        returning = found.excluded & set(current.cancelled) - set(wanted.cancelled)
        leaving = set(wanted.cancelled) - set(current.cancelled) - found.occurrence_ids.keys()
        is_same_rule = compared(current, FULL).rules == compared(wanted, FULL).rules
        if is_same_rule and not returning and not (leaving and self._rules.keeps_exceptions):
            return {}
        return {"recurrence": recurrence_of(wanted.rules, wanted.cancelled)}

    def _marker_change(self, event: WireEvent, order: WriteOrder) -> Body:
        """Spell the metadata, other keys kept, where our marker is to be set: what is sent replaces all of it."""
        if not order.claims:
            return {}
        kept = {key: value for key, value in (event.metadata or {}).items() if isinstance(value, str)}
        ours = kept | {MARKER_KEY: marker(self._folder.installation, order.claims)}
        return {"metadata": ours} if ours != kept else {}

    # occurrences

    def _with_occurrences(self, order: WriteOrder, series: Series, wanted: ScheduleItem) -> Outcome:
        item_id = ItemId(series.event.id)
        try:
            failure = self._settle(series, self._held(series.item, order), wanted) if wanted.rules else None
        except NylasError as error:
            failure = error
        except (ValueError, OverflowError) as error:
            failure = BadRequest(str(error))
        return Outcome(key=order.key, id=item_id, error=failure)

    def _settle(self, series: Series, current: ScheduleItem, wanted: ScheduleItem) -> NylasError | None:
        """Make the occurrences as wanted; try all, and give the first failure."""
        bodies = self._occurrence_bodies(current, wanted)
        if not bodies:
            return None
        ids = series.occurrence_ids | self._instance_ids(series, bodies.keys() - series.occurrence_ids.keys())
        failures = [f for moment, body in bodies.items() if (f := self._write_occurrence(ids.get(moment), body))]
        returned = set(current.cancelled) - set(wanted.cancelled)
        if returned and (stays := self._still_cancelled(series.event.id, returned)):
            return stays
        return failures[0] if failures else None

    def _occurrence_bodies(self, current: ScheduleItem, wanted: ScheduleItem) -> dict[Moment, Body | None]:
        """Spell what must be sent for each occurrence that differs; ``None`` to cancel it."""
        have = {e.original_start: e.item for e in current.exceptions}
        want = {e.original_start: e.item for e in wanted.exceptions}
        bodies: dict[Moment, Body | None] = dict.fromkeys(set(wanted.cancelled) - set(current.cancelled))
        returning = set(current.cancelled) - set(wanted.cancelled)
        for moment in (have.keys() | want.keys() | returning) - set(wanted.cancelled):
            if moment not in want and not has_occurrence(wanted.rules, wanted.when, moment):
                bodies[moment] = None  # left over from former rules
                continue
            target = want.get(moment) or occurrence(wanted, moment)
            body = changes(have.get(moment) or occurrence(current, moment), target, self._rules)
            if moment in returning:
                body["when"] = when_body(target.when, self._rules)
            if body:
                bodies[moment] = body
        return bodies

    def _instance_ids(self, series: Series, moments: Iterable[Moment]) -> dict[Moment, str]:
        seconds = [moment_seconds(m) for m in moments]
        if not seconds:
            return {}
        when, master_id = series.item.when, series.event.id
        length = first_end(when) - first_start(when)
        pages = self._reader.listings.instances(master_id, min(seconds) - DAY_S, max(seconds) + length + DAY_S)
        return {
            original_moment(event, when): event.id
            for page in pages
            for event in page.data
            if event.master_event_id == master_id and event.id != master_id
        }

    def _write_occurrence(self, event_id: str | None, body: Body | None) -> NylasError | None:
        if event_id is None:
            return NotThere("the series has no such occurrence")
        try:
            if body is None:
                self._delete_event(event_id)
            else:
                self._put(event_id, body)
        except NylasError as error:
            return error
        return None

    def _still_cancelled(self, master_id: str, returned: set[Moment]) -> NylasError | None:
        now = self._read_again(master_id).item.cancelled
        return _StaysCancelled("a cancelled occurrence could not be brought back") if returned & set(now) else None

    # requests

    def _read_again(self, event_id: str) -> Series:
        found = self._reader.find(event_id)
        if isinstance(found, Series):
            return found
        raise NotThere("gone after it was written") if found is None else BadAnswer(found.why)

    def _put(self, event_id: str, body: Body) -> None:
        self._event_in(self._reader.http.put((*self._path, event_id), self._quietly, _encode(body)))

    def _delete_event(self, event_id: str) -> None:
        try:
            self._reader.http.delete((*self._path, event_id), self._quietly)
        except NotThere:
            return  # gone already, perhaps by our own first try

    @staticmethod
    def _event_in(answer: bytes) -> WireEvent:
        event = read_event(answer)
        return event if isinstance(event, WireEvent) else WireEvent(id=event.id)

    def _held(self, item: ScheduleItem, order: WriteOrder) -> ScheduleItem:
        held = as_held(normalized(item), meet(order.fidelity, self._rules.accepts))
        cancelled = real_cancellations(held.rules, held.when, held.cancelled)
        return msgspec.structs.replace(held, cancelled=cancelled)


def _has_moved(found: Series, order: WriteOrder) -> bool:
    return order.expected is not None and fingerprint(found.item, order.fidelity) != order.expected


def failed(order: WriteOrder, error: NylasError) -> Outcome:
    """Tell of an order that the service did not answer, or answered with an error."""
    return Outcome(key=order.key, error=error, is_uncertain=error.may_have_happened)


def _item(order: WriteOrder) -> ScheduleItem:
    if not isinstance(order.item, ScheduleItem):
        raise ValueError("the order has no event")
    return order.item


def _id(order: WriteOrder) -> ItemId:
    if order.id is None:
        raise ValueError("the order has no id")
    return order.id
