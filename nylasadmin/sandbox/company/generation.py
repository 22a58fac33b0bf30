"""Filling a sandbox with a company: so many people, so many events each. Same seed and day, same data.

A team is the unit: its people meet each other and nobody else. Its calendars are opened when one of its accounts is
first asked for them, and filled when one of them is first asked for events; so a hundred thousand people start at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from random import Random
from typing import NamedTuple

from nylasadmin.sandbox.calendars import Calendar
from nylasadmin.sandbox.company.deliveries import Meeting, deliver
from nylasadmin.sandbox.company.meetings import MeetingMaker
from nylasadmin.sandbox.company.people import TEAM_SIZE, Person, people
from nylasadmin.sandbox.company.texts import DEPARTMENTS, HOLIDAYS
from nylasadmin.sandbox.events.rows import row_of
from nylasadmin.sandbox.events.whens import DAY_S, day_start, days_when
from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.pending import Pending
from nylasadmin.sandbox.state import Sandbox

_SHORTEST_SPAN_DAYS = 150
_EVENTS_A_DAY = 5
_TEAM_CALENDAR_SHARE = 8
_SMALL = 20

Employee = tuple[Person, Grant]


def employ(sandbox: Sandbox, count: int) -> list[Employee]:
    """Connect the accounts of a company's people."""
    staff = people(count, Random(f"{sandbox.seed} people"))
    return [(one, sandbox.add_grant(one.email, one.name, timezone=one.timezone)) for one in staff]


def fill_calendars(sandbox: Sandbox, staff: Sequence[Employee], events_each: int) -> None:
    """Give everybody that many events, spread over the own calendars, once asked for; holidays come on top."""
    if not events_each:
        return
    today = datetime.fromtimestamp(sandbox.clock.now(), UTC).date()
    for first in range(0, len(staff), TEAM_SIZE):
        _Team(sandbox, staff[first : first + TEAM_SIZE], events_each, today, f"team {first // TEAM_SIZE}").put_off()


def fill_account(sandbox: Sandbox, grant: Grant, events: int) -> None:
    """Give one account that many events of its own, as if it had been in use for a while, once asked for."""
    person = Person(0, grant.name, grant.email, (grant.primary and grant.primary.timezone) or "UTC", 0)
    today = datetime.fromtimestamp(sandbox.clock.now(), UTC).date()
    _Team(sandbox, [(person, grant)], events, today, f"account {grant.id}").put_off()


class _Team:
    """The calendars of a team and the room that is left for each person."""

    def __init__(self, sandbox: Sandbox, staff: Sequence[Employee], events_each: int, today: date, name: str) -> None:
        self._name = name
        self._sandbox = sandbox
        self._staff = staff
        self._events_each = events_each
        self._today = today

    def put_off(self) -> None:
        """Have the calendars opened and filled when they are asked for."""
        opening = Pending(self._sandbox.lock, self._open)
        for _, grant in self._staff:
            grant.opening = opening

    def _open(self) -> None:
        """Open the calendars; those that others add meanwhile are none of the team's business."""
        desks = [_Desk(person, self._opened(person, grant)) for person, grant in self._staff]
        filling = Pending(self._sandbox.lock, lambda: self._fill(desks))
        for desk in desks:
            for calendar in desk.calendars:
                calendar.filling = filling

    def _opened(self, person: Person, grant: Grant) -> list[Calendar]:
        calendars = [_primary(grant)]
        if person.number % 2 == 0:
            calendars.append(self._new_calendar(person, grant, "Holidays", foreign=True))
        if person.number % 3 == 0:
            calendars.append(self._new_calendar(person, grant, "Team calendar"))
        return calendars

    def _new_calendar(self, person: Person, grant: Grant, name: str, *, foreign: bool = False) -> Calendar:
        return self._sandbox.add_calendar(grant, name, read_only=foreign, owned=not foreign, timezone=person.timezone)

    def _fill(self, desks: Sequence[_Desk]) -> None:
        _Meetings(self._sandbox, desks, self._events_each, self._today, self._name).fill()


class _Desk(NamedTuple):
    """A person and the calendars to fill, the primary one first."""

    person: Person
    calendars: list[Calendar]


class _Meetings:
    """The events of one team, drawn from a source of chance of its own."""

    def __init__(self, sandbox: Sandbox, desks: Sequence[_Desk], events_each: int, today: date, name: str) -> None:
        self._desks = desks
        self._staff = [desk.person for desk in desks]
        self._calendars = [desk.calendars[0] for desk in desks]
        self._room = [events_each] * len(desks)
        self._identifiers = sandbox.identifiers.branch(name)
        self._rng = Random(f"{sandbox.seed} {name}")
        self._today = today
        days = max(_SHORTEST_SPAN_DAYS, events_each // _EVENTS_A_DAY)
        self._maker = MeetingMaker(self._rng, today, self._calendars[0].rules, days)

    def fill(self) -> None:
        """Give everybody the events that are still missing, some of them shared with the team."""
        for person in self._staff:
            self._fill_for(person)

    def _fill_for(self, person: Person) -> None:
        team = [one for one in self._staff if one.number != person.number]
        if self._place(person) == 0:
            self._meet_weekly(person, team)
        self._fill_others(person)
        if self._room[self._place(person)] > _SMALL:
            self._add(self._maker.absence(), [person])
        for other in team[:1]:
            self._add(self._maker.one_to_one(person, other), [person, other])
        while self._room[self._place(person)] > 0:
            self._add_something(person, team)

    def _place(self, person: Person) -> int:
        return person.number % TEAM_SIZE

    def _meet_weekly(self, leader: Person, team: list[Person]) -> None:
        title = f"{DEPARTMENTS[leader.department][0]} weekly"
        self._add(self._maker.team_meeting(leader, team, title), [leader, *team])

    def _fill_others(self, person: Person) -> None:
        for calendar in self._desks[self._place(person)].calendars[1:]:
            if calendar.read_only:
                self._fill_holidays(calendar)
            else:
                self._fill_team_calendar(person, calendar)

    def _fill_team_calendar(self, person: Person, calendar: Calendar) -> None:
        for _ in range(self._room[self._place(person)] // _TEAM_CALENDAR_SHARE):
            meeting = self._maker.single(person, [])
            self._room[self._place(person)] -= sum(deliver(meeting, [calendar], self._identifiers))

    def _add_something(self, person: Person, team: list[Person]) -> None:
        chance = self._rng.random()
        if chance < 0.05:
            self._add(self._maker.whole_day(self._rng.choice(self._staff).name), [person])
        elif chance < 0.10:
            self._add(self._maker.private(person), [person])
        elif chance < 0.30 and team:
            others = self._rng.sample(team, min(len(team), 1 + int(self._rng.random() * 3)))
            self._add(self._maker.single(person, others), [person, *others])
        else:
            self._add(self._maker.single(person, []), [person])

    def _add(self, meeting: Meeting, who: Sequence[Person]) -> None:
        """Deliver a meeting to those who still have room for it; the others are merely invited."""
        takers = [self._place(one) for one in who if self._room[self._place(one)] >= meeting.size]
        if not takers or takers[0] != self._place(who[0]):
            return
        counts = deliver(meeting, [self._calendars[place] for place in takers], self._identifiers)
        for place, count in zip(takers, counts, strict=True):
            self._room[place] -= count

    def _fill_holidays(self, calendar: Calendar) -> None:
        exclusive = calendar.rules.end_date_exclusive
        for year in range(self._today.year - 1, self._today.year + 2):
            for month, day, title in HOLIDAYS:
                start = day_start(date(year, month, day).isoformat())
                event = calendar.blank_event(self._identifiers.fresh(calendar.rules.event_id_shape), start)
                created = min(start, day_start(self._today.isoformat())) - 30 * DAY_S
                event |= {"title": title, "busy": False, "created_at": created, "updated_at": created}
                event["when"] = days_when(start, start + DAY_S, end_exclusive=exclusive)
                calendar.events.put(row_of(event, end_exclusive=exclusive))


def _primary(grant: Grant) -> Calendar:
    calendar = grant.primary
    if calendar is None:
        raise LookupError(f"{grant.email} has no calendar: the provider has none")
    return calendar
