"""The receiver that is shipped with the sandbox, as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from nylasadmin.sandbox.receiver import Receiver
from nylasadmin.sandbox.webhooks.signatures import signature_of

from .conftest import Api


def test_it_prints_what_comes_and_whether_it_is_genuine(api: Api) -> None:
    command = [sys.executable, "-m", "nylasadmin.sandbox.receiver", "--port", "0", "--secret", "mock-webhook-secret"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        body = {"trigger_type": "grant.expired", "webhook_url": url}
        assert api.call("POST", "/v3/webhooks/send-test-event", body)[0] == 200
        line = json.loads(process.stdout.readline())
        process.terminate()
    assert line["genuine"] is True
    assert line["notification"]["type"] == "grant.expired"


def test_it_answers_a_challenge_with_nothing_but_its_value(hook: Receiver) -> None:
    with urllib.request.urlopen(f"{hook.url}?a=b&challenge=x%20y%2B", timeout=5) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"x y+", "text/plain")
    with pytest.raises(urllib.error.HTTPError) as none:
        urllib.request.urlopen(hook.url, timeout=5)
    none.value.close()


def test_it_says_when_nothing_came(hook: Receiver) -> None:
    with pytest.raises(TimeoutError, match="0 of 1"):
        hook.wait_for(1, 0.05)


def test_a_signature_fits_its_secret_and_bytes_in_any_case(hook: Receiver) -> None:
    hook.secrets += ["new", "old"]
    for secret, right in (("old", True), ("other", False)):
        signature = signature_of(secret, b'{"id":"1"}').upper()
        request = urllib.request.Request(hook.url, b'{"id":"1"}', {"X-Nylas-Signature": signature})
        with urllib.request.urlopen(request, timeout=5):
            assert hook.is_genuine(hook.received[-1]) is right
    assert hook.received[0].id == "1"
