"""The official Python client signs people in and manages what they sign in to."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import nylas
import pytest
import requests
from nylas.models.errors import NylasApiError, NylasOAuthError

from nylasadmin.sandbox.clocks import FrozenClock

from .conftest import ANNA, NOW, Api, span
from .signing_in import BACK, announced

NEW = "dora.new@elsewhere.example"


@pytest.fixture
def client(api: Api) -> nylas.Client:
    client = nylas.Client(api_key=api.box.api_key, api_uri=api.box.url)
    client.applications.redirect_uris.create({"url": BACK, "platform": "web"})
    return client


def config(api: Api, **more: object) -> dict[str, object]:
    return {"client_id": api.box.sandbox.application_id, "redirect_uri": BACK} | more


def signed_in(url: str, who: str) -> str:
    """Open an address of the client as somebody and return the code."""
    answer = requests.get(f"{url}&sandbox_as={who}", allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def test_it_signs_somebody_in(client: nylas.Client, api: Api) -> None:
    wish = config(api, provider="google", access_type="offline", state="s", scope=["a", "b"], login_hint=NEW)
    code = signed_in(client.auth.url_for_oauth2(wish), NEW)
    tokens = client.auth.exchange_code_for_token(config(api, code=code))
    assert (tokens.email, tokens.provider, tokens.scope, tokens.expires_in) == (NEW, "google", "a b", 3600)
    assert client.grants.find(tokens.grant_id).data.state == "s"
    again = client.auth.refresh_access_token(config(api, refresh_token=tokens.refresh_token))
    assert (again.grant_id, again.access_token == tokens.access_token) == (tokens.grant_id, False)


def test_it_signs_somebody_in_with_pkce(client: nylas.Client, api: Api) -> None:
    pkce = client.auth.url_for_oauth2_pkce(config(api, provider="google"))
    code = signed_in(pkce.url, ANNA)
    tokens = client.auth.exchange_code_for_token(config(api, code=code, code_verifier=pkce.secret, client_secret=""))
    assert tokens.grant_id == api.box.grants[0].id


def test_it_understands_refusals_of_oauth(client: nylas.Client, api: Api) -> None:
    with pytest.raises(NylasOAuthError) as refused:
        client.auth.exchange_code_for_token(config(api, code="x"))
    assert (refused.value.error, refused.value.error_code, refused.value.status_code) == ("invalid_grant", 400, 400)
    with pytest.raises(NylasOAuthError):
        client.auth.revoke("x")
    with pytest.raises(NylasOAuthError):
        client.auth.id_token_info("x")


def test_it_reads_and_revokes_tokens(client: nylas.Client, api: Api) -> None:
    tokens = client.auth.exchange_code_for_token(
        config(api, code=signed_in(client.auth.url_for_oauth2(config(api)), ANNA))
    )
    for info in (
        client.auth.id_token_info(tokens.id_token),
        client.auth.validate_access_token(tokens.access_token),
    ):
        assert (info.data.email, info.data.iat, info.data.exp) == (ANNA, NOW, NOW + 3600)
        assert info.request_id
    assert client.auth.revoke(tokens.access_token)
    with pytest.raises(NylasOAuthError):
        client.auth.validate_access_token(tokens.access_token)


def test_it_works_with_an_access_token_alone(client: nylas.Client, api: Api) -> None:
    code = signed_in(client.auth.url_for_oauth2(config(api)), ANNA)
    token = client.auth.exchange_code_for_token(config(api, code=code)).access_token
    own = nylas.Client(api_key=token, api_uri=api.box.url)
    query = {"calendar_id": "primary"}
    made = own.events.create("me", request_body={"when": span(60)}, query_params=query).data
    assert made.grant_id == api.box.grants[0].id
    assert own.events.find("me", made.id, query_params=query).data.id == made.id
    assert own.grants.find("me").data.email == ANNA
    with pytest.raises(NylasApiError) as refused:
        own.grants.list()
    assert refused.value.status_code == 401


def test_it_connects_accounts_without_a_page(client: nylas.Client) -> None:
    body = {"provider": "virtual-calendar", "settings": {"email": "Room 7"}, "state": "crm"}
    made = client.auth.custom_authentication(body)
    assert (made.data.email, made.data.state, made.data.grant_status) == ("Room 7", "crm", "valid")
    assert client.auth.custom_authentication(body).data.id == made.data.id
    assert client.calendars.list(made.data.id).data[0].is_primary


def test_it_detects_providers(client: nylas.Client) -> None:
    found = client.auth.detect_provider({"email": "a b+c@gmail.com", "all_provider_types": True}).data
    assert (found.email_address, found.detected, found.provider) == ("a b+c@gmail.com", True, "google")
    assert client.auth.detect_provider({"email": "x@nowhere.example"}).data.detected is False


def test_it_asks_for_an_administrators_consent(client: nylas.Client, api: Api) -> None:
    body = {"name": "m", "credential_type": "adminconsent", "credential_data": {"client_id": "x", "client_secret": "y"}}
    credential = client.connectors.credentials.create("microsoft", body).data.id
    url = client.auth.url_for_admin_consent(config(api, credential_id=credential))
    answer = requests.get(f"{url}&sandbox_as={NEW}", allow_redirects=False, timeout=10)
    assert answer.headers["Location"].startswith(BACK)


def test_it_manages_redirect_uris(client: nylas.Client) -> None:
    uris = client.applications.redirect_uris
    made = uris.create(
        {"url": "https://x.example/", "platform": "js", "settings": {"origin": "https://x.example"}}
    ).data
    assert uris.find(made.id).data.settings.origin == "https://x.example"
    assert uris.update(made.id, {"url": "https://y.example/"}).data.url == "https://y.example/"
    assert [one.url for one in uris.list().data] == [BACK, "https://y.example/"]
    assert uris.destroy(made.id).request_id
    with pytest.raises(NylasApiError) as gone:
        uris.find(made.id)
    assert gone.value.status_code == 404


def test_it_changes_the_application(client: nylas.Client) -> None:
    wish = {"branding": {"name": "CRM"}, "hosted_authentication": {"title": "Hello"}, "additional_settings": {}}
    changed = client.applications.update(wish)
    assert (changed.data.branding.name, changed.data.hosted_authentication.title) == ("CRM", "Hello")
    assert changed.request_id
    assert [one.url for one in client.applications.info().data.callback_uris] == [BACK]


def test_it_manages_connectors_and_credentials(client: nylas.Client) -> None:
    settings = {"client_id": "id", "client_secret": "secret"}
    made = client.connectors.create({"provider": "google", "settings": settings, "scope": ["x"]}).data
    assert (made.provider, made.scope) == ("google", ["x"])
    assert client.connectors.update("google", {"scope": ["y"]}).data.scope == ["y"]
    assert "google" in [one.provider for one in client.connectors.list().data]
    creds = client.connectors.credentials
    one = creds.create("google", {"name": "c", "credential_type": "connector", "credential_data": settings}).data
    assert creds.find("google", one.id).data.name == "c"
    assert creds.update("google", one.id, {"name": "d"}).data.name == "d"
    assert [found.id for found in creds.list("google", {"limit": 5, "offset": 0}).data] == [one.id]
    assert creds.destroy("google", one.id).request_id
    assert client.connectors.destroy("google").request_id
    with pytest.raises(NylasApiError):
        client.connectors.find("google")


def test_it_follows_the_life_of_a_grant(client: nylas.Client, api: Api, clock: FrozenClock) -> None:
    heard = announced(api)
    grant = client.auth.custom_authentication({"provider": "google", "settings": {"refresh_token": NEW}}).data
    clock.advance(5)
    api.call("POST", f"/sandbox/grants/{grant.id}/expire")
    assert client.grants.list({"grant_status": "invalid"}).data[0].id == grant.id
    code = signed_in(client.auth.url_for_oauth2(config(api, login_hint=NEW, provider="google")), NEW)
    assert client.auth.exchange_code_for_token(config(api, code=code)).grant_id == grant.id
    assert client.grants.find(grant.id).data.updated_at == NOW + 5
    client.grants.update(grant.id, {"settings": {"refresh_token": "new"}})
    client.grants.destroy(grant.id)
    codes = [about["code"] for _, about in heard]
    assert codes == [25012, 25009, 25027, 25014, 25013]


def test_it_answers_invitations_and_asks_when_people_are_busy(client: nylas.Client, api: Api) -> None:
    event = {"when": {"object": "timespan", **span(60)}, "participants": [{"email": ANNA, "status": "noreply"}]}
    made = api.box.add_event(api.box.calendar(ANNA), event)
    answer = client.events.send_rsvp(ANNA, made["id"], {"status": "yes"}, {"calendar_id": "primary"})
    assert answer.request_id
    wish = {"emails": [ANNA, "x@y.example"], "start_time": NOW, "end_time": NOW + 86_400}
    found = client.calendars.get_free_busy(ANNA, wish).data
    assert [type(one).__name__ for one in found] == ["FreeBusy", "FreeBusyError"]
    assert found[0].time_slots[0].start_time == NOW + 60


def test_it_decodes_a_grant_of_every_provider(start: Callable[..., Api]) -> None:
    api = start(users=0)
    client = nylas.Client(api_key=api.box.api_key, api_uri=api.box.url)
    for provider, settings in (
        ("google", {"refresh_token": "a@b.example"}),
        ("imap", {"imap_username": "c@d.example", "imap_password": "p"}),
        ("zoom", {"refresh_token": "e@f.example"}),
    ):
        assert client.auth.custom_authentication({"provider": provider, "settings": settings}).data.provider == provider
    assert len(client.grants.list().data) == 3
