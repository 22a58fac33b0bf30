"""Filling a sandbox with a company: so many people, so many events each. Same seed and day, same data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from random import Random

from nylasadmin.sandbox.calendars import Calendar
from nylasadmin.sandbox.company.deliveries import Meeting, deliver
from nylasadmin.sandbox.company.meetings import MeetingMaker
from nylasadmin.sandbox.company.people import TEAM_SIZE, Person, people
from nylasadmin.sandbox.company.texts import DEPARTMENTS, HOLIDAYS
from nylasadmin.sandbox.events.rows import row_of
from nylasadmin.sandbox.events.whens import DAY_S, day_start, days_when
from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.state import Sandbox

_SHORTEST_SPAN_DAYS = 150
_EVENTS_A_DAY = 5
_TEAM_CALENDAR_SHARE = 8
_SMALL = 20


def employ(sandbox: Sandbox, count: int) -> list[Person]:
    """Connect the accounts of a company's people."""
    staff = list(people(count, Random(f"{sandbox.seed} people")))
    for person in staff:
        sandbox.add_grant(person.email, person.name, timezone=person.timezone)
    return staff


def fill_calendars(sandbox: Sandbox, staff: Sequence[Person], events_each: int) -> None:
    """Give everybody that many events, spread over the own calendars; holidays come on top."""
    if events_each and staff:
        company = _Company(sandbox, staff, events_each)
        for person in staff:
            company.fill(person)


def fill_account(sandbox: Sandbox, grant: Grant, events: int) -> None:
    """Give one account that many events of its own, as if it had been in use for a while."""
    person = Person(0, grant.name, grant.email, (grant.primary and grant.primary.timezone) or "UTC", 0)
    _Company(sandbox, [person], events, salt=grant.id).fill(person)


class _Company:
    """The calendars of the staff and the room that is left for each person."""

    def __init__(self, sandbox: Sandbox, staff: Sequence[Person], events_each: int, salt: str = "") -> None:
        self._sandbox = sandbox
        self._staff = staff
        self._calendars = [_primary(sandbox, person) for person in staff]
        self._room = [events_each] * len(staff)
        self._rng = Random(f"{sandbox.seed} meetings{salt}")
        self._today = datetime.fromtimestamp(sandbox.clock.now(), UTC).date()
        days = max(_SHORTEST_SPAN_DAYS, events_each // _EVENTS_A_DAY)
        self._maker = MeetingMaker(self._rng, self._today, self._calendars[0].rules, days)

    def fill(self, person: Person) -> None:
        """Give one person all events that are still missing, some of them shared with the team."""
        team = [one for one in self._team(person) if one.number != person.number]
        if person.number % TEAM_SIZE == 0:
            self._meet_weekly(person, team)
        if person.number % 2 == 0:
            self._open_holidays(person)
        if person.number % 3 == 0:
            self._fill_team_calendar(person)
        if self._room[person.number] > _SMALL:
            self._add(self._maker.absence(), [person])
        for other in team[:1]:
            self._add(self._maker.one_to_one(person, other), [person, other])
        while self._room[person.number] > 0:
            self._add_something(person, team)

    def _team(self, person: Person) -> Sequence[Person]:
        return self._staff[person.team * TEAM_SIZE : (person.team + 1) * TEAM_SIZE]

    def _meet_weekly(self, leader: Person, team: list[Person]) -> None:
        title = f"{DEPARTMENTS[leader.department][0]} weekly"
        self._add(self._maker.team_meeting(leader, team, title), [leader, *team])

    def _fill_team_calendar(self, person: Person) -> None:
        calendar = self._new_calendar(person, "Team calendar")
        for _ in range(self._room[person.number] // _TEAM_CALENDAR_SHARE):
            meeting = self._maker.single(person, [])
            self._room[person.number] -= sum(deliver(meeting, [calendar], self._sandbox.identifiers))

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
        takers = [one for one in who if self._room[one.number] >= meeting.size]
        if not takers or takers[0] is not who[0]:
            return
        counts = deliver(meeting, [self._calendars[one.number] for one in takers], self._sandbox.identifiers)
        for one, count in zip(takers, counts, strict=True):
            self._room[one.number] -= count

    def _new_calendar(self, person: Person, name: str, *, foreign: bool = False) -> Calendar:
        grant = self._sandbox.grants.find(person.email)
        return self._sandbox.add_calendar(grant, name, read_only=foreign, owned=not foreign, timezone=person.timezone)

    def _open_holidays(self, person: Person) -> None:
        calendar = self._new_calendar(person, "Holidays", foreign=True)
        exclusive = calendar.rules.end_date_exclusive
        for year in range(self._today.year - 1, self._today.year + 2):
            for month, day, title in HOLIDAYS:
                start = day_start(date(year, month, day).isoformat())
                event = calendar.blank_event(self._sandbox.identifiers.fresh(calendar.rules.event_id_shape), start)
                created = min(start, day_start(self._today.isoformat())) - 30 * DAY_S
                event |= {"title": title, "busy": False, "created_at": created, "updated_at": created}
                event["when"] = days_when(start, start + DAY_S, end_exclusive=exclusive)
                calendar.events.put(row_of(event, end_exclusive=exclusive))


def _primary(sandbox: Sandbox, person: Person) -> Calendar:
    calendar = sandbox.grants.find(person.email).primary
    if calendar is None:
        raise LookupError(f"{person.email} has no calendar: the provider has none")
    return calendar
