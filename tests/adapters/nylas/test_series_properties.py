"""Any series can be made into any other, at every provider, in one update; writing it again sends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from nylasadmin.adapters.nylas import NylasHttpSide
from nylasadmin.adapters.nylas.store import NylasFolder
from nylasadmin.domain.fidelity import FULL, Fidelity, fingerprint, meet, occurrence
from nylasadmin.domain.items import AllDay, Attendee, ChangedOccurrence, ItemId, Moment, ScheduleItem, Timed
from nylasadmin.domain.plan import ALWAYS, ActionKind
from nylasadmin.domain.providers import rules_for
from nylasadmin.domain.recurrence import occurrences
from nylasadmin.sandbox.clocks import FrozenClock
from nylasadmin.sandbox.testing import RunningSandbox
from nylasadmin.services.ports import FolderRef, SenderSettings, WriteOrder
from tests.sandbox.openapi import judged_sandbox

NOW = 1_772_445_600
HOUR, DAY = 3600, 86_400
PEOPLE = tuple(Attendee(f"{name}@firm.example", name.title()) for name in ("anna", "bruno", "chen"))


@dataclass
class Place:
    """A folder of one sandbox that lasts for all examples."""

    box: RunningSandbox
    folder: NylasFolder
    fidelity: Fidelity

    def write(self, kind: ActionKind, item: ScheduleItem | None, item_id: ItemId | None = None) -> ItemId:
        (outcome,) = self.folder.write([WriteOrder(kind=kind, fidelity=self.fidelity, item=item, id=item_id)])
        assert outcome.error is None, (outcome.error, getattr(outcome.error, "detail", ""))
        assert outcome.id is not None
        return outcome.id

    def found(self, item_id: ItemId) -> bytes:
        prints = {o.id: o.fingerprint for b in self.folder.observe(self.fidelity, ALWAYS) for o in b}
        return prints[item_id]


@pytest.fixture(params=["google", "microsoft", "icloud"], scope="module")
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with judged_sandbox(users=1, provider=request.param, clock=FrozenClock(NOW)) as box:
        grant = box.grants[0]
        side = NylasHttpSide(now=lambda: NOW)
        folder = side.store(
            SenderSettings(base_url=box.url, api_key=box.api_key, requests_per_s=0),
            FolderRef(
                grant_id=grant.id,
                provider=request.param,
                folder_id=box.calendar(grant.id).id,
                account_email=grant.email,
                installation="here",
            ),
        )
        yield Place(box, folder, meet(FULL, rules_for(request.param).accepts))
        side.close()


TIMED = st.builds(
    lambda hours, length, zone: Timed(NOW + hours * HOUR, NOW + hours * HOUR + length * HOUR, zone),
    st.integers(-40, 40),
    st.integers(1, 30),
    st.sampled_from(["Europe/Berlin", "America/New_York", "UTC"]),
)
DAYS = st.builds(
    lambda first, length: AllDay(first, first + timedelta(days=length)),
    st.dates(min_value=date(2026, 1, 1), max_value=date(2026, 5, 1)),
    st.integers(1, 3),
)
RULES = st.sampled_from(
    [
        "RRULE:FREQ=DAILY;COUNT=9",
        "RRULE:FREQ=WEEKLY;COUNT=12",
        "RRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=15",
        "RRULE:FREQ=MONTHLY;COUNT=6",
        "RRULE:FREQ=WEEKLY",
    ]
)


@st.composite
def changed(draw: st.DrawFn, series: ScheduleItem, moment: Moment) -> ChangedOccurrence:
    plain = occurrence(series, moment)
    when = plain.when
    if draw(st.booleans()) and isinstance(when, Timed):
        by = draw(st.integers(-30, 30)) * HOUR
        when = Timed(when.start + by, when.end + by, when.zone)
    title = draw(st.sampled_from([plain.title, "Moved", ""]))
    people = draw(st.sampled_from([plain.attendees, PEOPLE[:1], ()]))
    return ChangedOccurrence(moment, replace(plain, when=when, title=title, attendees=people))


@st.composite
def series(draw: st.DrawFn, is_all_day: bool) -> ScheduleItem:
    when = draw(DAYS if is_all_day else TIMED)
    plain = ScheduleItem(
        when=when,
        title=draw(st.sampled_from(["Planning", "Review"])),
        attendees=PEOPLE[: draw(st.integers(0, 3))],
        rules=(draw(RULES),),
    )
    moments = [m for m, _ in zip(occurrences(plain.rules, when), range(6), strict=False)]
    fate = {m: draw(st.sampled_from(["plain", "plain", "changed", "cancelled"])) for m in moments[1:]}
    return replace(
        plain,
        cancelled=tuple(m for m, f in fate.items() if f == "cancelled"),
        exceptions=tuple(draw(changed(plain, m)) for m, f in fate.items() if f == "changed"),
    )


two_series = st.booleans().flatmap(lambda is_all_day: st.tuples(series(is_all_day), series(is_all_day)))


@given(two_series)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_series_becomes_any_other_in_one_update(place: Place, pair: tuple[ScheduleItem, ScheduleItem]) -> None:
    before, after = pair
    item_id = place.write(ActionKind.CREATE, before)
    assert place.found(item_id) == fingerprint(before, place.fidelity)

    place.write(ActionKind.UPDATE, after, item_id)

    assert place.found(item_id) == fingerprint(after, place.fidelity)
    place.box.sandbox.requests.clear()
    place.write(ActionKind.UPDATE, after, item_id)
    assert {e["method"] for e in place.box.sandbox.requests.entries()} == {"GET"}
    place.write(ActionKind.DELETE, None, item_id)
