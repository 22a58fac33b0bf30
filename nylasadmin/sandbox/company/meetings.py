"""The kinds of entries people have in their calendars, each drawn from a seeded source of chance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from random import Random

from nylasadmin.sandbox.company.deliveries import Meeting
from nylasadmin.sandbox.company.people import Person
from nylasadmin.sandbox.company.texts import (
    ABSENCES,
    CUSTOMERS,
    DEPARTMENTS,
    PLACES,
    PRIVATE_TITLES,
    SENTENCES,
    WHOLE_DAYS,
)
from nylasadmin.sandbox.events.whens import DAY_S, day_start, days_when
from nylasadmin.sandbox.events.zones import instant, wall_clock
from nylasadmin.sandbox.providers import ProviderRules
from nylasadmin.sandbox.wire import Json

_ANSWERS = ("yes", "yes", "yes", "maybe", "no", "noreply")
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR")
_LENGTHS_S = (1800, 1800, 3600, 3600, 5400)


class MeetingMaker:
    """Draws meetings around a day, for one provider."""

    def __init__(self, rng: Random, today: date, rules: ProviderRules, days: int) -> None:
        self._rng = rng
        self._today = today
        self._rules = rules
        self._days = days

    def team_meeting(self, leader: Person, others: Sequence[Person], title: str) -> Meeting:
        """Draw a weekly meeting of a team, with one occurrence moved and one cancelled."""
        weekday = self._rng.randrange(5)
        first = self._today - timedelta(days=self._today.weekday() + 70 - weekday)
        meeting = self._repeated(leader, others, title, first, f"RRULE:FREQ=WEEKLY;BYDAY={_WEEKDAYS[weekday]}")
        zone = leader.timezone
        original = self._same_clock(meeting, first + timedelta(weeks=8), zone)
        meeting.moved_occurrence = original, original + 3 * 3600
        meeting.cancelled_occurrence = self._same_clock(meeting, first + timedelta(weeks=12), zone)
        return meeting

    def one_to_one(self, one: Person, other: Person) -> Meeting:
        """Draw a talk of two people every other week, for about half a year."""
        weekday = self._rng.randrange(5)
        first = self._today - timedelta(days=self._today.weekday() + 42 - weekday)
        until = first + timedelta(days=190)
        rule = f"RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL={until:%Y%m%d}T235959Z"
        title = f"{one.name.split()[0]} / {other.name.split()[0]}"
        return self._repeated(one, [other], title, first, rule)

    def absence(self) -> Meeting:
        """Draw some days away."""
        start = day_start((self._today + timedelta(days=self._rng.randrange(-60, 120))).isoformat())
        end = start + DAY_S * self._rng.choice((1, 2, 5, 10))
        return self._whole_days(start, end, self._rng.choice(ABSENCES), busy=True)

    def whole_day(self, colleague: str) -> Meeting:
        """Draw a note for a whole day."""
        start = day_start(self._some_day().isoformat())
        title = self._rng.choice(WHOLE_DAYS).format(person=colleague)
        return self._whole_days(start, start + DAY_S, title, busy=False)

    def private(self, person: Person) -> Meeting:
        """Draw something that is nobody else's business."""
        fields: Json = {"title": self._rng.choice(PRIVATE_TITLES)}
        if "private" in self._rules.visibilities:
            fields["visibility"] = "private"
        return self._meeting(self._some_time(person), fields)

    def single(self, person: Person, others: Sequence[Person]) -> Meeting:
        """Draw an ordinary meeting, alone, with colleagues or with a customer."""
        rng = self._rng
        customer = CUSTOMERS[int(rng.random() * len(CUSTOMERS))]
        titles = DEPARTMENTS[person.department][1]
        fields: Json = {"title": titles[int(rng.random() * len(titles))].format(customer=customer)}
        if rng.random() < 0.6:
            fields["location"] = PLACES[int(rng.random() * len(PLACES))]
        if rng.random() < 0.5:
            fields["description"] = SENTENCES[int(rng.random() * len(SENTENCES))]
        if rng.random() < 0.15:
            fields["busy"] = False
        if rng.random() < 0.3:
            fields["reminders"] = self._reminders()
        guests = [self._invited(other) for other in others]
        if rng.random() < 0.2:
            guests.append(_guest(customer, _ANSWERS[int(rng.random() * len(_ANSWERS))]))
        participants = [_organizer(person), *guests] if guests else []
        return self._meeting(self._some_time(person), fields, participants)

    def _repeated(self, leader: Person, others: Sequence[Person], title: str, first: date, rule: str) -> Meeting:
        fields: Json = {"title": title, "recurrence": [rule], "reminders": self._reminders()}
        fields["location"] = self._rng.choice(PLACES)
        participants = [_organizer(leader), *(self._invited(other) for other in others)]
        hour = self._rng.randrange(8, 17)
        return self._meeting(_timespan(first, hour * 3600, 3600, leader.timezone), fields, participants)

    def _meeting(self, when: Json, fields: Json, participants: list[Json] | None = None) -> Meeting:
        start = when.get("start_time") or day_start(when.get("start_date") or when["date"])
        today = day_start(self._today.isoformat())
        created = min(start, today) - 3600 * (1 + int(self._rng.random() * 400))
        changed = created + int(self._rng.random() * (today - created))
        return Meeting(when, fields, created, changed, participants or [])

    def _whole_days(self, start: int, end: int, title: str, *, busy: bool) -> Meeting:
        when = days_when(start, end, end_exclusive=self._rules.end_date_exclusive)
        return self._meeting(when, {"title": title, "busy": busy, "reminders": {"use_default": False, "overrides": []}})

    def _some_day(self) -> date:
        """Draw a working day, more often a near one than a far one."""
        rng = self._rng
        distance = int((rng.random() + rng.random() - 0.9) * self._days)
        day = self._today + timedelta(days=distance)
        return day - timedelta(days=max(day.weekday() - 4, 0))

    def _some_time(self, person: Person) -> Json:
        second = 8 * 3600 + int(self._rng.random() * 36) * 900
        length = _LENGTHS_S[int(self._rng.random() * len(_LENGTHS_S))]
        return _timespan(self._some_day(), second, length, person.timezone)

    def _same_clock(self, meeting: Meeting, day: date, zone: str) -> int:
        first = datetime.combine(day, _clock_of(meeting, zone))
        return instant(first, zone)

    def _reminders(self) -> Json:
        minutes = self._rng.choice((5, 10, 15, 30, 60))
        override = {"reminder_minutes": minutes, "reminder_method": self._rules.reminder_methods[0]}
        return {"use_default": False, "overrides": [override]}

    def _invited(self, person: Person) -> Json:
        answer = _ANSWERS[int(self._rng.random() * len(_ANSWERS))]
        return {"email": person.email, "name": person.name, "status": answer}


def _timespan(day: date, second: int, length: int, zone: str) -> Json:
    start = instant(datetime.combine(day, time()) + timedelta(seconds=second), zone)
    return {
        "start_time": start,
        "end_time": start + length,
        "start_timezone": zone,
        "end_timezone": zone,
        "object": "timespan",
    }


def _clock_of(meeting: Meeting, zone: str) -> time:
    return wall_clock(meeting.when["start_time"], zone).time()


def _organizer(person: Person) -> Json:
    return {"email": person.email, "name": person.name, "status": "yes"}


def _guest(customer: str, answer: str) -> Json:
    domain = "".join(letter for letter in customer.lower() if letter.isascii() and letter.isalnum())
    return {"email": f"office@{domain}.example", "name": customer, "status": answer}
