"""Any series, edited in any way at either side: one run carries it over exactly, and the next one writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from nylasadmin.domain.fidelity import fingerprint, meet, occurrence
from nylasadmin.domain.items import AllDay, ItemId, Moment, ScheduleItem, Timed, When
from nylasadmin.domain.providers import rules_for
from nylasadmin.domain.recurrence import occurrences
from nylasadmin.services.rows import CrmItem
from nylasadmin.services.views import SnapshotView
from tests.sandbox.openapi import judged_sandbox
from tests.series import BERLIN, NEW_YORK, SANTIAGO, at, cancelled, changed, plain
from tests.services.worlds import OLGA, World, opened
from tests.test_series_trips import at_nylas, differences, wanted

HOUR, DAY = 3600, 86_400
_OTHERS = 9  # so that one delete does not empty the calendar
FIRST = at("2027-03-20T09:00")  # a week before the clocks change in Berlin
RULES = [
    "RRULE:FREQ=DAILY;COUNT=12",
    "RRULE:FREQ=DAILY;UNTIL=20270402T235959Z",
    "RRULE:FREQ=WEEKLY;BYDAY=MO,SA;COUNT=9",
    "RRULE:FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SA,SU;COUNT=8",
    "RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=5",
    "RRULE:FREQ=WEEKLY",
]

whens = st.one_of(
    st.builds(
        lambda hours, length, zone: Timed(FIRST + hours * HOUR, FIRST + (hours + length) * HOUR, zone),
        st.integers(-20, 20),
        st.integers(1, 26),
        st.sampled_from([BERLIN, NEW_YORK, SANTIAGO, "UTC"]),
    ),
    st.builds(
        lambda first, length: AllDay(
            date(2027, 3, 20) + timedelta(first), date(2027, 3, 20) + timedelta(first + length)
        ),
        st.integers(0, 9),
        st.integers(1, 3),
    ),
)


def aligned(item: ScheduleItem) -> ScheduleItem:
    """Let a series begin with an occurrence of its own rule: what else it has is for each provider to say."""
    begin, when = _on_the_wall(item.when), item.when
    if "BYDAY" not in item.rules[0]:
        return item
    by = next(iter(rrulestr(item.rules[0], dtstart=begin))) - begin
    if isinstance(when, AllDay):
        return replace(item, when=AllDay(when.start + by, when.end + by))
    start = int((begin + by).replace(tzinfo=ZoneInfo(when.zone or "UTC")).timestamp())
    return replace(item, when=replace(when, start=start, end=start + when.end - when.start))


def _on_the_wall(when: When) -> datetime:
    if isinstance(when, AllDay):
        return datetime(when.start.year, when.start.month, when.start.day)
    return datetime.fromtimestamp(when.start, ZoneInfo(when.zone or "UTC")).replace(tzinfo=None)


@st.composite
def whole(draw: st.DrawFn) -> ScheduleItem:
    return aligned(ScheduleItem(when=draw(whens), title="Series", notes="it", rules=(draw(st.sampled_from(RULES)),)))


def moments_of(item: ScheduleItem) -> list[Moment]:
    return [m for m, _ in zip(occurrences(item.rules, item.when), range(7), strict=False)]


def moved(when: When, by: int) -> When:
    if isinstance(when, Timed):
        return replace(when, start=when.start + by * HOUR, end=when.end + by * HOUR)
    return AllDay(when.start + timedelta(by), when.end + timedelta(by))


@st.composite
def edited(draw: st.DrawFn, item: ScheduleItem) -> ScheduleItem:
    """Make one edit as a calendar program lets people make it."""
    kind = draw(st.sampled_from(["change", "change", "cancel", "restore", "retitle", "move", "re-rule", "anew"]))
    moment = draw(st.sampled_from(moments_of(item)))
    if kind == "change":
        when = moved(occurrence(item, moment).when, draw(st.integers(-30, 30)))
        fields = draw(st.sampled_from([{"when": when}, {"title": "Other"}, {"location": "Room 1", "when": when}]))
        return changed(item, moment, **fields)
    if kind == "cancel":
        return cancelled(item, moment)
    if kind == "restore":
        return replace(cancelled(item, moment), cancelled=tuple(m for m in item.cancelled if m != moment))
    if kind == "retitle":
        return replace(item, title=draw(st.sampled_from(["Series", "Renamed"])))
    if kind == "move":
        return aligned(replace(plain(item), when=moved(item.when, draw(st.integers(-5, 5)))))
    return draw(whole()) if kind == "anew" else _ruled_otherwise(item, draw(st.sampled_from(RULES)))


def _ruled_otherwise(item: ScheduleItem, rule: str) -> ScheduleItem:
    """Give the series another rule; what was changed or cancelled stays where the new one has it."""
    fresh = aligned(replace(item, rules=(rule,)))
    kept = set(moments_of(fresh))
    return replace(
        fresh,
        exceptions=tuple(e for e in item.exceptions if e.original_start in kept),
        cancelled=tuple(m for m in item.cancelled if m in kept),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[ScheduleItem]:
    """Give versions of one item, a few edits between each."""
    versions = [draw(whole())]
    for _ in range(draw(st.integers(1, 2))):
        item = versions[-1]
        for _ in range(draw(st.integers(1, 4))):
            item = draw(edited(item))
        versions.append(item)
    return versions


@pytest.fixture(params=["google", "microsoft", "icloud"], scope="module")
def worlds(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, World]]:
    """One account, and two installations that are linked to it."""
    folder = tmp_path_factory.mktemp("edits")
    with (
        judged_sandbox(users=1, provider=request.param) as box,
        opened(folder / "here", box) as here,
        opened(folder / "there", box) as there,
    ):
        for number in range(_OTHERS):
            here.event(f"Meeting {number}", description="others", when={"start_time": FIRST, "end_time": FIRST + HOUR})
        assert here.get().counters.created == there.get().counters.created == _OTHERS
        yield here, there


def the_series(world: World) -> CrmItem | None:
    return next((i for i in world.items().values() if i.item.notes == "it"), None)


def put(world: World, version: ScheduleItem) -> None:
    known = the_series(world)
    if known is not None:
        theirs = known.item.organizer
        told = tuple(replace(e, item=replace(e.item, organizer=theirs)) for e in version.exceptions)
        version = replace(version, uid=known.item.uid, organizer=theirs, exceptions=told)
    item_id = known.id if known is not None else ItemId("the-series")
    world.services.crm.put(OLGA, CrmItem(id=item_id, user_id="u0", collection="primary", item=version))


def assert_quiet(*views: SnapshotView) -> None:
    for view in views:
        assert (view.counters.to_write, view.counters.failed, view.counters.moved) == (0, 0, 0), view.direction


@given(histories())
@settings(
    max_examples=6,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # to make a failing one smaller takes too long here
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_edits_go_there_and_back_in_one_run_each(worlds: tuple[World, World], versions: list[ScheduleItem]) -> None:
    here, there = worlds
    fidelity = meet(rules_for(here.box.sandbox.provider).reports, rules_for(here.box.sandbox.provider).accepts)
    for number, version in enumerate(versions):
        note(str(version))
        editor, other = (here, there) if number % 2 == 0 else (there, here)
        put(editor, version)

        sent = editor.send()

        assert sent.counters.failed == 0, editor.rows("failures")[-1]
        assert differences(wanted(editor), at_nylas(here.box)) == {}
        assert_quiet(editor.send(), editor.get())
        assert other.get().counters.failed == 0
        assert_quiet(other.get(), other.send())
        mine, theirs = (sorted(fingerprint(i.item, fidelity) for i in w.items().values()) for w in worlds)
        assert mine == theirs
    if last := the_series(here):
        here.services.crm.delete(OLGA, last.id)
    assert (here.send().counters.deleted, there.get().counters.deleted) == (1, 1)
