"""Answers as they come: missing, null, unknown, and broken ones."""

from __future__ import annotations

import json

import pytest

from nylasadmin.adapters.nylas.wire import Unreadable, WireEvent, read_event, read_page
from nylasadmin.errors import BadAnswer

OPTIONAL = [name for name in WireEvent.__struct_fields__ if name != "id"]


def page(*events: object, **envelope: object) -> bytes:
    return json.dumps({"request_id": "r", "data": events, **envelope}).encode()


def test_the_smallest_event_is_read() -> None:
    (event,) = read_page(page({"id": "e1"})).data

    assert event == WireEvent(id="e1")


@pytest.mark.parametrize("name", OPTIONAL)
def test_every_optional_field_may_be_null(name: str) -> None:
    assert read_page(page({"id": "e1", name: None})).data == [WireEvent(id="e1")]


def test_fields_inside_may_all_be_null() -> None:
    event = {
        "id": "e1",
        "when": {"object": "timespan", "start_time": None, "end_timezone": None},
        "participants": [{"email": None, "name": None, "status": None}],
        "organizer": {"email": None},
        "reminders": {"use_default": None, "overrides": None},
    }

    assert len(read_page(page(event)).data) == 1


def test_unknown_fields_and_values_are_ignored() -> None:
    event = {"id": "e1", "status": "tentative", "visibility": "secret", "conferencing": {}, "new_field": [{"x": 1}]}

    assert read_page(page(event)).data[0].status == "tentative"


@pytest.mark.parametrize("cursor", [{}, {"next_cursor": None}])
def test_the_last_page_has_no_cursor_or_none(cursor: dict[str, None]) -> None:
    assert read_page(page(**cursor)).next_cursor is None


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>Bad gateway</html>", b'{"data":[{"id":', b"[]", b"null", b"{}", b'{"data":null}', b'{"data":{}}'],
)
def test_what_is_no_page_is_never_an_empty_listing(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        read_page(body)


def test_one_event_that_is_not_as_agreed_does_not_spoil_its_page() -> None:
    odd = {"id": "odd", "title": "Odd", "when": {"start_time": {"never": 1}}, "master_event_id": "series"}

    found = read_page(page({"id": "e1"}, odd, {"id": "e3"}, next_cursor="more"))

    assert [e.id for e in found.data] == ["e1", "e3"]
    assert [(u.id, u.title, u.master_id) for u in found.unreadable] == [("odd", "Odd", "series")]
    assert "start_time" in found.unreadable[0].why
    assert found.next_cursor == "more"


def test_numbers_written_as_text_are_understood() -> None:
    found = read_page(page({"id": "e1", "when": {"start_time": "100", "end_time": 200}}))

    assert found.unreadable == []
    assert found.data[0].when is not None
    assert found.data[0].when.start_time == 100


def test_an_event_without_an_id_makes_the_page_a_bad_answer() -> None:
    with pytest.raises(BadAnswer):
        read_page(page({"title": "Whose?"}))


def test_a_single_event_is_read_from_its_envelope() -> None:
    assert read_event(b'{"request_id":"r","data":{"id":"e1"}}') == WireEvent(id="e1")
    assert isinstance(read_event(b'{"data":{"id":"e1","title":7}}'), Unreadable | WireEvent)


@pytest.mark.parametrize("body", [b'{"request_id":"r"}', b'{"data":null}', b"{}", b"", b'{"data":{}}'])
def test_an_answer_without_an_event_is_a_bad_one(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        read_event(body)


@pytest.mark.parametrize(
    ("fields", "modified"),
    [
        ({"updated_at": 1_790_000_000}, 1_790_000_000),
        ({"updated_at": 1_790_000_000.5}, 1_790_000_000),
        ({"updated_at": "yesterday"}, None),
        ({"updated_at": {}}, None),
        ({"updated_at": None}, None),
        ({}, None),
    ],
)
def test_a_time_of_change_that_makes_no_sense_is_not_known_and_spoils_nothing(
    fields: dict[str, object], modified: int | None
) -> None:
    found = read_page(page({"id": "e1", **fields}))

    assert [e.modified for e in found.data] == [modified]
    assert found.unreadable == []
