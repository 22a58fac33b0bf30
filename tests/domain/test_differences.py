"""Differences in words: every field, nothing that is not written, masks."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from nylasadmin.domain.describing import reminders_text, rule_text, when_text
from nylasadmin.domain.differences import MASK, Difference, Field, differences, masked
from nylasadmin.domain.fidelity import FULL
from nylasadmin.domain.items import AllDay, Attendee, ChangedOccurrence, Reminder, Reply, ScheduleItem, Timed, When
from nylasadmin.domain.providers import GOOGLE

NOON = 1_795_604_400  # Wed 25 Nov 2026, 11:00 UTC: noon in Vienna
ITEM = ScheduleItem(when=Timed(NOON, NOON + 3600, "Europe/Vienna"), title="Review", location="Room 4.12")


def changed(**fields: object) -> ScheduleItem:
    return msgspec.structs.replace(ITEM, **fields)


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (ITEM.when, "Wed 25 Nov 2026, 12:00 to 13:00 Europe/Vienna"),
        (Timed(NOON, NOON, None), "Wed 25 Nov 2026, 11:00 UTC"),
        (Timed(NOON, NOON + 86_400, "Europe/Vienna"), "Wed 25 Nov 2026, 12:00 to Thu 26 Nov 2026, 12:00 Europe/Vienna"),
        (
            Timed(NOON, NOON + 3600, "Europe/Vienna", "Europe/London"),
            "Wed 25 Nov 2026, 12:00 Europe/Vienna to 12:00 Europe/London",
        ),
        (AllDay(date(2026, 11, 25), date(2026, 11, 26)), "Wed 25 Nov 2026, all day"),
        (AllDay(date(2026, 11, 25), date(2026, 11, 28)), "Wed 25 Nov 2026 to Fri 27 Nov 2026, all day"),
    ],
)
def test_a_time_span_is_said_in_its_own_zone(when: When, text: str) -> None:
    assert when_text(when) == text


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20261214T225959Z", "every week on Monday until 14 Dec 2026"),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO,FR;INTERVAL=2", "every 2 weeks on Monday and Friday"),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;COUNT=10", "every week on weekdays 10 times"),
        ("RRULE:FREQ=MONTHLY;BYDAY=-1FR", "every month on the last Friday"),
        ("RRULE:FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2", "every month on the second Tuesday"),
        ("RRULE:FREQ=MONTHLY;BYMONTHDAY=15,-1", "every month on day 15 and the last"),
        ("RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24", "every year on day 24 in December"),
        ("RRULE:FREQ=DAILY;BYHOUR=9", "FREQ=DAILY;BYHOUR=9"),
        ("RDATE:20261125T110000Z", "RDATE:20261125T110000Z"),
    ],
)
def test_a_rule_is_said_in_words_and_an_unusual_one_shown_as_it_is(rule: str, text: str) -> None:
    assert rule_text(rule) == text


def test_reminders_are_said_in_the_largest_whole_unit() -> None:
    assert (
        reminders_text((Reminder(1440), Reminder(90, "email"))) == "1 day before (popup) and 90 minutes before (email)"
    )
    assert reminders_text(()) == "none"
    assert reminders_text(None) == "as the calendar does"


def test_equal_items_have_no_difference() -> None:
    assert differences(ITEM, changed(private_notes="never compared", uid="other"), FULL) == []


def test_each_changed_field_is_named_with_both_values() -> None:
    found = differences(ITEM, changed(title="Review (moved)", location=""), FULL)
    assert found == [
        Difference(Field.TITLE, ("Review",), ("Review (moved)",)),
        Difference(Field.LOCATION, ("Room 4.12",), ()),
    ]


def test_of_attendees_only_those_that_come_or_go_are_named() -> None:
    both, lena = Attendee("b@x.example", "Bruno"), Attendee("l@x.example", "Lena", Reply.YES)
    found = differences(changed(attendees=(both, lena)), changed(attendees=(both,)), FULL)
    assert found == [Difference(Field.ATTENDEES, ("Lena <l@x.example> (accepted)",), ())]


def test_an_answer_that_is_not_written_is_no_difference() -> None:
    asked, agreed = (Attendee("l@x.example", "Lena", reply) for reply in (Reply.NONE, Reply.YES))
    assert differences(changed(attendees=(asked,)), changed(attendees=(agreed,)), GOOGLE.accepts) == []


def test_a_series_tells_what_was_cancelled_and_what_was_moved() -> None:
    weekly = changed(rules=("RRULE:FREQ=WEEKLY;COUNT=4",))
    week = 7 * 86_400
    moved = changed(when=Timed(NOON + week + 7200, NOON + week + 10_800, "Europe/Vienna"))
    exception = ChangedOccurrence(NOON + week, moved)
    edited = msgspec.structs.replace(weekly, cancelled=(NOON + 2 * week,), exceptions=(exception,))
    assert differences(weekly, edited, FULL) == [
        Difference(Field.CANCELLED, (), ("Wed 9 Dec 2026, 12:00",)),
        Difference(Field.CHANGED, (), ("Wed 2 Dec 2026, 12:00 → Wed 2 Dec 2026, 14:00 to 15:00 Europe/Vienna",)),
    ]


def test_a_created_item_shows_all_it_holds() -> None:
    assert [d.field for d in differences(None, ITEM, FULL)] == [
        Field.TITLE,
        Field.WHEN,
        Field.LOCATION,
        Field.BUSY,
        Field.VISIBILITY,
        Field.REMINDERS,
    ]


def test_masking_hides_who_and_what_but_not_when() -> None:
    found = masked(differences(ITEM, changed(title="Secret", when=Timed(NOON, NOON + 60, "UTC")), FULL))
    assert found[0] == Difference(Field.TITLE, (MASK,), (MASK,))
    assert found[1].new == ("Wed 25 Nov 2026, 11:00 to 11:01 UTC",)
