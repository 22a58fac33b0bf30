"""Listing, looking up and loading against given answers and against the sandbox with faults."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
import responses

from nylasadmin.adapters.nylas import NylasHttpSide
from nylasadmin.adapters.nylas.http import Patience
from nylasadmin.adapters.nylas.reading import NylasReader
from nylasadmin.domain.fidelity import FULL
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import ALWAYS, Observed, Reason, Window
from nylasadmin.errors import AccessDenied, BadAnswer, BadRequest, CursorExpired, NotThere, NylasError, Unauthorized
from nylasadmin.sandbox.clocks import FrozenClock
from nylasadmin.sandbox.testing import RunningSandbox
from nylasadmin.services.ports import FolderRef, SenderSettings
from tests.adapters.nylas.conftest import BASE, FOLDER, SENDER
from tests.sandbox.openapi import judged_sandbox

NOW = 1_772_445_600
HOUR, DAY, WEEK, YEAR = 3600, 86_400, 604_800, 366 * 86_400
EVENTS = f"{BASE}/v3/grants/g1/events"
CALENDAR = f"{BASE}/v3/grants/g1/calendars/cal"


def event(event_id: str, at: int = NOW, **fields: object) -> dict[str, object]:
    return {"id": event_id, "calendar_id": "cal", "when": {"start_time": at, "end_time": at + HOUR}} | fields


def series(event_id: str = "s", **fields: object) -> dict[str, object]:
    return event(event_id, recurrence=["RRULE:FREQ=WEEKLY"], **fields)


def occurrence(master: str = "s", nth: int = 1, **fields: object) -> dict[str, object]:
    at = NOW + nth * WEEK
    return event(f"{master}_{nth}", at, master_event_id=master, original_start_time=at, **fields)


def page(*events: dict[str, object], cursor: str | None = None) -> dict[str, object]:
    return {"request_id": "r", "data": list(events), "next_cursor": cursor}


def observed(reader: NylasReader, window: Window = ALWAYS) -> dict[ItemId, Observed]:
    return {o.id: o for batch in reader.observe(FULL, window) for o in batch}


def queries(answers: responses.RequestsMock) -> list[dict[str, list[str]]]:
    return [parse_qs(urlsplit(call.request.url or "").query) for call in answers.calls]


def test_a_listing_always_names_its_window_and_asks_for_masters(
    reader: NylasReader, answers: responses.RequestsMock
) -> None:
    answers.get(EVENTS, json=page())

    assert observed(reader) == {}

    assert queries(answers) == [
        {
            "calendar_id": ["cal"],
            "start": ["0"],
            "end": ["4102444800"],
            "expand_recurring": ["false"],
            "show_cancelled": ["true"],
            "event_type": ["default", "outOfOffice", "focusTime", "workingLocation"],
            "limit": ["200"],
        }
    ]


def test_pages_are_followed_to_the_last_even_short_and_empty_ones(
    reader: NylasReader, answers: responses.RequestsMock
) -> None:
    answers.get(EVENTS, json=page(event("a"), cursor="2"))
    answers.get(EVENTS, json=page(cursor="3"))
    answers.get(EVENTS, json=page(event("b")))

    assert set(observed(reader)) == {"a", "b"}
    assert [q.get("page_token") for q in queries(answers)] == [None, ["2"], ["3"]]


def test_a_series_is_put_together_from_all_pages(reader: NylasReader, answers: responses.RequestsMock) -> None:
    answers.get(EVENTS, json=page(occurrence(title="Changed"), event("x"), cursor="2"))
    answers.get(EVENTS, json=page(series(), occurrence(nth=2, status="cancelled")))

    found = observed(reader)

    assert set(found) == {"s", "x"}
    item = reader.load([ItemId("s")])[ItemId("s")]
    assert [e.item.title for e in item.exceptions] == ["Changed"]
    assert item.cancelled == (NOW + 2 * WEEK,)


def test_cancelled_items_are_absent_and_cancelled_series_take_their_occurrences_along(
    reader: NylasReader, answers: responses.RequestsMock
) -> None:
    answers.get(
        EVENTS, json=page(event("a", status="cancelled"), series("s", status="cancelled"), occurrence(), event("b"))
    )

    assert set(observed(reader)) == {"b"}


def test_what_was_observed_loads_without_a_request(reader: NylasReader, answers: responses.RequestsMock) -> None:
    answers.get(EVENTS, json=page(event("a", title="A"), series()))
    observed(reader)

    bodies = reader.load([ItemId("a"), ItemId("s")])

    assert len(answers.calls) == 1
    assert bodies[ItemId("a")].title == "A"


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_a_lost_cursor_starts_the_window_again(
    reader: NylasReader, answers: responses.RequestsMock, status: int
) -> None:
    answers.get(EVENTS, json=page(event("a"), occurrence("gone"), cursor="2"))
    answers.get(EVENTS, status=status)
    answers.get(EVENTS, json=page(event("a"), cursor="3"))
    answers.get(EVENTS, json=page(event("b")))

    assert set(observed(reader)) == {"a", "b"}
    assert [q.get("page_token") for q in queries(answers)] == [None, ["2"], None, ["3"]]


def test_a_cursor_that_is_lost_again_and_again_fails_the_listing(
    reader: NylasReader, answers: responses.RequestsMock
) -> None:
    for _ in range(3):
        answers.get(EVENTS, json=page(event("a"), cursor="2"))
        answers.get(EVENTS, status=410)

    with pytest.raises(CursorExpired):
        observed(reader)


def test_an_expired_grant_in_mid_listing_is_told_at_once(reader: NylasReader, answers: responses.RequestsMock) -> None:
    answers.get(EVENTS, json=page(event("a"), cursor="2"))
    answers.get(EVENTS, status=401)

    with pytest.raises(Unauthorized):
        observed(reader)


@pytest.mark.parametrize(("status", "error"), [(404, NotThere), (403, AccessDenied), (400, BadRequest)])
def test_a_refused_first_page_is_an_error_and_never_an_empty_listing(
    reader: NylasReader, answers: responses.RequestsMock, status: int, error: type[NylasError]
) -> None:
    answers.get(EVENTS, status=status)

    with pytest.raises(error):
        observed(reader)


@pytest.mark.parametrize("body", ["<html></html>", "", '{"data":[{"id"', '{"request_id":"r"}', '{"data":null}'])
def test_an_answer_that_is_no_page_is_an_error_and_never_an_empty_listing(
    reader: NylasReader, answers: responses.RequestsMock, body: str
) -> None:
    answers.get(EVENTS, body=body)

    with pytest.raises(BadAnswer):
        observed(reader)


def test_a_cursor_that_leads_to_itself_is_noticed(reader: NylasReader, answers: responses.RequestsMock) -> None:
    answers.get(EVENTS, json=page(event("a"), cursor="2"))
    answers.get(EVENTS, json=page(event("b"), cursor="2"))

    with pytest.raises(BadAnswer, match="itself"):
        observed(reader)


# occurrences without their series


def test_occurrences_of_an_unreadable_series_are_items_of_their_own(
    reader: NylasReader, answers: responses.RequestsMock
) -> None:
    answers.get(EVENTS, json=page(occurrence(nth=1, ical_uid="u"), occurrence(nth=2, ical_uid="u")))
    answers.get(f"{EVENTS}/s", status=403)

    found = observed(reader)

    assert {o.id: o.original_start for o in found.values()} == {"s_1": NOW + WEEK, "s_2": NOW + 2 * WEEK}
    assert {o.uid for o in found.values()} == {"u"}


def test_a_series_that_the_listing_lacks_is_read_before_its_occurrences_count_alone(
    reader: NylasReader, answers: responses.RequestsMock
) -> None:
    answers.get(EVENTS, json=page(occurrence(title="Changed")))
    answers.get(f"{EVENTS}/s", json={"data": series()})
    answers.get(EVENTS, json=page(occurrence(title="Changed"), occurrence(nth=3, status="cancelled")))

    found = observed(reader)

    assert set(found) == {"s"}
    assert reader.load([ItemId("s")])[ItemId("s")].cancelled == (NOW + 3 * WEEK,)


def test_cancelled_occurrences_without_a_series_are_nothing(
    reader: NylasReader, answers: responses.RequestsMock
) -> None:
    answers.get(EVENTS, json=page(occurrence(status="cancelled")))

    assert observed(reader) == {}


# what cannot be read


def test_an_item_that_cannot_be_read_is_told_and_blocked(reader: NylasReader, answers: responses.RequestsMock) -> None:
    answers.get(EVENTS, json=page(event("a"), event("odd", title="Odd", when=None), event("odder", location={"x": 1})))

    found = observed(reader)

    assert {o.id: o.blocked for o in found.values()} == {
        "a": None,
        "odd": Reason.UNREADABLE,
        "odder": Reason.UNREADABLE,
    }
    assert found[ItemId("odd")].title == "Odd"


@pytest.mark.parametrize("broken", [{"when": None}, {"location": {"x": 1}}])
def test_a_series_with_an_occurrence_that_cannot_be_read_cannot_be_read(
    reader: NylasReader, answers: responses.RequestsMock, broken: dict[str, object]
) -> None:
    answers.get(EVENTS, json=page(series(), event("s_1", master_event_id="s", original_start_time=NOW + WEEK) | broken))

    assert {o.id: o.blocked for o in observed(reader).values()} == {"s": Reason.UNREADABLE}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"read_only": True}, Reason.ITEM_READ_ONLY),
        ({"organizer": {"email": "Anna@Firm.example"}}, None),
        ({"organizer": {"email": "cal"}}, None),
        ({"organizer": {"email": ""}}, None),
        ({"organizer": {"name": "Somebody"}}, None),
        ({"organizer": {"email": "boss@firm.example"}}, Reason.ORGANIZED_BY_OTHER),
    ],
)
def test_an_item_says_why_it_takes_no_change(
    reader: NylasReader, answers: responses.RequestsMock, fields: dict[str, object], reason: Reason | None
) -> None:
    answers.get(EVENTS, json=page(event("a", **fields)))

    assert observed(reader)[ItemId("a")].blocked is reason


# looking up


def test_looking_up_leaves_out_what_is_gone_cancelled_or_in_another_calendar(
    reader: NylasReader, answers: responses.RequestsMock
) -> None:
    answers.get(f"{EVENTS}/a", json={"data": event("a")})
    answers.get(f"{EVENTS}/gone", status=404)
    answers.get(f"{EVENTS}/cancelled", json={"data": event("cancelled", status="cancelled")})
    answers.get(f"{EVENTS}/elsewhere", json={"data": event("elsewhere", calendar_id="other")})
    answers.get(f"{EVENTS}/nowhere", json={"data": event("nowhere", calendar_id=None)})
    answers.get(CALENDAR, json={"data": {"id": "cal"}})

    found = reader.look_up([ItemId(i) for i in ("a", "gone", "cancelled", "elsewhere", "nowhere")], FULL)

    assert [o.id for o in found] == ["a", "nowhere"]


def test_nothing_counts_as_gone_when_its_calendar_does_not_answer(
    reader: NylasReader, answers: responses.RequestsMock
) -> None:
    answers.get(f"{EVENTS}/a", status=404)
    answers.get(CALENDAR, status=404)

    with pytest.raises(NotThere):
        reader.look_up([ItemId("a")], FULL)


def test_looking_up_an_item_that_cannot_be_read_does_not_stop_the_others(
    reader: NylasReader, answers: responses.RequestsMock
) -> None:
    answers.get(f"{EVENTS}/odd", json={"data": event("odd", when=None)})
    answers.get(f"{EVENTS}/a", json={"data": event("a")})

    found = reader.look_up([ItemId("odd"), ItemId("a")], FULL)

    assert [(o.id, o.blocked) for o in found] == [("odd", Reason.UNREADABLE), ("a", None)]


def test_ids_are_encoded_whole(reader: NylasReader, answers: responses.RequestsMock) -> None:
    answers.get(f"{EVENTS}/a%2Fb%20c%3Fd%40e%23%2B%3D", json={"data": event("a/b c?d@e#+=")})

    assert [o.id for o in reader.look_up([ItemId("a/b c?d@e#+=")], FULL)] == ["a/b c?d@e#+="]


def test_a_reader_has_no_way_to_write(reader: NylasReader) -> None:
    assert [name for name in dir(reader) if "write" in name or "delete" in name or "put" in name] == []


# against the sandbox


@pytest.fixture(params=["google", "microsoft", "icloud"])
def box(request: pytest.FixtureRequest) -> Iterator[RunningSandbox]:
    with judged_sandbox(
        users=1, events_per_user=450, provider=request.param, api_key="secret-key", clock=FrozenClock(NOW)
    ) as running:
        yield running


def reader_of(box: RunningSandbox, nylas: NylasHttpSide, folder_id: str | None = None) -> NylasReader:
    grant = box.grants[0]
    sender = SenderSettings(base_url=box.url, api_key=box.api_key, requests_per_s=0)
    folder = FolderRef(
        grant_id=grant.id,
        provider=grant.rules.name,
        folder_id=folder_id or box.calendar(grant.id).id,
        account_email=grant.email,
        installation="here",
    )
    return nylas.reader(sender, folder)


@pytest.fixture
def side() -> Iterator[NylasHttpSide]:
    opened = NylasHttpSide(patience=Patience(first_wait_s=0.01), now=lambda: NOW)
    yield opened
    opened.close()


def test_a_whole_calendar_is_observed_as_it_is_looked_up(box: RunningSandbox, side: NylasHttpSide) -> None:
    reader = reader_of(box, side)

    found = observed(reader)

    assert len(found) > 300
    listed = {item_id: msgspec.structs.replace(o, digest=None) for item_id, o in found.items()}
    assert {o.id: o for o in reader.look_up(list(found), FULL)} == listed
    assert max(box.sandbox.requests.highest_in_flight().values()) <= 4


def test_long_windows_are_cut_as_the_provider_wants_it(side: NylasHttpSide) -> None:
    with judged_sandbox(users=1, provider="icloud", api_key="secret-key", clock=FrozenClock(NOW)) as box:
        calendar = box.calendar(box.grants[0].id)
        for years in (-3, -1.5, 0, 1.5, 3):
            at = NOW + int(years * YEAR)
            when = {"start_time": at, "end_time": at + HOUR, "object": "timespan"}
            box.add_event(calendar, {"id": f"at {years}", "when": when})

        found = observed(reader_of(box, side))

        assert set(found) == {"at -1.5", "at 0", "at 1.5"}
        assert len(box.sandbox.requests.entries()) == 9
        assert {e["status"] for e in box.sandbox.requests.entries()} == {200}


def test_an_id_with_every_odd_character_is_listed_and_looked_up(box: RunningSandbox, side: NylasHttpSide) -> None:
    odd = "a/b c?d@e#+=%41"
    box.add_calendar(box.grants[0].id, "Odd", calendar_id=odd)
    calendar = box.calendar(box.grants[0].id, "Odd")
    box.add_event(calendar, {"id": odd, "when": {"start_time": NOW, "end_time": NOW + HOUR, "object": "timespan"}})
    reader = reader_of(box, side, odd)

    assert list(observed(reader)) == [odd]
    assert [o.id for o in reader.look_up([ItemId(odd)], FULL)] == [odd]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 502, "body": "html"},
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 429, "retry_after": 0},
        {"kind": "status", "status": 429},
        {"kind": "reset"},
    ],
    ids=lambda f: f"{f['kind']} {f.get('status', '')}",
)
def test_a_passing_trouble_between_pages_changes_nothing(
    box: RunningSandbox, side: NylasHttpSide, fault: dict[str, object]
) -> None:
    expected = observed(reader_of(box, side))
    box.sandbox.faults.add(fault | {"after": 1, "path_contains": "/events"})

    assert observed(reader_of(box, side)) == expected


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_lasting_trouble_fails_the_listing(box: RunningSandbox, side: NylasHttpSide, status: int) -> None:
    box.sandbox.faults.add({"kind": "status", "status": status, "after": 1, "count": None})

    with pytest.raises(NylasError):
        observed(reader_of(box, side))


def test_a_truncated_page_fails_the_listing(box: RunningSandbox, side: NylasHttpSide) -> None:
    box.sandbox.faults.add({"kind": "status", "status": 200, "body": "truncated", "after": 1, "count": None})

    with pytest.raises(BadAnswer):
        observed(reader_of(box, side))


def test_the_side_opens_what_the_ports_ask_for() -> None:
    opened = NylasHttpSide()

    assert isinstance(opened.reader(SENDER, FOLDER), NylasReader)
    assert not isinstance(opened.store(SENDER, FOLDER), NylasReader)
