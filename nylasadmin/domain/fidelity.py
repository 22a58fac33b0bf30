"""What each side can hold, and how items compare when a side cannot hold everything.

Two items are *equal under* a fidelity when they agree in every field the source reports and the destination accepts.
What each provider can hold stands in :mod:`nylasadmin.domain.providers`.
"""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from nylasadmin.domain import contacts
from nylasadmin.domain.cancellations import has_occurrence, real_cancellations
from nylasadmin.domain.contacts import ContactFidelity
from nylasadmin.domain.items import (
    AllDay,
    Attendee,
    ChangedOccurrence,
    Moment,
    Reminder,
    ScheduleItem,
    Timed,
    Visibility,
    When,
    moment_seconds,
    normalized,
    sorted_attendees,
)
from nylasadmin.domain.recurrence import compared_rules, shifted
from nylasadmin.domain.zones import canonical_zone

FINGERPRINT_VERSION = 1
"""Raised when the normal form changes; a migration then computes stored fingerprints again."""


class Fidelity(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """Which parts of an item are compared and written.

    ``reminder_methods``: those that are known, ``None`` for any; another one becomes a pop-up. ``contacts`` says the
    same of contacts, everything else is of schedule items.
    """

    has_reply: bool = True  # attendees' answers
    has_unaddressed: bool = True  # attendees without an e-mail address
    has_organizer: bool = True
    has_visibility: bool = True
    has_default_visibility: bool = True
    reminder_methods: tuple[str, ...] | None = None
    max_reminders: int | None = None
    has_whole_threads: bool = True  # else a thread's older messages drop out of what is told, day by day
    contacts: ContactFidelity = contacts.EVERYTHING


FULL = Fidelity()


def meet(source: Fidelity, destination: Fidelity) -> Fidelity:
    """Give what both can hold."""
    limits = [m for m in (source.max_reminders, destination.max_reminders) if m is not None]
    return Fidelity(
        has_reply=source.has_reply and destination.has_reply,
        has_unaddressed=source.has_unaddressed and destination.has_unaddressed,
        has_organizer=source.has_organizer and destination.has_organizer,
        has_visibility=source.has_visibility and destination.has_visibility,
        has_default_visibility=source.has_default_visibility and destination.has_default_visibility,
        reminder_methods=_common(source.reminder_methods, destination.reminder_methods),
        max_reminders=min(limits) if limits else None,
        has_whole_threads=source.has_whole_threads and destination.has_whole_threads,
        contacts=contacts.meet(source.contacts, destination.contacts),
    )


def _common(mine: tuple[str, ...] | None, theirs: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if mine is None or theirs is None:
        return mine if theirs is None else theirs
    return tuple(m for m in mine if m in theirs)


_encode = msgspec.json.Encoder().encode
_replace = msgspec.structs.replace


# --- comparing ---------------------------------------------------------------------------------------------------


def fingerprint(item: ScheduleItem, fidelity: Fidelity = FULL) -> bytes:
    """Hash the shared part of an item: 16 bytes, the same on every machine, no clock involved.

    Left out: what lives at one side only (priority, private notes) and what tells who an item is, not what it is (UID,
    original start); the other side's server decides those.
    """
    return blake2b(_encode(compared(item, fidelity)), digest_size=16).digest()


def compared(item: ScheduleItem, fidelity: Fidelity) -> ScheduleItem:
    """Give what :func:`fingerprint` hashes: the item as held, spelled so that what means the same is the same.

    Zones by one name, attendees once per address, ``UNTIL`` at the last occurrence, and no changed occurrence that is
    just what its series makes of it anyway, and no cancelled moment that its series has not. A changed occurrence that
    its series has not is there all the same: providers show it.
    """
    held = as_held(normalized(item), fidelity)
    if not (held.rules or held.exceptions or held.cancelled):
        return _compared_single(held)
    return _replace(
        held,
        when=_one_zone(held.when),
        attendees=_one_per_address(held.attendees),
        rules=compared_rules(held.rules, held.when) if held.rules else (),
        cancelled=real_cancellations(held.rules, held.when, held.cancelled) if held.cancelled else (),
        exceptions=_real_changes(held) if held.exceptions else (),
        original_start=None,
    )


def _compared_single(held: ScheduleItem) -> ScheduleItem:
    """Spell what is no series; most items need nothing and are given back as they are."""
    when, attendees = _one_zone(held.when), _one_per_address(held.attendees)
    if when is held.when and len(attendees) == len(held.attendees) and held.original_start is None:
        return held
    return _replace(held, when=when, attendees=attendees, original_start=None)


def _one_zone(when: When) -> When:
    if isinstance(when, AllDay):
        return when
    zone = canonical_zone(when.zone)
    end_zone = canonical_zone(when.end_zone) if when.end_zone else zone
    if zone == when.zone and when.end_zone is None:
        return when
    return Timed(when.start, when.end, zone, end_zone if end_zone != zone else None)


def _one_per_address(attendees: tuple[Attendee, ...]) -> tuple[Attendee, ...]:
    if len(attendees) < 2 or len({a.email or a for a in attendees}) == len(attendees):
        return attendees
    return tuple({a.email or a: a for a in reversed(attendees)}.values())[::-1]


def _real_changes(held: ScheduleItem) -> tuple[ChangedOccurrence, ...]:
    changes = ((e.original_start, compared(_single(e.item), FULL)) for e in held.exceptions)
    return tuple(ChangedOccurrence(m, c) for m, c in changes if not _says_nothing(held, m, c))


def _says_nothing(held: ScheduleItem, moment: Moment, change: ScheduleItem) -> bool:
    """Say whether a changed occurrence is what its series makes of it anyway, at a moment that the series has."""
    is_plain = change == compared(occurrence(held, moment), FULL)
    return is_plain and (not held.rules or has_occurrence(held.rules, held.when, moment))


def occurrence(series: ScheduleItem, original_start: Moment) -> ScheduleItem:
    """Give one unchanged occurrence of a series as an item of its own."""
    try:
        when = shifted(series.when, original_start)
    except ValueError:  # a moment that no calendar has: the item is compared as it came
        when = series.when
    return _replace(_single(series), when=when)


def _single(item: ScheduleItem) -> ScheduleItem:
    return _replace(item, rules=(), cancelled=(), exceptions=(), original_start=None, uid=None)


def as_held(item: ScheduleItem, fidelity: Fidelity) -> ScheduleItem:
    """Reduce an item to what a side of that fidelity can hold."""
    return _replace(
        item,
        uid=None,
        priority=None,
        private_notes="",
        organizer=item.organizer if fidelity.has_organizer else None,
        attendees=_attendees(item.attendees, fidelity),
        visibility=_visibility(item.visibility, fidelity),
        reminders=_reminders(item.reminders, fidelity),
        exceptions=tuple(ChangedOccurrence(e.original_start, as_held(e.item, fidelity)) for e in item.exceptions)
        if item.exceptions
        else (),
    )


def _attendees(attendees: tuple[Attendee, ...], fidelity: Fidelity) -> tuple[Attendee, ...]:
    if not fidelity.has_unaddressed:
        attendees = tuple(a for a in attendees if a.email)
    return attendees if fidelity.has_reply else tuple(map(_without_reply, attendees))


def _without_reply(attendee: Attendee) -> Attendee:
    return Attendee(attendee.email, attendee.name, phone=attendee.phone)


def _visibility(visibility: Visibility, fidelity: Fidelity) -> Visibility:
    if not fidelity.has_visibility:
        return Visibility.DEFAULT
    if visibility is Visibility.DEFAULT and not fidelity.has_default_visibility:
        return Visibility.PUBLIC
    return visibility


def _reminders(reminders: tuple[Reminder, ...] | None, fidelity: Fidelity) -> tuple[Reminder, ...] | None:
    if not reminders:
        return reminders
    methods = fidelity.reminder_methods
    if methods is not None and any(r.method not in methods for r in reminders):
        reminders = tuple(sorted({r if r.method in methods else Reminder(r.minutes) for r in reminders}))
    return reminders[: fidelity.max_reminders]


def is_alike(item: ScheduleItem, fidelity: Fidelity) -> bool:
    """Say whether an item loses nothing under a fidelity, so that its full fingerprint is the one under it too."""
    return (
        _visibility(item.visibility, fidelity) is item.visibility
        and (fidelity.has_organizer or item.organizer is None)
        and _reminders(item.reminders, fidelity) == item.reminders
        and _attendees(item.attendees, fidelity) == item.attendees
        and all(is_alike(changed.item, fidelity) for changed in item.exceptions)
    )


# --- merging -----------------------------------------------------------------------------------------------------

_KEPT_IF_EQUAL = ("when", "attendees", "organizer", "visibility", "reminders", "rules", "cancelled")


def merged(source: ScheduleItem, destination: ScheduleItem, fidelity: Fidelity) -> ScheduleItem:
    """Overwrite a destination's item by the source's, keeping what the source cannot know.

    Kept: priority, private notes, UID and original start, each field that is equal under ``fidelity`` or outside it,
    and replies where they are not compared. The same holds for each changed occurrence.
    """
    mine, theirs = compared(source, fidelity), compared(destination, fidelity)
    kept = {n: getattr(destination, n) for n in _KEPT_IF_EQUAL if getattr(mine, n) == getattr(theirs, n)}
    if not {"when", "rules"} <= kept.keys():
        kept.pop("cancelled", None)  # which of them mean anything depends on both
    result = _replace(
        source,
        priority=destination.priority,
        private_notes=destination.private_notes,
        uid=destination.uid or source.uid,
        original_start=source.original_start if destination.original_start is None else destination.original_start,
        **{"attendees": _merged_attendees(source, destination, fidelity), **kept},
    )
    return _with_exceptions(result, mine, source, destination, fidelity)


def _with_exceptions(
    result: ScheduleItem, mine: ScheduleItem, source: ScheduleItem, destination: ScheduleItem, fidelity: Fidelity
) -> ScheduleItem:
    if not (source.exceptions or destination.exceptions):
        return result
    as_they_are = _replace(result, exceptions=destination.exceptions)
    if compared(as_they_are, fidelity) == mine:
        return as_they_are
    return _replace(result, exceptions=_merged_exceptions(source, destination, fidelity))


def _merged_attendees(source: ScheduleItem, destination: ScheduleItem, fidelity: Fidelity) -> tuple[Attendee, ...]:
    attendees = list(source.attendees)
    if not fidelity.has_reply:
        known = {a.email: a for a in destination.attendees if a.email}
        attendees = [_with_reply(a, known.get(a.email, a)) for a in attendees]
    if not fidelity.has_unaddressed:
        attendees = [a for a in attendees if a.email] + [a for a in destination.attendees if not a.email]
    return sorted_attendees(tuple(attendees))


def _with_reply(attendee: Attendee, known: Attendee) -> Attendee:
    return _replace(attendee, status=known.status, comment=known.comment)


def _merged_exceptions(
    source: ScheduleItem, destination: ScheduleItem, fidelity: Fidelity
) -> tuple[ChangedOccurrence, ...]:
    theirs = {moment_seconds(e.original_start): e.item for e in destination.exceptions}
    return tuple(
        ChangedOccurrence(
            e.original_start,
            merged(
                _single(e.item),
                _single(theirs.get(moment_seconds(e.original_start)) or occurrence(destination, e.original_start)),
                fidelity,
            ),
        )
        for e in source.exceptions
    )
