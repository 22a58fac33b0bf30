"""Requests: what is sent, which error follows from which trouble, and what is repeated."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import requests
import responses
from responses import matchers

from nylasadmin.adapters.nylas.http import NylasHttp, Sessions, url_of
from nylasadmin.errors import (
    AccessDenied,
    BadAnswer,
    BadRequest,
    ConnectionRefused,
    CursorExpired,
    HostUnknown,
    NotThere,
    NylasError,
    RateLimited,
    ServiceFailed,
    TimedOut,
    TlsFailed,
    Unauthorized,
)
from nylasadmin.sandbox.testing import RunningSandbox
from tests.adapters.nylas.conftest import BASE
from tests.sandbox.openapi import judged_sandbox

Make = Callable[..., NylasHttp]
THERE = ("v3", "things", "one")
URL = f"{BASE}/v3/things/one"


def test_each_path_segment_is_encoded_whole() -> None:
    assert url_of(BASE, ("v3", "a/b c?d@e#+="), {}) == f"{BASE}/v3/a%2Fb%20c%3Fd%40e%23%2B%3D"


def test_a_percent_sign_in_an_id_survives() -> None:
    assert url_of(BASE, ("v3", "100%20sure"), {}).endswith("/100%2520sure")


@pytest.mark.parametrize("segment", ["", ".", ".."])
def test_a_segment_that_would_name_another_resource_is_refused(segment: str) -> None:
    with pytest.raises(ValueError, match="segment"):
        url_of(BASE, ("v3", segment), {})


def test_lists_are_sent_as_repeated_keys_and_values_are_encoded() -> None:
    url = url_of(BASE, ("v3",), {"event_type": ("a", "b"), "metadata_pair": "key1:x/y &z", "limit": 200})

    assert url.endswith("?event_type=a&event_type=b&metadata_pair=key1%3Ax%2Fy%20%26z&limit=200")


def test_encoded_segments_reach_the_server_as_they_are(http_to: Make) -> None:
    with judged_sandbox(users=1, api_key="secret-key") as box:
        calendar = box.add_calendar(box.grants[0].id, "Odd", calendar_id="a/b c?d@e#+=%")

        http_to(box.url).get(("v3", "grants", box.grants[0].id, "calendars", calendar.id), {})

        assert box.sandbox.requests.entries()[-1]["status"] == 200


def test_the_key_is_sent_as_bearer_and_no_cookie_is_kept(http_to: Make, answers: responses.RequestsMock) -> None:
    bearer = matchers.header_matcher({"Authorization": "Bearer secret-key"})
    answers.get(URL, json={}, headers={"Set-Cookie": "session=1"}, match=[bearer])
    http = http_to()

    http.get(THERE, {})
    http.get(THERE, {})

    assert "Cookie" not in answers.calls[1].request.headers


def test_the_environment_cannot_redirect_or_reauthorize_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://elsewhere.invalid:1")

    with Sessions().borrowed() as session:
        settings = session.merge_environment_settings(BASE, {}, None, None, None)

    assert (session.trust_env, dict(settings["proxies"])) == (False, {})


def test_a_proxy_and_an_authority_of_the_settings_are_used() -> None:
    with Sessions(proxy="http://proxy.firm.example:3128", ca_bundle="firm.pem").borrowed() as session:
        assert session.proxies["https"] == "http://proxy.firm.example:3128"
        assert session.verify == "firm.pem"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, BadRequest),
        (401, Unauthorized),
        (402, AccessDenied),
        (403, AccessDenied),
        (404, NotThere),
        (409, BadRequest),
        (410, CursorExpired),
        (422, BadRequest),
        (423, AccessDenied),
        (429, RateLimited),
        (500, ServiceFailed),
        (502, ServiceFailed),
        (503, ServiceFailed),
        (504, ServiceFailed),
        (301, BadAnswer),
    ],
)
def test_an_error_follows_from_the_status_alone(
    http_to: Make, answers: responses.RequestsMock, status: int, expected: type[NylasError]
) -> None:
    answers.get(URL, status=status, body="<html><body><h1>Bad  gateway</h1></body></html>")

    with pytest.raises(expected) as caught:
        http_to(tries=1).get(THERE, {})

    assert type(caught.value) is expected
    assert caught.value.status == status
    assert status == 301 or caught.value.detail == "Bad gateway"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('{"request_id":"r1","error":{"type":"x","message":"No such thing"}}', "No such thing"),
        ('{"request_id":"r1","error":{"type":"x"}}', '{"request_id":"r1","error":{"type":"x"}}'),
        ('{"request_id":"r1","error":"invalid_grant","error_description":"Expired"}', "Expired"),
        ('{"request_id":"r1","error":"invalid_grant"}', "invalid_grant"),
        ('{"request_id":"r1","error":{"message":"No","validation_errors":{"when":"late"}}}', "No; when: late"),
        ('{"request_id":"r1","message":"Plain"}', "Plain"),
    ],
)
def test_the_words_of_an_error_are_found_in_every_shape(
    http_to: Make, answers: responses.RequestsMock, body: str, detail: str
) -> None:
    answers.get(URL, status=400, body=body)

    with pytest.raises(BadRequest) as caught:
        http_to().get(THERE, {})

    assert (caught.value.detail, caught.value.request_id) == (detail, "r1")


@pytest.mark.parametrize("body", ["", "[]", "null", '{"error":', "\xff"])
def test_an_error_without_a_usable_body_still_has_its_status(
    http_to: Make, answers: responses.RequestsMock, body: str
) -> None:
    answers.get(URL, status=404, body=body)

    with pytest.raises(NotThere):
        http_to().get(THERE, {})


# what cannot be reached


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_an_unknown_host_is_told_as_such(http_to: Make) -> None:
    with pytest.raises(HostUnknown) as caught:
        http_to("https://nobody.invalid").get(THERE, {})

    assert not caught.value.may_have_happened


@pytest.mark.parametrize("address", ["nonsense", "https://", "ftp://nylas.example"])
def test_an_address_that_is_none_is_an_unknown_host(http_to: Make, address: str) -> None:
    with pytest.raises(HostUnknown):
        http_to(address).get(THERE, {})


def test_a_refused_connection_is_told_and_surely_had_no_effect(http_to: Make, slept: list[float]) -> None:
    with pytest.raises(ConnectionRefused) as caught:
        http_to(f"http://127.0.0.1:{unused_port()}").post(THERE, {}, b"{}")

    assert not caught.value.may_have_happened
    assert len(slept) == 3  # so even a create was tried again


@contextmanager
def saying(answer: bytes) -> Iterator[str]:
    """A server that says the same to everybody and hangs up; gives its host and port."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):  # closed at the end
            while True:
                connection, _ = server.accept()
                with connection:
                    connection.recv(65_536)
                    connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"127.0.0.1:{server.getsockname()[1]}"
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def test_a_server_without_tls_is_told_as_such(http_to: Make) -> None:
    with saying(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") as place, pytest.raises(TlsFailed):
        http_to(f"https://{place}").get(THERE, {})


def send(http: NylasHttp, method: str, path: tuple[str, ...]) -> bytes:
    """Send a request of any method."""
    if method == "GET":
        return http.get(path, {})
    if method == "DELETE":
        return http.delete(path, {})
    return http.put(path, {}, b"{}") if method == "PUT" else http.post(path, {}, b"{}")


def trouble(http: NylasHttp, box: RunningSandbox, method: str, **fault: object) -> tuple[NylasError, int]:
    """Meet a fault of the sandbox; give the error and how many requests came."""
    box.sandbox.faults.add(fault)
    box.sandbox.requests.clear()
    with pytest.raises(NylasError) as caught:
        send(http, method, ("v3", "grants", "g"))
    return caught.value, len(box.sandbox.requests.entries())


@pytest.mark.parametrize(
    ("method", "requests_sent", "may_have_happened"),
    [("GET", 4, True), ("PUT", 4, True), ("DELETE", 4, True), ("POST", 1, True)],
)
def test_a_broken_connection_is_repeated_except_for_a_create(
    http_to: Make, method: str, requests_sent: int, may_have_happened: bool
) -> None:
    with judged_sandbox(users=1, api_key="secret-key") as box:
        error, sent = trouble(http_to(box.url), box, method, kind="reset", count=None)

    assert (type(error), sent, error.may_have_happened) == (ConnectionRefused, requests_sent, may_have_happened)


@pytest.mark.parametrize(("method", "requests_sent"), [("GET", 2), ("PUT", 1), ("DELETE", 1), ("POST", 1)])
def test_a_read_that_timed_out_is_repeated_once_and_a_write_never(
    http_to: Make, method: str, requests_sent: int
) -> None:
    with judged_sandbox(users=1, api_key="secret-key") as box:
        http = http_to(box.url, read_timeout_s=0.15)
        error, sent = trouble(http, box, method, kind="hang", seconds=0.6, count=None)

    assert (type(error), sent, error.may_have_happened) == (TimedOut, requests_sent, True)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_be_repeated_is_repeated_until_it_succeeds(
    http_to: Make, answers: responses.RequestsMock, slept: list[float], method: str, status: int
) -> None:
    answers.add(method, URL, status=status)
    answers.add(method, URL, status=status)
    answers.add(method, URL, json={"data": {}})

    send(http_to(), method, THERE)

    assert len(answers.calls) == 3
    assert 0.25 <= slept[0] <= 0.5


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 500, 501])
def test_what_will_not_become_better_is_not_repeated(
    http_to: Make, answers: responses.RequestsMock, status: int
) -> None:
    answers.get(URL, status=status)

    with pytest.raises(NylasError):
        http_to().get(THERE, {})

    assert len(answers.calls) == 1


@pytest.mark.parametrize(("status", "is_uncertain"), [(500, True), (502, True), (504, True), (400, False)])
def test_a_create_is_never_repeated_after_an_answer_that_leaves_doubt(
    http_to: Make, answers: responses.RequestsMock, status: int, is_uncertain: bool
) -> None:
    answers.post(URL, status=status)

    with pytest.raises(NylasError) as caught:
        http_to().post(THERE, {}, b"{}")

    assert len(answers.calls) == 1
    assert caught.value.may_have_happened is is_uncertain


def test_a_create_that_came_too_fast_is_repeated(http_to: Make, answers: responses.RequestsMock) -> None:
    answers.post(URL, status=429)
    answers.post(URL, json={"data": {}})

    assert http_to().post(THERE, {}, b"{}") == b'{"data": {}}'


def test_retry_after_is_obeyed_to_the_second(
    http_to: Make, answers: responses.RequestsMock, slept: list[float]
) -> None:
    answers.get(URL, status=429, headers={"Retry-After": "7"})
    answers.get(URL, json={})

    http_to().get(THERE, {})

    assert sum(slept) == pytest.approx(7)


def test_a_longer_wait_than_we_have_patience_for_is_left_to_the_caller(
    http_to: Make, answers: responses.RequestsMock, slept: list[float]
) -> None:
    answers.get(URL, status=429, headers={"Retry-After": "600"})

    with pytest.raises(RateLimited) as caught:
        http_to(longest_wait_s=60).get(THERE, {})

    assert (caught.value.retry_after_s, slept) == (600, [])


@pytest.mark.parametrize("value", ["soon", "-1", "", "nan", "inf"])
def test_an_unreadable_retry_after_does_no_harm(
    http_to: Make, answers: responses.RequestsMock, slept: list[float], value: str
) -> None:
    answers.get(URL, status=429, headers={"Retry-After": value})
    answers.get(URL, json={})

    http_to().get(THERE, {})

    assert sum(slept) <= 1


def test_a_date_in_retry_after_is_understood(http_to: Make, answers: responses.RequestsMock) -> None:
    answers.get(URL, status=503, headers={"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"})

    with pytest.raises(ServiceFailed) as caught:
        http_to().get(THERE, {})

    assert (caught.value.retry_after_s or 0) > 1e6


def test_waits_double_and_stay_below_the_cap(
    http_to: Make, answers: responses.RequestsMock, slept: list[float]
) -> None:
    answers.get(URL, status=503)

    with pytest.raises(ServiceFailed):
        http_to(tries=5, first_wait_s=1.0, longest_wait_s=3.0).get(THERE, {})

    assert [round(s * 2) / 2 >= low for s, low in zip(slept, [0.5, 1, 1.5, 1.5], strict=True)] == [True] * 4
    assert max(slept) <= 3.0


def test_a_body_that_breaks_off_is_no_answer(http_to: Make) -> None:
    cut = b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"data":'
    with saying(cut) as place, pytest.raises(BadAnswer, match="broke off") as caught:
        http_to(f"http://{place}").post(THERE, {}, b"{}")

    assert caught.value.may_have_happened


def test_an_unforeseen_trouble_of_requests_is_still_ours(http_to: Make, answers: responses.RequestsMock) -> None:
    answers.get(URL, body=requests.TooManyRedirects("round and round"))

    with pytest.raises(ConnectionRefused, match="round"):
        http_to(tries=1).get(THERE, {})
