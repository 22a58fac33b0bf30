"""Which cancelled moments mean anything."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nylasadmin.domain.cancellations import has_occurrence, real_cancellations
from nylasadmin.domain.items import AllDay, Moment, Timed, When
from nylasadmin.domain.recurrence import occurrences

DAY = 86_400
START = 1_711_699_200  # 2024-03-29 09:00 in Berlin, a Friday, two days before summer time
BERLIN = Timed(START, START + 3600, "Europe/Berlin")
DAYS = AllDay(date(2024, 3, 29), date(2024, 3, 30))
SUMMER = 3600


@pytest.mark.parametrize(
    ("rule", "moment", "expected"),
    [
        ("RRULE:FREQ=DAILY", START, True),
        ("RRULE:FREQ=DAILY", START + DAY, True),
        ("RRULE:FREQ=DAILY", START - DAY, False),
        ("RRULE:FREQ=DAILY", START + DAY + 60, False),
        ("RRULE:FREQ=DAILY", START + 3 * DAY, False),
        ("RRULE:FREQ=DAILY", START + 3 * DAY - SUMMER, True),
        ("RRULE:FREQ=DAILY;INTERVAL=2", START + DAY, False),
        ("RRULE:FREQ=DAILY;COUNT=3", START + 2 * DAY - SUMMER, True),
        ("RRULE:FREQ=DAILY;COUNT=3", START + 3 * DAY - SUMMER, False),
        ("RRULE:FREQ=DAILY;UNTIL=20240330T220000Z", START + 2 * DAY - SUMMER, False),
        ("RRULE:FREQ=WEEKLY", START + 7 * DAY - SUMMER, True),
        ("RRULE:FREQ=WEEKLY", START + 3 * DAY - SUMMER, False),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO,FR", START + 3 * DAY - SUMMER, True),
        ("RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", START + 3 * DAY - SUMMER, False),
        ("RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", START + 10 * DAY - SUMMER, True),
        ("RRULE:FREQ=MONTHLY;BYDAY=-1FR", START + 28 * DAY - SUMMER, True),
        ("RRULE:FREQ=MONTHLY;BYDAY=-1FR", START + 21 * DAY - SUMMER, False),
        ("RRULE:FREQ=DAILY", date(2024, 3, 30), False),
    ],
)
def test_a_moment_counts_if_the_series_has_it(rule: str, moment: Moment, expected: bool) -> None:
    assert has_occurrence((rule,), BERLIN, moment) is expected


@pytest.mark.parametrize(
    ("moment", "expected"), [(date(2024, 4, 5), True), (date(2024, 4, 6), False), (START + 7 * DAY, False)]
)
def test_whole_days_are_counted_as_days(moment: Moment, expected: bool) -> None:
    assert has_occurrence(("RRULE:FREQ=WEEKLY",), DAYS, moment) is expected


@pytest.mark.parametrize("rules", [("nonsense",), ("RRULE:FREQ=SOMETIMES",), ("RRULE:FREQ=WEEKLY", "EXRULE:FREQ=X")])
def test_where_the_rules_cannot_be_read_every_moment_counts(rules: tuple[str, ...]) -> None:
    assert real_cancellations(rules, BERLIN, (START + 60,)) == (START + 60,)


def test_without_rules_nothing_can_be_cancelled() -> None:
    assert real_cancellations((), BERLIN, (START,)) == ()


@given(
    st.sampled_from(
        [
            "FREQ=DAILY",
            "FREQ=DAILY;INTERVAL=3",
            "FREQ=WEEKLY",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO,TH",
            "FREQ=WEEKLY;BYDAY=SA",
            "FREQ=MONTHLY",
            "FREQ=DAILY;COUNT=20",
        ]
    ),
    st.sampled_from([BERLIN, DAYS, Timed(START - 6 * 3600, START, "America/New_York"), Timed(START, START)]),
    st.integers(-3, 90),
)
def test_the_quick_way_agrees_with_following_the_rule(rule: str, when: When, days: int) -> None:
    starts = {m for m, _ in zip(occurrences((f"RRULE:{rule}",), when), range(200), strict=False)}
    moments: list[Moment] = (
        [when.start + timedelta(days=days)]
        if isinstance(when, AllDay)
        else [when.start + days * DAY + shift for shift in (-3600, 0, 3600)]
    )

    assert [has_occurrence((f"RRULE:{rule}",), when, m) for m in moments] == [m in starts for m in moments]
