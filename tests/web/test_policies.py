"""The advanced settings of a target, what they would change, and the time line in the folder panel."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from sqlalchemy import insert, update

from nylasadmin.adapters.storage.tables import accounts, crm_items
from nylasadmin.bootstrap import Product
from nylasadmin.domain.policies import PlanLevel, Policies, freeze
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.domain.targets import Target, TargetForm
from nylasadmin.services.views import AuditRow
from tests.domain.policies import at
from tests.web.stage import Stage
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]
CONNECTED = at("2026-03-03T14:20")
FROZEN = freeze(Policies(plan=PlanLevel.CORE), CONNECTED)
TYPED = {"sync": "before", "sync_days": "60", "webhook": "before", "webhook_days": "5", "plan": "core", "zone": "UTC"}


@pytest.fixture
def target(product: Product) -> Target:
    """A target without accounts; nothing answers at its address."""
    form = TargetForm(name="US", host="127.0.0.1:9", base_url="http://127.0.0.1:9", api_key="nyk_1")
    return product.services.targets.add(COMMAND_LINE, form)


def typed(target: Target, **more: str) -> dict[str, str]:
    return TYPED | {"version": str(target.version)} | more


def trail(product: Product) -> list[AuditRow]:
    return [row for row in product.services.audit.rows() if row.action.startswith("target.") and row.actor == "olga"]


# --- the dialog --------------------------------------------------------------------------------------------------


def test_the_server_panel_leads_to_the_settings(visit: Visit, target: Target) -> None:
    page = visit("vera").get(f"/targets/{target.id}").text
    assert f'href="/targets/{target.id}/policies"' in page
    assert "Advanced settings" in page


def test_the_dialog_has_both_policies_with_both_choices_and_a_picture(visit: Visit, target: Target) -> None:
    dialog = visit("olga").ask(f"/targets/{target.id}/policies").text
    assert dialog.count("Before the account is connected") == dialog.count("The day the account is connected") == 2
    assert 'id="f-sync-before" name="sync" value="before" checked' in dialog
    assert 'id="f-webhook-day" name="webhook" value="day" checked' in dialog
    assert '<svg class="timeline"' in dialog
    assert "Every account that connects follows what is set here" in dialog


def test_vera_sees_the_settings_and_cannot_change_them(visit: Visit, target: Target) -> None:
    page = visit("vera").get(f"/targets/{target.id}/policies").text
    assert 'aria-label="Both policies" disabled' in page
    assert "Save settings" not in page
    assert visit("vera").post(f"/targets/{target.id}/policies", typed(target)).status_code == 403
    assert visit("vera").post(f"/targets/{target.id}/policies/count", typed(target)).status_code == 403


def test_settings_are_saved_and_the_panels_woken(visit: Visit, product: Product, target: Target) -> None:
    answer = visit("olga").send(f"/targets/{target.id}/policies", typed(target, zone="Europe/Berlin", is_legacy="on"))
    events = json.loads(answer.headers["HX-Trigger"])
    assert (answer.status_code, set(events)) == (200, {"targetsChanged", "toast", "dialog-done"})
    saved = product.services.targets.get(target.id).policies
    assert saved == Policies(plan=PlanLevel.CORE, sync_days=60, webhook_days=5, zone="Europe/Berlin", is_legacy=True)
    assert [(row.action, row.outcome) for row in trail(product)] == [("target.policies", "done")]
    panel = visit("olga").get(f"/panels/targets/{target.id}/server").text
    assert "60 days before connecting" in panel
    assert "Does not apply: legacy application" in panel


def test_without_scripts_saving_ends_on_the_page_of_the_target(visit: Visit, target: Target) -> None:
    answer = visit("olga").post(f"/targets/{target.id}/policies", typed(target))
    assert (answer.status_code, answer.location) == (303, f"/targets/{target.id}")


@pytest.mark.parametrize(
    ("more", "field", "told"),
    [
        ({"sync_days": "91"}, "sync_days", "the plan core allows no more"),
        ({"webhook_days": "61"}, "webhook_days", "Enter at most 60"),
        ({"sync_days": "many", "zone": "Berlin"}, "sync_days", "Enter a whole number of days"),
    ],
)
def test_what_cannot_be_is_told_at_its_field_and_everything_typed_stays(
    visit: Visit, product: Product, target: Target, more: dict[str, str], field: str, told: str
) -> None:
    sent = typed(target, is_legacy="on", **more)
    answer = visit("olga").send(f"/targets/{target.id}/policies", sent)
    assert (answer.status_code, told in answer.text) == (422, True)
    assert f'id="f-{field}-note"' in answer.text
    for name in ("sync_days", "webhook_days", "zone"):
        assert f'name="{name}"' in answer.text
        assert f'value="{sent[name]}"' in answer.text
    assert 'name="is_legacy" type="checkbox" value="on" role="switch" checked' in answer.text
    assert product.services.targets.get(target.id).policies == Policies()
    assert [(row.action, row.outcome) for row in trail(product)] == [("target.policies", "refused")]


def test_a_form_opened_before_somebody_else_saved_shows_both_values(
    visit: Visit, product: Product, target: Target
) -> None:
    product.services.policies.save(COMMAND_LINE, target.id, target.version, Policies(sync_days=7, zone="Asia/Tokyo"))
    person = visit("olga")
    answer = person.send(f"/targets/{target.id}/policies", typed(target))
    assert answer.status_code == 409
    for stored in ("<ins>7 days before</ins>", "<ins>the day the account is connected</ins>", "<ins>Asia/Tokyo</ins>"):
        assert stored in answer.text
    assert 'value="60"' in answer.text
    assert product.services.targets.get(target.id).policies.sync_days == 7
    again = person.send(f"/targets/{target.id}/policies", typed(target, version=str(target.version + 1)))
    assert again.status_code == 200


# --- the picture -------------------------------------------------------------------------------------------------


def test_the_picture_follows_what_is_typed_and_stores_nothing(visit: Visit, product: Product, target: Target) -> None:
    picture = visit("vera").ask(f"/panels/targets/{target.id}/policies", query_string=TYPED).text
    assert "60 days before" in picture
    assert "5 days before" in picture
    assert "<form" not in picture
    assert product.services.targets.get(target.id).policies == Policies()


def test_in_place_of_a_picture_it_says_what_is_missing(visit: Visit, target: Target) -> None:
    query = TYPED | {"sync_days": ""}
    picture = visit("vera").ask(f"/panels/targets/{target.id}/policies", query_string=query).text
    assert "timeline" not in picture
    assert "No picture yet. Enter a whole number of days" in picture


# --- accounts that are connected ---------------------------------------------------------------------------------


@pytest.fixture
def connected(stage: Stage) -> Stage:
    """Anna, Bruno and Chen connected on 3 March 2026."""
    values = {"connected_at": CONNECTED, "sync_from": FROZEN.sync_from, "webhook_from": FROZEN.webhook_from}
    with stage.product.engine.begin() as connection:
        connection.execute(update(accounts).values(sync_days=30, webhook_days=0, **values))
    return stage


def test_the_dialog_says_who_keeps_what_and_counting_tells_by_account(visit: Visit, connected: Stage) -> None:
    person, path = visit("olga"), f"/targets/{connected.target.id}/policies"
    assert "3 accounts connected before keep 30 days (notifications: the day of connecting)" in person.ask(path).text
    grant = connected.box.grants[0]
    when = {"object": "timespan", "start_time": at("2026-01-15T09:00"), "end_time": at("2026-01-15T10:00")}
    before = _counted(person.send(f"{path}/count", typed(connected.target)).text, grant.name)

    connected.box.add_event(connected.box.calendar(grant.id), {"title": "Old", "when": when})

    answer = person.send(f"{path}/count", typed(connected.target))
    assert (answer.status_code, "With 60 days (notifications: 5 days): 3 of 3 accounts counted." in answer.text) == (
        200,
        True,
    )
    assert _counted(answer.text, grant.name) == before + 1
    assert [(row.action, row.outcome) for row in trail(connected.product)] == [("target.count_policies", "done")] * 2


def _counted(html: str, name: str) -> int:
    """Read how many more items an account would have."""
    words = next(line for line in html.split("<li>") if f"for {name}" in line)
    return 0 if words.startswith("no item") else int(words.split()[0].replace("+", "").replace(",", ""))


def test_without_scripts_counting_shows_the_form_again_with_what_was_typed(visit: Visit, connected: Stage) -> None:
    page = visit("olga").post(f"/targets/{connected.target.id}/policies/count", typed(connected.target)).text
    assert "<html" in page
    assert 'value="60"' in page
    assert "accounts counted." in page


def test_an_account_that_cannot_be_asked_is_named(visit: Visit, connected: Stage) -> None:
    with connected.product.engine.begin() as connection:
        connection.execute(update(accounts).where(accounts.c.id == 1).values(state="needs_sign_in"))
    answer = visit("olga").send(f"/targets/{connected.target.id}/policies/count", typed(connected.target)).text
    assert "2 of 3 accounts counted, 1 failed." in answer
    assert "not counted. Needs sign-in" in answer


def test_what_cannot_be_is_not_counted_and_says_why(visit: Visit, target: Target, product: Product) -> None:
    for wrong in ({"sync_days": "91"}, {"sync_days": ""}):
        answer = visit("olga").send(f"/targets/{target.id}/policies/count", typed(target, **wrong))
        assert (answer.status_code, "Nothing was counted." in answer.text) == (422, True)
    assert [(row.action, row.outcome) for row in trail(product)] == [("target.count_policies", "refused")] * 2


# --- the time line -----------------------------------------------------------------------------------------------


def item_row(stage: Stage, name: str, day: str) -> dict[str, object]:
    """A row of the CRM's table for an event of that day."""
    link = stage.link
    owner = {"user_id": link.user_id, "collection": link.collection, "item_type": "event", "id": name}
    span = {"start": at(f"{day}T09:00"), "end": at(f"{day}T10:00"), "is_recurring": False}
    return owner | span | {"title": name, "fingerprint": b"", "alike": 0, "body": b"", "updated_at": 0}


def test_the_folder_panel_draws_the_frozen_policy_and_the_items(visit: Visit, connected: Stage) -> None:
    days = {"old": "2026-01-20", "between": "2026-02-10", "new": "2026-04-10"}
    with connected.product.engine.begin() as connection:
        connection.execute(insert(crm_items), [item_row(connected, name, day) for name, day in days.items()])

    panel = " ".join(visit("vera").get(f"/panels/links/{connected.link.id}/folder").text.split())

    assert "30 days before 3 March 2026: from 1 February" in panel
    assert "from the day of connecting, 3 March 2026" in panel
    assert "connected 3 Mar 2026" in panel
    assert "3 items in the CRM: 2 take part, 1 lies before the cut-off" in panel
    assert [panel.count(f'<circle class="{css}"') for css in ("outside", "taken", "told")] == [1, 1, 1]


def test_new_settings_change_nothing_there(visit: Visit, connected: Stage) -> None:
    person, path = visit("olga"), f"/panels/links/{connected.link.id}/timeline"
    before = person.get(path).text

    saved = person.send(f"/targets/{connected.target.id}/policies", typed(connected.target))

    assert saved.status_code == 200
    assert person.get(path).text == before


def test_a_panel_that_refreshes_itself_leaves_the_time_line_as_it_is(visit: Visit, connected: Stage) -> None:
    root = f"section#folder-{connected.link.id}"
    panel = visit("vera").ask(f"/panels/links/{connected.link.id}/folder", source=root, target=root).text
    assert f'id="timeline-{connected.link.id}"' in panel
    assert "hx-morph-skip" in panel
    assert '<svg class="timeline"' not in panel


def test_the_time_line_of_no_link_is_not_found(visit: Visit, target: Target) -> None:
    assert visit("vera").get("/panels/links/9/timeline").status_code == 404
