"""Stories of what people do to series in their provider's own program, for tests of round trips."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

from nylasadmin.adapters.nylas.bodies import when_body
from nylasadmin.domain.items import AllDay, Moment, Timed, When
from nylasadmin.domain.providers import rules_for
from nylasadmin.sandbox.testing import RunningSandbox
from tests.series import BERLIN, NEW_YORK, SANTIAGO, at, days, timed
from tests.services.worlds import Json


class Hand:
    """A person at the calendar: makes, changes and deletes events and single occurrences."""

    def __init__(self, box: RunningSandbox, story: str) -> None:
        self._box = box
        self._story = story
        self._calendar = box.calendar(box.grants[0].id)
        self._rules = rules_for(box.sandbox.provider)

    def when(self, when: When) -> Json:
        return {"object": _KINDS[type(when)](when)} | when_body(when, self._rules)

    def make(self, when: When, *recurrence: str, **fields: object) -> str:
        body = {"title": "Series", "description": self._story, "when": self.when(when)} | fields
        if recurrence:
            body["recurrence"] = list(recurrence)
        return str(self._box.create_event(self._calendar, body)["id"])

    def change(self, event_id: str, moment: Moment | None = None, **fields: object) -> None:
        self._box.change_event(self._calendar, _occurrence(event_id, moment), fields)

    def delete(self, event_id: str, moment: Moment | None = None) -> None:
        self._box.delete_event(self._calendar, _occurrence(event_id, moment))


_KINDS: dict[type, Callable[[When], str]] = {
    Timed: lambda _: "timespan",
    AllDay: lambda when: "datespan",
}


def _occurrence(event_id: str, moment: Moment | None) -> str:
    if moment is None:
        return event_id
    if isinstance(moment, int):
        return f"{event_id}_{datetime.fromtimestamp(moment, UTC):%Y%m%dT%H%M%SZ}"
    return f"{event_id}_{moment:%Y%m%d}"


NINE = timed("2027-03-01T09:00")


def monday(day: str) -> int:
    return at(f"2027-{day}T09:00")


def split(hand: Hand) -> None:
    """ "This and following": late exceptions go, the series ends, a new one begins, with exceptions of its own."""
    series = hand.make(NINE, "RRULE:FREQ=WEEKLY;BYDAY=MO")
    hand.change(series, monday("03-08"), title="Before")
    hand.delete(series, monday("03-15"))
    hand.change(series, recurrence=["RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20270404T215959Z"])
    hand.change(series, monday("03-08"), title="Before")
    rest = hand.make(timed("2027-04-05T10:00"), "RRULE:FREQ=WEEKLY;BYDAY=MO", title="Later")
    hand.change(rest, at("2027-04-12T10:00"), when=hand.when(timed("2027-04-13T15:00")))
    hand.delete(rest, at("2027-04-19T10:00"))


def exclusions_in_every_spelling(hand: Hand) -> None:
    hand.make(
        NINE,
        "RRULE:FREQ=DAILY;COUNT=12",
        "EXDATE;TZID=Europe/Berlin:20270302T090000,20270303T090000",
        "EXDATE:20270304T080000Z",
        "EXDATE;VALUE=DATE:20270305",
        "EXDATE;TZID=America/New_York:20270306T030000",
    )


def ends_in_every_spelling(hand: Hand) -> None:
    for number, until in enumerate(["20270331", "20270331T070000Z", "20270331T215959Z", "20270331T090000"]):
        hand.make(timed(f"2027-03-{24 + number}T09:00"), f"RRULE:FREQ=DAILY;UNTIL={until}", title=f"Series {number}")


def moved_about_the_clock_change(hand: Hand) -> None:
    series = hand.make(NINE, "RRULE:FREQ=WEEKLY;BYDAY=MO")
    hand.change(series, monday("03-22"), when=hand.when(timed("2027-03-29T12:00")))
    hand.change(series, monday("03-29"), when=hand.when(timed("2027-03-26T12:00")))
    hand.change(series, monday("04-05"), when=hand.when(timed("2027-04-12T09:00")), title="On top of the next")


def a_day_among_times(hand: Hand) -> None:
    series = hand.make(NINE, "RRULE:FREQ=WEEKLY;BYDAY=MO")
    hand.change(series, monday("03-15"), when=hand.when(days("2027-03-15")))


def a_time_among_days(hand: Hand) -> None:
    series = hand.make(days("2027-03-26"), "RRULE:FREQ=DAILY;COUNT=6")
    hand.change(series, date(2027, 3, 28), when=hand.when(timed("2027-03-28T10:00")))
    hand.change(series, date(2027, 3, 29), when=hand.when(days("2027-03-29", 2)))
    hand.delete(series, date(2027, 3, 30))


def changed_and_then_cancelled(hand: Hand) -> None:
    series = hand.make(NINE, "RRULE:FREQ=DAILY;COUNT=6")
    hand.change(series, at("2027-03-02T09:00"), title="Special")
    hand.delete(series, at("2027-03-02T09:00"))
    hand.delete(series, at("2027-03-01T09:00"))


def changed_twice_and_back(hand: Hand) -> None:
    series = hand.make(NINE, "RRULE:FREQ=DAILY;COUNT=6")
    for title in ("Special", "More special", "Series"):
        hand.change(series, at("2027-03-02T09:00"), title=title)


def positions(hand: Hand) -> None:
    series = hand.make(
        timed("2027-01-29T16:00"), "RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;UNTIL=20270630T235959Z"
    )
    hand.change(series, at("2027-03-31T16:00"), location="Room 1")
    hand.delete(series, at("2027-02-26T16:00"))


def in_gaps(hand: Hand) -> None:
    hand.make(timed("2027-03-26T02:30", 30), "RRULE:FREQ=DAILY;COUNT=5", title="Spring")
    autumn = hand.make(timed("2027-10-29T02:30", 30), "RRULE:FREQ=DAILY;COUNT=5", title="Autumn")
    hand.change(autumn, at("2027-10-31T02:30"), title="Twice")
    midnight = hand.make(timed("2027-09-02T00:00", zone=SANTIAGO), "RRULE:FREQ=DAILY;UNTIL=20270905T040000Z")
    hand.delete(midnight, at("2027-09-05T01:00", SANTIAGO))


def new_words_after_exceptions(hand: Hand) -> None:
    series = hand.make(NINE, "RRULE:FREQ=WEEKLY;BYDAY=MO")
    hand.change(series, monday("03-15"), location="Room 1")
    hand.change(series, title="New name")


def two_zones(hand: Hand) -> None:
    flight = Timed(at("2027-03-05T09:00"), at("2027-03-05T12:00", NEW_YORK), BERLIN, NEW_YORK)
    series = hand.make(flight, "RRULE:FREQ=WEEKLY;COUNT=6")
    hand.delete(series, at("2027-03-19T09:00"))


def all_cancelled(hand: Hand) -> None:
    series = hand.make(NINE, "RRULE:FREQ=DAILY;COUNT=2")
    hand.delete(series, at("2027-03-01T09:00"))
    hand.delete(series, at("2027-03-02T09:00"))


STORIES: list[Callable[[Hand], None]] = [
    split, exclusions_in_every_spelling, ends_in_every_spelling, moved_about_the_clock_change, a_day_among_times,
    a_time_among_days, changed_and_then_cancelled, changed_twice_and_back, positions, in_gaps,
    new_words_after_exceptions, two_zones, all_cancelled,
]  # fmt: skip
