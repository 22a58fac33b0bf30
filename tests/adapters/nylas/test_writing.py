"""Writing: what is sent, what is left alone, and what an unanswered write is told as."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import responses
from msgspec.structs import replace

from nylasadmin.adapters.nylas import NylasHttpSide
from nylasadmin.adapters.nylas.http import Patience
from nylasadmin.adapters.nylas.store import NylasFolder
from nylasadmin.domain.fidelity import FULL, Fidelity, fingerprint, meet, occurrence
from nylasadmin.domain.items import Attendee, ChangedOccurrence, ItemId, ScheduleItem, Timed
from nylasadmin.domain.plan import ALWAYS, ActionKind
from nylasadmin.domain.providers import rules_for
from nylasadmin.errors import BadRequest, NotThere, RateLimited, ServiceFailed, Unauthorized
from nylasadmin.sandbox.clocks import FrozenClock
from nylasadmin.sandbox.testing import RunningSandbox
from nylasadmin.services.ports import FolderRef, Outcome, SenderSettings, WriteOrder
from tests.adapters.nylas.conftest import BASE, FOLDER, SENDER
from tests.sandbox.openapi import judged_sandbox

NOW = 1_772_445_600
HOUR, WEEK = 3600, 604_800
EVENTS = f"{BASE}/v3/grants/g1/events"
MEETING = ScheduleItem(when=Timed(NOW, NOW + HOUR, "Europe/Berlin"), title="Planning")
WEEKLY = replace(MEETING, rules=("RRULE:FREQ=WEEKLY;COUNT=8",))
MOVED = ChangedOccurrence(NOW + WEEK, replace(occurrence(WEEKLY, NOW + WEEK), title="Moved"))
WIRE = {
    "id": "e1",
    "calendar_id": "cal",
    "title": "Planning",
    "when": {
        "start_time": NOW,
        "end_time": NOW + HOUR,
        "start_timezone": "Europe/Berlin",
        "end_timezone": "Europe/Berlin",
    },
}


@pytest.fixture
def folder(nylas: NylasHttpSide) -> NylasFolder:
    """A Google calendar whose answers a test gives."""
    return nylas.store(SENDER, FOLDER)


def write(folder: NylasFolder, kind: ActionKind, **order: object) -> Outcome:
    fidelity = meet(FULL, rules_for("google").accepts)
    (outcome,) = folder.write([WriteOrder(kind=kind, **{"fidelity": fidelity} | order)])  # type: ignore[arg-type]
    return outcome


def sent(answers: responses.RequestsMock, method: str) -> list[dict[str, object]]:
    return [json.loads(c.request.body or b"{}") for c in answers.calls if c.request.method == method]


def test_a_create_carries_our_marker_and_asks_not_to_mail(folder: NylasFolder, answers: responses.RequestsMock) -> None:
    answers.post(EVENTS, json={"data": WIRE})

    outcome = write(folder, ActionKind.CREATE, item=MEETING, claims=ItemId("crm-1"))

    assert outcome == Outcome(key=0, id=ItemId("e1"))
    assert sent(answers, "POST")[0]["metadata"] == {"key1": "here/crm-1"}
    assert "notify_participants=false" in (answers.calls[0].request.url or "")


def test_an_update_reads_again_and_sends_only_what_differs(
    folder: NylasFolder, answers: responses.RequestsMock
) -> None:
    answers.get(f"{EVENTS}/e1", json={"data": WIRE})
    answers.put(f"{EVENTS}/e1", json={"data": WIRE})

    write(folder, ActionKind.UPDATE, id=ItemId("e1"), item=replace(MEETING, title="New"))

    assert sent(answers, "PUT") == [{"title": "New"}]


def test_our_marker_is_added_beside_foreign_metadata(folder: NylasFolder, answers: responses.RequestsMock) -> None:
    answers.get(f"{EVENTS}/e1", json={"data": WIRE | {"metadata": {"key2": "theirs", "key1": "old"}}})
    answers.put(f"{EVENTS}/e1", json={"data": WIRE})

    write(folder, ActionKind.UPDATE, id=ItemId("e1"), item=MEETING, claims=ItemId("crm-1"))

    assert sent(answers, "PUT") == [{"metadata": {"key2": "theirs", "key1": "here/crm-1"}}]


def test_a_marker_that_is_there_is_not_sent_again(folder: NylasFolder, answers: responses.RequestsMock) -> None:
    answers.get(f"{EVENTS}/e1", json={"data": WIRE | {"metadata": {"key1": "here/crm-1"}}})

    assert write(folder, ActionKind.UPDATE, id=ItemId("e1"), item=MEETING, claims=ItemId("crm-1")).id == "e1"


@pytest.mark.parametrize("answer", [{"status": 504}, {"status": 500}, {"body": "<html></html>"}, {"body": '{"da'}])
def test_an_unanswered_create_is_uncertain(
    folder: NylasFolder, answers: responses.RequestsMock, answer: dict[str, object]
) -> None:
    answers.post(EVENTS, **answer)  # type: ignore[arg-type]

    outcome = write(folder, ActionKind.CREATE, item=MEETING)

    assert (outcome.id, outcome.is_uncertain) == (None, True)
    assert len(answers.calls) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 429])
def test_a_refused_create_is_certain(folder: NylasFolder, answers: responses.RequestsMock, status: int) -> None:
    answers.post(EVENTS, status=status)

    outcome = write(folder, ActionKind.CREATE, item=MEETING)

    assert outcome.error is not None
    assert not outcome.is_uncertain


def test_a_write_whose_reading_failed_did_not_happen(folder: NylasFolder, answers: responses.RequestsMock) -> None:
    answers.get(f"{EVENTS}/e1", status=503)

    outcome = write(folder, ActionKind.DELETE, id=ItemId("e1"))

    assert isinstance(outcome.error, ServiceFailed)
    assert not outcome.is_uncertain


def test_a_delete_repeated_after_a_lost_answer_succeeds(folder: NylasFolder, answers: responses.RequestsMock) -> None:
    answers.get(f"{EVENTS}/e1", json={"data": WIRE})
    answers.delete(f"{EVENTS}/e1", status=504)
    answers.delete(f"{EVENTS}/e1", status=404)

    assert write(folder, ActionKind.DELETE, id=ItemId("e1")).id == "e1"


def test_a_marker_is_searched_with_no_other_filter_than_the_calendar(
    folder: NylasFolder, answers: responses.RequestsMock
) -> None:
    url = f"{EVENTS}?calendar_id=cal&metadata_pair=key1%3Ahere%2Fcrm-1"
    answers.get(
        url,
        match_querystring=None,
        json={
            "data": [
                WIRE | {"id": "other", "metadata": {"key1": "here/crm-2"}},
                WIRE | {"id": "gone", "metadata": {"key1": "here/crm-1"}, "status": "cancelled"},
                WIRE | {"id": "found", "metadata": {"key1": "here/crm-1"}},
            ]
        },
    )

    assert folder.find_claiming(ItemId("crm-1")) == "found"
    assert answers.calls[0].request.url == url


@pytest.mark.parametrize("kind", [ActionKind.UPDATE, ActionKind.DELETE])
def test_an_order_without_an_id_fails_alone(folder: NylasFolder, kind: ActionKind) -> None:
    assert isinstance(write(folder, kind, item=MEETING).error, BadRequest)


# against the sandbox


class Opened:
    """A folder of a sandbox and what is compared in it."""

    def __init__(self, box: RunningSandbox, provider: str) -> None:
        grant = box.grants[0]
        self.box = box
        self.calendar = box.calendar(grant.id)
        self.side = NylasHttpSide(patience=Patience(first_wait_s=0.01), now=lambda: NOW)
        self.fidelity: Fidelity = meet(FULL, rules_for(provider).accepts)
        self.folder = self.side.store(
            SenderSettings(base_url=box.url, api_key=box.api_key, requests_per_s=0),
            FolderRef(
                grant_id=grant.id,
                provider=provider,
                folder_id=self.calendar.id,
                account_email=grant.email,
                installation="here",
            ),
        )

    def write(self, kind: ActionKind, **order: object) -> Outcome:
        fields = {"kind": kind, "fidelity": self.fidelity} | order
        (outcome,) = self.folder.write([WriteOrder(**fields)])  # type: ignore[arg-type]
        return outcome

    def create(self, item: ScheduleItem, claims: str | None = None) -> ItemId:
        outcome = self.write(ActionKind.CREATE, item=item, claims=ItemId(claims) if claims else None)
        assert outcome.error is None
        assert outcome.id is not None
        return outcome.id

    def fault(self, **fault: object) -> None:
        self.box.sandbox.faults.add(fault)

    def observed(self) -> dict[ItemId, bytes]:
        return {o.id: o.fingerprint for b in self.folder.observe(self.fidelity, ALWAYS) for o in b}


def opened(provider: str) -> Iterator[Opened]:
    with judged_sandbox(users=1, provider=provider, clock=FrozenClock(NOW)) as box:
        found = Opened(box, provider)
        yield found
        found.side.close()


@pytest.fixture(params=["google", "microsoft", "icloud"])
def at(request: pytest.FixtureRequest) -> Iterator[Opened]:
    """An empty folder of each provider."""
    yield from opened(request.param)


@pytest.fixture
def at_google() -> Iterator[Opened]:
    """An empty folder of Google's kind."""
    yield from opened("google")


def test_a_create_that_was_stored_without_an_answer_is_found_by_its_marker(at: Opened) -> None:
    at.fault(kind="store_then_504", method="POST")

    outcome = at.write(ActionKind.CREATE, item=MEETING, claims=ItemId("crm-1"))

    assert outcome.is_uncertain
    found = at.folder.find_claiming(ItemId("crm-1"))
    assert list(at.observed()) == [found]


def test_an_update_that_was_stored_without_an_answer_is_repeated_and_succeeds(at: Opened) -> None:
    item_id = at.create(MEETING)
    at.fault(kind="store_then_504", method="PUT")

    assert at.write(ActionKind.UPDATE, id=item_id, item=replace(MEETING, title="New")).error is None


def test_a_delete_that_was_stored_without_an_answer_is_repeated_and_succeeds(at: Opened) -> None:
    item_id = at.create(MEETING)
    at.fault(kind="store_then_504", method="DELETE")

    assert at.write(ActionKind.DELETE, id=item_id).id == item_id
    assert at.observed() == {}


def test_a_series_whose_occurrence_is_refused_is_told_with_its_id_and_mended_later(at: Opened) -> None:
    at.fault(kind="status", status=403, method="PUT")
    wanted = replace(WEEKLY, exceptions=(MOVED,))

    outcome = at.write(ActionKind.CREATE, item=wanted)
    assert outcome.error is not None
    assert list(at.observed()) == [outcome.id]
    mended = at.write(ActionKind.UPDATE, id=outcome.id, item=wanted)

    assert mended.error is None
    assert at.observed() == {outcome.id: fingerprint(wanted, at.fidelity)}


def test_a_changed_occurrence_that_the_series_does_not_have_is_an_error_with_the_id(at: Opened) -> None:
    stray = ChangedOccurrence(NOW + HOUR, replace(occurrence(WEEKLY, NOW + HOUR), title="Stray"))

    outcome = at.write(ActionKind.CREATE, item=replace(WEEKLY, exceptions=(stray, MOVED)))

    assert isinstance(outcome.error, NotThere)
    assert outcome.id is not None
    assert at.observed() == {outcome.id: fingerprint(replace(WEEKLY, exceptions=(MOVED,)), at.fidelity)}


def test_a_series_whose_owner_deleted_an_occurrence_at_google_is_made_anew(at_google: Opened) -> None:
    item_id = at_google.create(WEEKLY)
    at_google.box.delete_event(at_google.calendar, f"{item_id}_20260309T100000Z")

    outcome = at_google.write(ActionKind.UPDATE, id=item_id, item=WEEKLY, claims=ItemId("crm-1"))

    assert (outcome.error, outcome.id is not None, outcome.id != item_id) == (None, True, True)
    assert at_google.observed() == {outcome.id: fingerprint(WEEKLY, at_google.fidelity)}
    assert at_google.folder.find_claiming(ItemId("crm-1")) == outcome.id


def test_with_guests_it_stays_as_it_is_and_that_is_told(at_google: Opened) -> None:
    meeting = replace(WEEKLY, attendees=(Attendee("anna@x.example"),))
    item_id = at_google.create(meeting)
    at_google.box.delete_event(at_google.calendar, f"{item_id}_20260309T100000Z")

    outcome = at_google.write(ActionKind.UPDATE, id=item_id, item=meeting)

    assert outcome.id == item_id
    assert "guests' answers" in str(getattr(outcome.error, "detail", ""))


def test_a_series_that_is_made_anew_without_an_answer_is_found_by_its_marker(at_google: Opened) -> None:
    item_id = at_google.create(WEEKLY)
    at_google.box.delete_event(at_google.calendar, f"{item_id}_20260309T100000Z")
    at_google.fault(kind="store_then_504", method="POST")

    outcome = at_google.write(ActionKind.UPDATE, id=item_id, item=WEEKLY, claims=ItemId("crm-1"))

    assert outcome.error is None
    assert list(at_google.observed()) == [outcome.id]


def test_changed_occurrences_survive_a_new_rule_everywhere(at: Opened) -> None:
    item_id = at.create(replace(WEEKLY, exceptions=(MOVED,)))
    longer = replace(WEEKLY, rules=("RRULE:FREQ=WEEKLY;COUNT=20",), exceptions=(MOVED,), cancelled=(NOW + 2 * WEEK,))

    assert at.write(ActionKind.UPDATE, id=item_id, item=longer).error is None

    assert at.observed() == {item_id: fingerprint(longer, at.fidelity)}


def test_answers_of_attendees_survive_an_update_of_the_others(at: Opened) -> None:
    anna, bruno = Attendee("anna@x.example"), Attendee("bruno@x.example")
    item_id = at.create(replace(MEETING, attendees=(anna,)))
    at.box.change_event(at.calendar, item_id, {"participants": [{"email": "anna@x.example", "status": "yes"}]})
    stored = at.box.read_event(at.calendar, item_id)["participants"][0]["status"]

    at.write(ActionKind.UPDATE, id=item_id, item=replace(MEETING, attendees=(anna, bruno)))

    found = at.box.read_event(at.calendar, item_id)["participants"]
    assert {p["email"]: p["status"] for p in found} == {"anna@x.example": stored, "bruno@x.example": "noreply"}


def test_at_google_nobody_is_mailed(at_google: Opened) -> None:
    attendees = (Attendee("anna@x.example"),)
    item_id = at_google.create(replace(WEEKLY, attendees=attendees, exceptions=(MOVED,)))
    at_google.write(ActionKind.UPDATE, id=item_id, item=replace(WEEKLY, attendees=attendees, title="New"))
    at_google.write(ActionKind.DELETE, id=item_id)

    assert at_google.box.sandbox.mailed.entries == []


def test_an_expired_grant_is_told_for_every_order(at_google: Opened) -> None:
    at_google.box.grants[0].is_valid = False
    orders = [WriteOrder(kind=ActionKind.CREATE, fidelity=at_google.fidelity, key=n, item=MEETING) for n in range(3)]

    outcomes = list(at_google.folder.write(orders))

    assert {type(o.error) for o in outcomes} == {Unauthorized}


def test_never_more_than_four_requests_of_one_account_are_in_flight(at_google: Opened) -> None:
    orders = [WriteOrder(kind=ActionKind.CREATE, fidelity=at_google.fidelity, key=n, item=WEEKLY) for n in range(40)]

    list(at_google.folder.write(orders))

    assert set(at_google.box.sandbox.requests.highest_in_flight().values()) <= {1, 2, 3, 4}


def test_too_fast_is_waited_out(at_google: Opened) -> None:
    at_google.fault(kind="status", status=429, retry_after=0, count=2)

    assert at_google.create(MEETING)


def test_too_fast_for_too_long_is_told_with_the_wait(at_google: Opened) -> None:
    at_google.fault(kind="status", status=429, retry_after=3600, count=None)

    outcome = at_google.write(ActionKind.CREATE, item=MEETING)

    assert isinstance(outcome.error, RateLimited)
    assert outcome.error.retry_after_s == 3600
