"""Management of webhooks: challenge, fields, status, secrets, examples; always 400 when something is wrong."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import nylas
import pytest
from nylas.models.errors import NylasApiError
from nylas.models.webhooks import WebhookTriggers

from nylasadmin.sandbox.receiver import Receiver
from nylasadmin.sandbox.webhooks.signatures import is_genuine
from nylasadmin.sandbox.webhooks.triggers import TRIGGERS

from .conftest import NOW, Api
from .hooks import subscribe, switch

URL = "/v3/webhooks"


@pytest.fixture
def client(api: Api) -> nylas.Client:
    return nylas.Client(api_key=api.box.api_key, api_uri=api.box.url)


def problem(api: Api, method: str, path: str, body: Any = None) -> tuple[str, str]:
    """Return type and message of a refusal."""
    status, answer = api.call(method, path, body)
    assert status == 400, answer
    return answer["error"]["type"], answer["error"]["message"]


def test_the_python_client_manages_webhooks(client: nylas.Client, hook: Receiver) -> None:
    every = [str(one.value) for one in WebhookTriggers]
    made = client.webhooks.create({"trigger_types": every, "webhook_url": hook.url, "description": "d"})  # type: ignore[typeddict-item]
    assert (made.data.status, made.data.description, made.data.created_at) == ("active", "d", NOW)
    assert made.data.webhook_secret
    [listed] = client.webhooks.list().data
    assert listed.id == client.webhooks.find(made.data.id).data.id == made.data.id
    changed = client.webhooks.update(made.data.id, {"description": "e"}).data
    assert (changed.description, changed.webhook_url) == ("e", hook.url)
    assert client.webhooks.rotate_secret(made.data.id).data.webhook_secret != made.data.webhook_secret
    assert client.webhooks.ip_addresses().data.ip_addresses
    gone = client.webhooks.destroy(made.data.id)
    assert gone.data is not None
    assert gone.data.status == "success"
    with pytest.raises(NylasApiError) as missing:
        client.webhooks.find(made.data.id)
    assert (missing.value.status_code, missing.value.type) == (400, "70000")


def test_a_trigger_the_python_client_does_not_know_breaks_its_list(
    client: nylas.Client, api: Api, hook: Receiver
) -> None:
    subscribe(api, hook, "grant.imap_sync_completed")
    with pytest.raises(ValueError, match="imap_sync_completed"):
        client.webhooks.list()


def test_only_creation_and_rotation_show_the_secret(api: Api, hook: Receiver) -> None:
    made = subscribe(api, hook)
    one = f"{URL}/{made['id']}"
    shown = [api.get(URL)["data"][0], api.get(one)["data"], api.call("PUT", one, {"description": "x"})[1]["data"]]
    assert not any("webhook_secret" in destination for destination in shown)
    rotated = api.call("POST", f"{URL}/rotate-secret/{made['id']}", {})[1]["data"]
    again = api.call("PUT", f"{one}/rotate-secret", {})[1]["data"]
    assert len({made["webhook_secret"], rotated["webhook_secret"], again["webhook_secret"]}) == 3


def test_a_slash_at_the_end_is_accepted(api: Api, hook: Receiver) -> None:
    body = {"trigger_types": ["event.created"], "webhook_url": hook.url}
    status, made = api.call("POST", f"{URL}/", body)
    assert status == 200
    assert api.get(f"{URL}/")["data"][0]["id"] == made["data"]["id"]


def test_the_challenge_comes_before_the_answer_and_keeps_the_query(api: Api, hook: Receiver) -> None:
    hook.url += "?tenant=a%20b&x="
    subscribe(api, hook)
    assert len(hook.challenges) == 1
    assert hook.challenges[0]


def test_a_receiver_that_does_not_repeat_the_challenge_is_refused(api: Api, hook: Receiver) -> None:
    hook.answers_challenges = False
    body = {"trigger_types": ["event.created"], "webhook_url": hook.url}
    kind, message = problem(api, "POST", URL, body)
    assert (kind, message) == ("70005", "unable.verify.webhook_url : status is not ok, got 404")
    assert api.get(URL)["data"] == []


def raw_server(answer: bytes) -> Iterator[str]:
    """Serve one connection with fixed bytes, or never answer."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        connection, _ = listening.accept()
        with connection:
            connection.sendall(answer)


@pytest.mark.parametrize("body", [b"quite another", b""])
def test_anything_but_the_very_value_is_refused(api: Api, body: bytes) -> None:
    server = raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
    wish = {"trigger_types": ["event.created"], "webhook_url": next(server)}
    thread = threading.Thread(target=lambda: list(server))
    thread.start()
    kind, message = problem(api, "POST", URL, wish)
    thread.join()
    assert kind == "70005"
    assert "not the value" in message


def test_a_receiver_that_is_silent_or_absent_is_refused(api: Api) -> None:
    switch(api, timeout_s=0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        body = {"trigger_types": ["event.created"], "webhook_url": url}
        assert problem(api, "POST", URL, body) == ("70005", "unable.verify.webhook_url : no answer within 0.2 s")
    assert problem(api, "POST", URL, body)[0] == "70005"


def test_a_receiver_that_answers_drop_by_drop_runs_out_of_time(api: Api) -> None:
    switch(api, timeout_s=0.3)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection, contextlib.suppress(ConnectionError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
                for _number in range(20):
                    connection.sendall(b"x")
                    time.sleep(0.1)

        thread = threading.Thread(target=drip)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        wish = {"trigger_types": ["event.created"], "webhook_url": url}
        assert problem(api, "POST", URL, wish)[1].endswith("no answer within 0.3 s")
        thread.join()


def test_activation_challenges_again_and_pausing_does_not(api: Api, hook: Receiver) -> None:
    one = f"{URL}/{subscribe(api, hook)['id']}"
    assert api.call("PUT", one, {"status": "pause"})[1]["data"]["status"] == "pause"
    assert len(hook.challenges) == 1
    hook.answers_challenges = False
    assert problem(api, "PUT", one, {"status": "active"})[0] == "70005"
    assert api.get(one)["data"]["status"] == "pause"
    hook.answers_challenges = True
    assert api.call("PUT", one, {"status": "active"})[1]["data"]["status"] == "active"
    assert len(hook.challenges) == 3


def test_fields_left_out_or_empty_are_kept(api: Api, hook: Receiver) -> None:
    made = subscribe(api, hook, description="d", notification_email_addresses=["ops@example.com"])
    body = {"compressed_delivery": True, "description": "", "trigger_types": [], "notification_email_addresses": None}
    changed = api.call("PUT", f"{URL}/{made['id']}", body)[1]["data"]
    assert changed["compressed_delivery"] is True
    for name in ("description", "trigger_types", "notification_email_addresses", "webhook_url"):
        assert changed[name] == made[name]


WRONG = [
    {"trigger_types": None},
    {"webhook_url": None},
    {"trigger_types": "event.created"},
    {"trigger_types": ["event.born"]},
    {"webhook_url": "http://x.example/"},
    {"webhook_url": "ftp://localhost/"},
    {"webhook_url": "nowhere"},
    {"webhook_url": "https://[x"},
    {"webhook_url": "https://a.ngrok.io/"},
    {"webhook_url": 7},
    {"compressed_delivery": "yes"},
    {"notification_email_addresses": [1]},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_bodies_are_refused_with_a_number(api: Api, hook: Receiver, wrong: dict[str, Any]) -> None:
    complete = {"trigger_types": ["event.created"], "webhook_url": hook.url}
    kind, message = problem(api, "POST", URL, complete | wrong)
    assert kind == "70002"
    assert next(iter(wrong)) in message
    assert hook.challenges == []


def test_a_body_that_is_no_json_is_refused_with_a_number(api: Api) -> None:
    answer = api._session.post(api.box.url + URL, data=b"{", timeout=5)
    assert (answer.status_code, answer.json()["error"]["type"].isdigit()) == (400, True)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{URL}/none"),
        ("PUT", f"{URL}/none"),
        ("DELETE", f"{URL}/none"),
        ("POST", f"{URL}/rotate-secret/none"),
        ("PUT", f"{URL}/none/rotate-secret"),
    ],
)
def test_an_unknown_webhook_is_a_bad_request(api: Api, method: str, path: str) -> None:
    assert problem(api, method, path, {}) == ("70000", "destination.id.not.found : record not found")


def test_the_key_is_needed_first_of_all(api: Api) -> None:
    answer = api._session.get(api.box.url + URL, headers={"Authorization": "Bearer wrong"}, timeout=5)
    assert answer.status_code == 401


def test_every_trigger_has_an_example(api: Api) -> None:
    for trigger in itertools.chain(TRIGGERS, ["message.created.truncated"]):
        status, answer = api.call("POST", f"{URL}/mock-payload", {"trigger_type": trigger})
        assert status == 200
        told = answer["data"]
        assert (told["type"], told["webhook_delivery_attempt"]) == (trigger, 1)
        assert told["data"]["application_id"] == api.box.sandbox.application_id
        assert "grant_id" in told["data"]["object"]
    assert problem(api, "POST", f"{URL}/mock-payload", {"trigger_type": "event.born"})[0].isdigit()


def test_a_test_event_is_signed_with_the_known_secret(api: Api, hook: Receiver) -> None:
    body = {"trigger_type": "event.created", "webhook_url": hook.url}
    assert api.call("POST", f"{URL}/send-test-event", body)[1]["data"] == "success"
    [told] = hook.wait_for(1)
    assert is_genuine("mock-webhook-secret", told.raw, told.signature)
    hook.answers = lambda _told: 500
    assert problem(api, "POST", f"{URL}/send-test-event", body)[1].endswith("got 500")
    assert problem(api, "POST", f"{URL}/send-test-event", {"trigger_type": "event.created"})[0].isdigit()


def test_plain_http_beyond_this_machine_can_be_allowed(api: Api) -> None:
    switch(api, plain_http=True)
    body = {"trigger_types": ["event.created"], "webhook_url": "http://receiver.invalid/"}
    assert problem(api, "POST", URL, body)[0] == "70005"


def test_ids_and_secrets_depend_on_the_seed_only(start: Callable[..., Api], hook: Receiver) -> None:
    first, second, third = (subscribe(start(seed=seed), hook) for seed in (1, 1, 2))
    assert (first["id"], first["webhook_secret"]) == (second["id"], second["webhook_secret"])
    assert first["id"] != third["id"]
