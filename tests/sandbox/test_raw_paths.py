"""Identifiers with every awkward character, in every way a client may write them."""

from __future__ import annotations

import http.client
from urllib.parse import quote

import nylas
import pytest

from .conftest import ANNA, Api, span

ODD = ["a/b c?d@e", "a#b", "a+b", "a=b==", "50%25", "<x>&y", "ü/ß", "a/../b", "//"]


@pytest.mark.parametrize("odd", ODD)
def test_odd_ids_of_events_work(api: Api, odd: str) -> None:
    api.box.add_event(api.box.calendar(ANNA), {"id": odd, "when": {**span(0), "object": "timespan"}})
    client = nylas.Client(api_key=api.box.api_key, api_uri=api.box.url)
    encoded, query = quote(odd, safe=""), {"calendar_id": "primary"}
    assert client.events.find(ANNA, encoded, query_params=query).data.id == odd
    assert client.events.update(ANNA, encoded, request_body={"title": "t"}, query_params=query).data.title == "t"
    client.events.destroy(ANNA, encoded, query_params=query)
    assert client.events.list(ANNA, query_params=query).data == []


@pytest.mark.parametrize("odd", ODD)
def test_odd_ids_of_calendars_work(api: Api, odd: str) -> None:
    api.box.add_calendar(ANNA, "Odd", calendar_id=odd)
    made = api.create(calendar=odd, when=span(0))
    assert made["calendar_id"] == odd
    assert api.get(f"/v3/grants/{ANNA}/calendars/{quote(odd, safe='')}")["data"]["id"] == odd
    assert [event["id"] for event in api.events(calendar=odd)] == [made["id"]]


def test_an_id_sent_unencoded_breaks_as_at_the_service(api: Api) -> None:
    api.box.add_event(api.box.calendar(ANNA), {"id": "a/b", "when": {**span(0), "object": "timespan"}})
    client = nylas.Client(api_key=api.box.api_key, api_uri=api.box.url)
    with pytest.raises(nylas.models.errors.NylasApiError) as refused:
        client.events.find(ANNA, "a/b", query_params={"calendar_id": "primary"})
    assert refused.value.status_code == 404


def test_a_plus_in_a_path_is_a_plus(api: Api) -> None:
    api.box.sandbox.add_grant("user+x@ex.example", "User")
    for written in ("user+x@ex.example", "user%2Bx%40ex.example", "email:user+x@ex.example", "USER%2bX@ex.example"):
        assert api.call("GET", f"/v3/grants/{written}/calendars")[0] == 200, written


def test_a_grant_has_four_names(api: Api) -> None:
    grant = api.box.grants[0]
    for name in (grant.id, f"grant:{grant.id}", ANNA, f"email:{ANNA}", quote(f"email:{ANNA}", safe="")):
        assert api.get(f"/v3/grants/{name}/calendars")["data"][0]["grant_id"] == grant.id


@pytest.mark.parametrize("path", ["/v3/applications/", "/v3/grants/", f"/v3/grants/{ANNA}/calendars/"])
def test_a_trailing_slash_is_accepted(api: Api, path: str) -> None:
    assert api.call("GET", path)[0] == 200


def test_double_encoding_is_decoded_once(api: Api) -> None:
    api.box.add_event(api.box.calendar(ANNA), {"id": "a b", "when": {**span(0), "object": "timespan"}})
    assert api.call("GET", f"/v3/grants/{ANNA}/events/a%2520b", calendar_id="primary")[0] == 404


@pytest.mark.parametrize(
    "target", ["//x/v3/applications", "/v3//applications", "/%zz", "*", "http://h/v3/applications"]
)
def test_odd_request_lines_are_answered_in_json(api: Api, target: str) -> None:
    connection = http.client.HTTPConnection(api.box.url.removeprefix("http://"), timeout=10)
    connection.putrequest("GET", target, skip_host=False)
    connection.putheader("Authorization", f"Bearer {api.box.api_key}")
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.headers["Content-Type"] == "application/json", answer.read()
    assert answer.status == (200 if target.startswith("http") else 404)
    connection.close()
