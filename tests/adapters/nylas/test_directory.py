"""What an application says about itself, its grants and their calendars."""

from __future__ import annotations

import pytest
import responses

from nylasadmin.adapters.nylas import NylasHttpSide
from nylasadmin.domain.directory import Application, Calendar, Grant
from nylasadmin.errors import BadAnswer, GrantGone, ServiceFailed, Unauthorized
from nylasadmin.services.ports import SenderSettings
from tests.adapters.nylas.conftest import BASE, SENDER
from tests.sandbox.openapi import judged_sandbox

GRANTS = f"{BASE}/v3/grants"
CALENDARS = f"{BASE}/v3/grants/g1/calendars"


def test_an_application_is_read_with_everything_optional_missing(
    nylas: NylasHttpSide, answers: responses.RequestsMock
) -> None:
    answers.get(f"{BASE}/v3/applications", json={"data": {"application_id": "app"}})

    assert nylas.directory(SENDER).application() == Application(id="app")


def test_a_connection_test_does_not_try_again(nylas: NylasHttpSide, answers: responses.RequestsMock) -> None:
    answers.get(f"{BASE}/v3/applications", status=503)

    with pytest.raises(ServiceFailed):
        nylas.directory(SENDER).application()

    assert len(answers.calls) == 1


def test_something_that_is_not_nylas_is_a_bad_answer(nylas: NylasHttpSide, answers: responses.RequestsMock) -> None:
    answers.get(f"{BASE}/v3/applications", body="<html>Welcome</html>")

    with pytest.raises(BadAnswer):
        nylas.directory(SENDER).application()


def test_grants_are_read_page_by_page_until_a_short_one(nylas: NylasHttpSide, answers: responses.RequestsMock) -> None:
    answers.get(GRANTS, json={"data": [{"id": f"g{n}", "provider": "google"} for n in range(200)]})
    answers.get(GRANTS, json={"data": [{"id": "last", "provider": "icloud", "email": " Anna@Firm.Example"}]})

    grants = nylas.directory(SENDER).grants()

    assert len(grants) == 201
    assert grants[-1] == Grant(id="last", provider="icloud", email="anna@firm.example")
    assert "offset=200" in (answers.calls[1].request.url or "")


def test_a_service_that_ignores_the_offset_is_not_asked_for_ever(
    nylas: NylasHttpSide, answers: responses.RequestsMock
) -> None:
    answers.get(GRANTS, json={"data": [{"id": f"g{n}", "provider": "google"} for n in range(200)]})

    assert len(nylas.directory(SENDER).grants()) == 200
    assert len(answers.calls) == 2


@pytest.mark.parametrize(
    ("status", "is_valid"), [("valid", True), ("invalid", False), (None, True), ("something new", True)]
)
def test_a_grant_is_valid_unless_it_says_otherwise(
    nylas: NylasHttpSide, answers: responses.RequestsMock, status: str | None, is_valid: bool
) -> None:
    answers.get(GRANTS, json={"data": [{"id": "g", "provider": "google", "grant_status": status}]})

    assert nylas.directory(SENDER).grants()[0].is_valid is is_valid


def test_calendars_are_read_to_the_last_page_with_everything_optional_missing(
    nylas: NylasHttpSide, answers: responses.RequestsMock
) -> None:
    answers.get(CALENDARS, json={"data": [{"id": "c1", "name": None}], "next_cursor": "2"})
    answers.get(
        CALENDARS,
        json={
            "data": [
                {
                    "id": "c2",
                    "name": "Team",
                    "is_primary": True,
                    "read_only": True,
                    "is_owned_by_user": False,
                    "owner_email": "Boss@Firm.example",
                    "timezone": "Europe/Berlin",
                }
            ]
        },
    )

    assert nylas.directory(SENDER).calendars("g1") == [
        Calendar(id="c1", name="c1"),
        Calendar(
            id="c2",
            name="Team",
            is_primary=True,
            is_read_only=True,
            is_own=False,
            owner="boss@firm.example",
            zone="Europe/Berlin",
        ),
    ]


@pytest.mark.parametrize("provider", ["google", "microsoft", "icloud"])
def test_a_sandbox_is_read_whole(provider: str) -> None:
    with judged_sandbox(users=12, provider=provider) as box:
        directory = NylasHttpSide().directory(SenderSettings(base_url=box.url, api_key=box.api_key, requests_per_s=0))

        assert directory.application().id == box.sandbox.application_id
        assert {g.id: g.email for g in directory.grants()} == {g.id: g.email for g in box.grants}
        assert {c.id for c in directory.calendars(box.grants[0].id)} == set(box.grants[0].calendars)


def test_a_wrong_key_is_unauthorized() -> None:
    with judged_sandbox(users=1) as box:
        directory = NylasHttpSide().directory(SenderSettings(base_url=box.url, api_key="wrong"))

        with pytest.raises(Unauthorized):
            directory.grants()


def test_a_grant_is_revoked_and_one_that_is_gone_already_is_done() -> None:
    with judged_sandbox(users=2) as box:
        directory = NylasHttpSide().directory(SenderSettings(base_url=box.url, api_key=box.api_key))
        gone, kept = (grant.id for grant in box.grants)

        directory.revoke(gone)
        directory.revoke(gone)

        assert [grant.id for grant in box.grants] == [kept]
        with pytest.raises(GrantGone):
            directory.calendars(gone)
