"""Hosted authentication: the address, what Nylas refuses beforehand, and the exchange, against the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import nylas as official
import pytest
import requests
import responses

from nylasadmin.adapters.nylas import NylasHttpSide
from nylasadmin.domain.directory import Grant
from nylasadmin.errors import BadAnswer, CodeRefused, NylasError, ReturnNotAllowed, ServiceFailed
from nylasadmin.sandbox.testing import RunningSandbox
from nylasadmin.services.ports import HostedAuth, SenderSettings, SignInWish
from tests.adapters.nylas.conftest import BASE, SENDER
from tests.sandbox.openapi import judged_sandbox

BACK = "https://console.example/connect/return"
WISH = SignInWish(
    redirect_uri=BACK, state="the-state", verifier="v" * 43, login_hint="dora@else.example", provider="google"
)


@pytest.fixture
def box() -> Iterator[RunningSandbox]:
    with judged_sandbox(users=1, events_per_user=0) as running:
        client = official.Client(api_key=running.api_key, api_uri=running.url)
        client.applications.redirect_uris.create({"url": BACK, "platform": "web"})
        yield running


@pytest.fixture
def pages(nylas: NylasHttpSide, box: RunningSandbox) -> HostedAuth:
    return nylas.hosted_auth(sender_of(box), box.sandbox.application_id)


def sender_of(box: RunningSandbox) -> SenderSettings:
    return SenderSettings(base_url=box.url, api_key=box.api_key, requests_per_s=0)


def code_of(address: str, who: str) -> str:
    answer = requests.get(f"{address}&sandbox_as={who}", allow_redirects=False, timeout=5)
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def test_the_address_is_the_one_that_the_official_client_would_make(nylas: NylasHttpSide) -> None:
    ours = parse_qs(urlsplit(nylas.hosted_auth(SENDER, "app").authorization_url(WISH)).query)
    client = official.Client(api_key="k", api_uri=BASE)
    theirs = client.auth.url_for_oauth2_pkce({"client_id": "app", "redirect_uri": BACK, "state": "the-state"})
    wanted = parse_qs(urlsplit(theirs.url).query)
    assert {name: ours[name] for name in ("client_id", "redirect_uri", "response_type", "state")} == {
        name: wanted[name] for name in ("client_id", "redirect_uri", "response_type", "state")
    }
    assert ours["login_hint"] == ["dora@else.example"]
    again = nylas.hosted_auth(SENDER, "app").authorization_url(
        SignInWish(redirect_uri=BACK, state="s", verifier=theirs.secret)
    )
    assert parse_qs(urlsplit(again).query)["code_challenge"] == [theirs.secret_hash]


def test_a_code_becomes_a_grant_that_the_official_client_finds(pages: HostedAuth, box: RunningSandbox) -> None:
    code = code_of(pages.authorization_url(WISH), "Dora@else.example")
    grant = pages.exchange(code, WISH.verifier, BACK)
    assert (grant.email, grant.provider) == ("dora@else.example", "google")
    client = official.Client(api_key=box.api_key, api_uri=box.url)
    assert client.grants.find(grant.id).data.provider == "google"


def test_a_code_works_once_and_only_with_its_verifier(pages: HostedAuth) -> None:
    code = code_of(pages.authorization_url(WISH), "dora@else.example")
    with pytest.raises(CodeRefused, match="verifier"):
        pages.exchange(code, "somebody else's", BACK)
    with pytest.raises(CodeRefused, match="used"):
        pages.exchange(code, WISH.verifier, BACK)


def test_nylas_is_asked_beforehand_whether_it_knows_the_address_of_return(pages: HostedAuth) -> None:
    pages.check(WISH)
    with pytest.raises(ReturnNotAllowed):
        pages.check(SignInWish(redirect_uri="https://other.example/", state="s", verifier="v"))


def test_trouble_of_the_service_is_not_taken_for_its_pages(
    nylas: NylasHttpSide, answers: responses.RequestsMock
) -> None:
    answers.get(f"{BASE}/v3/connect/auth", status=500)
    answers.post(f"{BASE}/v3/connect/token", body="<html>")
    with pytest.raises(ServiceFailed):
        nylas.hosted_auth(SENDER, "app").check(WISH)
    with pytest.raises(BadAnswer):
        nylas.hosted_auth(SENDER, "app").exchange("c", "v", BACK)


def test_a_grant_is_deleted_once_and_for_all(nylas: NylasHttpSide, box: RunningSandbox) -> None:
    directory, known = nylas.directory(sender_of(box)), box.grants[0]
    assert directory.grant(known.id).email == known.email
    directory.revoke(known.id)
    directory.revoke(known.id)
    with pytest.raises(NylasError) as refused:
        directory.grant(known.id)
    assert refused.value.status == 404


@pytest.mark.parametrize(("made", "signed_in", "is_fresh"), [(100, 100, True), (100, 101, True), (100, 900, False)])
def test_a_grant_is_fresh_until_its_owner_signs_in_again(made: int, signed_in: int, is_fresh: bool) -> None:
    assert Grant(id="g", provider="google", created_at=made, updated_at=signed_in).is_fresh is is_fresh
