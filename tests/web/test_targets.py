"""The page with the four panels, the targets and server panels, and the dialogs that change a target."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from msgspec.structs import replace
from werkzeug.serving import make_server

from nylasadmin.bootstrap import Product
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.domain.targets import GuardLimits
from nylasadmin.services.rows import NewRun
from nylasadmin.services.targets import form_of
from tests.web.stage import Stage, form
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]


# --- the page ----------------------------------------------------------------------------------------------------


def test_a_console_without_a_target_says_what_to_do_first(visit: Visit) -> None:
    page = visit("olga").get("/targets")
    assert page.status_code == 200
    assert "No target yet" in page.text
    assert "Add the first target" in page.text


def test_a_viewer_without_a_target_is_told_who_adds_one(visit: Visit) -> None:
    page = visit("vera").get("/targets")
    assert "Somebody with nylas:NylasManage adds the first one" in page.text
    assert "/targets/add" not in page.text


def test_a_target_without_links_says_to_discover(visit: Visit, bare: Stage) -> None:
    page = visit("olga").get(f"/targets/{bare.target.id}")
    assert "No links yet" in page.text
    assert "Discover accounts and folders" in page.text
    assert "No link selected" in page.text


def test_the_page_selects_the_first_target_and_its_first_link(visit: Visit, stage: Stage) -> None:
    page = visit("olga").get("/targets").text
    for root in ("targets", f"server-{stage.target.id}", f"links-{stage.target.id}", f"folder-{stage.link.id}"):
        assert f'id="{root}"' in page
    assert page.count('aria-current="true"') == 3  # the target, the link, and the filter "All"


def test_a_selected_link_has_an_address_of_its_own(visit: Visit, stage: Stage) -> None:
    second = stage.rows[1]
    page = visit("olga").get(f"/targets/{stage.target.id}/links/{second.id}").text
    assert f'id="folder-{second.id}"' in page


def test_a_link_of_another_target_is_not_found(visit: Visit, stage: Stage) -> None:
    other = stage.add_target("Other")
    assert visit("olga").get(f"/targets/{other.id}/links/{stage.link.id}").status_code == 404


@pytest.mark.parametrize("path", ["/targets/9", "/targets/9/links/1", "/panels/targets/9/server", "/targets/9/edit"])
def test_a_target_that_is_not_there_is_not_found(visit: Visit, stage: Stage, path: str) -> None:
    assert visit("olga").get(path).status_code == 404


def test_vera_sees_all_four_panels_and_no_control_that_acts(visit: Visit, stage: Stage) -> None:
    page = visit("vera").get("/targets").text
    assert stage.target.name in page
    assert stage.rows[0].user_name in page
    for control in ("/add", "/snapshots/new", "/edit", "/remove", "/test", "/discover", 'name="ids"', "/switch"):
        assert control not in page


def test_the_key_is_never_in_a_page_but_for_its_end(visit: Visit, stage: Stage) -> None:
    pages = [visit("olga").get(path).text for path in ("/targets", f"/targets/{stage.target.id}/edit")]
    assert all(stage.box.api_key not in page for page in pages)
    assert all(f"…{stage.box.api_key[-4:]}" in page for page in pages)


# --- the panels --------------------------------------------------------------------------------------------------


def test_an_idle_panel_asks_now_and_then_and_a_running_one_every_second(visit: Visit, stage: Stage) -> None:
    person, path = visit("olga"), f"/panels/targets/{stage.target.id}/server"
    assert "every 5s" in person.get(path).text
    with stage.product.storage.write() as tx:
        snapshot = tx.runs.add_snapshot(**_asked(stage))
        tx.runs.add_runs(snapshot, _one_run(stage))
    assert "every 1s" in person.get(path).text
    assert "every 1s" in person.get("/panels/targets").text


def _asked(stage: Stage) -> dict[str, Any]:
    common = {"link_id": None, "direction": "get", "receiver_only": "keep", "is_preview": False, "reason": ""}
    return {"target_id": stage.target.id, "operator": "olga", "skipped": [], **common}


def _one_run(stage: Stage) -> list[NewRun]:
    return [NewRun(link_id=stage.link.id, account_id=stage.link.account_id)]


def test_the_targets_panel_keeps_its_selection(visit: Visit, stage: Stage) -> None:
    other = stage.add_target("Other")
    panel = visit("olga").get(f"/panels/targets?target={other.id}").text
    assert f'href="/targets/{other.id}" aria-current="true"' in panel
    assert "<html" not in panel


def test_a_disabled_target_says_that_nothing_is_copied(visit: Visit, stage: Stage) -> None:
    person = visit("olga")
    answer = person.send(f"/targets/{stage.target.id}/disabled", {"to": "disabled", "version": stage.target.version})
    assert answer.status_code == 200
    assert "This target is disabled" in person.get(f"/panels/targets/{stage.target.id}/server").text
    assert "Disabled" in person.get("/panels/targets").text


# --- add and edit ------------------------------------------------------------------------------------------------


def test_a_target_is_added_and_selected(visit: Visit, product: Product) -> None:
    answer = visit("olga").send("/targets/add", form(api_key="nyk_secret_9f2c"))
    target = product.services.targets.by_name("Nylas US")
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, f"/targets/{target.id}")
    assert (target.sender.base_url, target.sender.key_tail) == ("https://api.us.nylas.com", "9f2c")


def test_without_scripts_adding_ends_on_the_page_of_the_target(visit: Visit, product: Product) -> None:
    answer = visit("olga").post("/targets/add", form(api_key="nyk_secret_9f2c"))
    target = product.services.targets.by_name("Nylas US")
    assert (answer.status_code, answer.location) == (303, f"/targets/{target.id}")


def test_a_wrong_target_keeps_what_was_typed_and_says_what_to_enter(visit: Visit) -> None:
    typed = form(name="US <b>", host="https://x", concurrency="many", guard_deletes="7", api_key="nyk_secret")
    answer = visit("olga").send("/targets/add", typed)
    assert answer.status_code == 422
    assert "Enter a whole number." in answer.text
    assert 'value="US &lt;b&gt;"' in answer.text
    assert 'value="many"' in answer.text
    assert "nyk_secret" not in answer.text
    assert "<dialog" not in answer.text


@pytest.mark.parametrize("field", ["name", "sender_name", "notification_name", "api_key", "notification_secret"])
def test_an_endless_text_is_refused_at_its_field(visit: Visit, product: Product, field: str) -> None:
    answer = visit("olga").send("/targets/add", form(**{"api_key": "nyk_1", field: "x" * 1001}))
    assert (answer.status_code, "characters or fewer; these are 1,001." in answer.text) == (422, True)
    assert product.services.console.targets() == []


def test_the_rules_of_the_fields_are_told_beside_them(visit: Visit) -> None:
    answer = visit("olga").send("/targets/add", form(host="https://x"))
    assert answer.status_code == 422
    assert "without https:// or a path" in answer.text
    assert "Enter the API key" in answer.text
    assert answer.text.count('aria-invalid="true"') == 2


def test_editing_changes_the_fields_and_keeps_the_key(visit: Visit, stage: Stage) -> None:
    typed = _typed(stage) | {"name": "Renamed"}
    answer = visit("olga").send(f"/targets/{stage.target.id}/edit", typed)
    events = json.loads(answer.headers["HX-Trigger"])
    assert (answer.status_code, set(events)) == (200, {"targetsChanged", "dialog-done"})
    target = stage.product.services.targets.get(stage.target.id)
    assert (target.name, target.sender.key_tail) == ("Renamed", stage.target.sender.key_tail)


GUARD = {
    "guard_deletes": "10",
    "guard_share_percent": "15",
    "guard_share_from": "40",
    "guard_shrink_percent": "30",
    "four_eyes_deletes": "100",
    "keep_older_days": "365",
    "undo_days": "7",
}


def test_the_guards_limits_are_edited_and_shown(visit: Visit, stage: Stage) -> None:
    person = visit("olga")
    assert person.send(f"/targets/{stage.target.id}/edit", _typed(stage) | GUARD).status_code == 200
    target = stage.product.services.targets.get(stage.target.id)
    panel = " ".join(person.get(f"/panels/targets/{target.id}/server").text.split())
    assert target.guard == GuardLimits(
        deletes=10, share_percent=15, share_from=40, shrink_percent=30, four_eyes_deletes=100
    )
    assert (target.keep_older_days, target.undo_days) == (365, 7)
    for words in ("above 10 deletions or 15 % of a folder", "four eyes above 100 deletions", "older than 365 days"):
        assert words in panel


def test_limits_that_never_apply_are_left_empty(visit: Visit, stage: Stage) -> None:
    person, path = visit("olga"), f"/targets/{stage.target.id}/edit"
    person.send(path, _typed(stage) | GUARD)
    empty = {"four_eyes_deletes": " ", "keep_older_days": "", "version": str(stage.target.version + 1)}
    assert person.send(path, _typed(stage) | GUARD | empty).status_code == 200
    target = stage.product.services.targets.get(stage.target.id)
    assert (target.guard.four_eyes_deletes, target.keep_older_days) == (None, None)
    assert "whoever asked may approve" in person.get(f"/panels/targets/{target.id}/server").text


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("four_eyes_deletes", "often", "Enter a whole number, or leave it empty for never."),
        ("keep_older_days", "-1", "Enter a number from 1 to 36,500"),
        ("guard_share_from", "", "Enter a whole number."),
        ("guard_shrink_percent", "101", "Enter a number from 1 to 100"),
        ("undo_days", "0", "Enter a number from 1 to 3,650"),
        ("undo_days", "1_0", "Enter a whole number."),
        ("guard_deletes", "１２", "Enter a whole number."),
        ("requests_per_s", "1e1", "Enter a number, for example 5 or 0.5."),
        ("read_timeout_s", "nan", "Enter a number, for example 5 or 0.5."),
    ],
)
def test_a_wrong_limit_is_told_beside_it_and_kept(
    visit: Visit, stage: Stage, field: str, typed: str, told: str
) -> None:
    answer = visit("olga").send(f"/targets/{stage.target.id}/edit", _typed(stage) | GUARD | {field: typed})
    assert (answer.status_code, told in answer.text) == (422, True)
    assert f'name="{field}" type="text" value="{typed}" aria-invalid="true"' in answer.text
    assert stage.product.services.targets.get(stage.target.id).version == stage.target.version


def test_a_form_opened_before_somebody_else_saved_shows_both_values(visit: Visit, stage: Stage) -> None:
    changed = form_of(stage.target)
    services = stage.product.services
    services.targets.edit(COMMAND_LINE, stage.target.id, stage.target.version, replace(changed, guard_deletes=99))
    answer = visit("olga").send(f"/targets/{stage.target.id}/edit", _typed(stage) | {"name": "Mine"})
    assert answer.status_code == 409
    assert 'value="Mine"' in answer.text
    assert "<ins>99</ins>" in answer.text
    assert f"<ins>{stage.target.name}</ins>" in answer.text
    assert services.targets.get(stage.target.id).guard.deletes == 99


def test_after_both_values_were_shown_saving_again_counts(visit: Visit, stage: Stage) -> None:
    person, path = visit("olga"), f"/targets/{stage.target.id}/edit"
    person.send(path, _typed(stage) | {"name": "First"})
    refused = person.send(path, _typed(stage) | {"name": "Second"})
    assert f'name="version" value="{stage.target.version + 1}"' in refused.text
    again = person.send(path, _typed(stage) | {"name": "Second", "version": str(stage.target.version + 1)})
    assert again.status_code == 200
    assert stage.product.services.targets.get(stage.target.id).name == "Second"


def _typed(stage: Stage) -> dict[str, str]:
    fields = {"name": stage.target.name, "host": stage.target.host, "base_url": stage.target.sender.base_url}
    return form(**fields, version=str(stage.target.version))


# --- remove ------------------------------------------------------------------------------------------------------


def test_a_target_is_removed_by_typing_its_name(visit: Visit, bare: Stage) -> None:
    person, path = visit("olga"), f"/targets/{bare.target.id}/remove"
    wrong = person.send(path, {"typed_name": "sandbox?"})
    assert (wrong.status_code, "sandbox?" in wrong.text) == (422, True)
    right = person.send(path, {"typed_name": bare.target.name})
    assert (right.status_code, right.headers["HX-Redirect"]) == (200, "/targets")
    assert bare.product.services.console.targets() == []


def test_a_target_with_links_is_not_removed(visit: Visit, stage: Stage) -> None:
    person, path = visit("olga"), f"/targets/{stage.target.id}/remove"
    assert "Disable it instead" in person.ask(path).text
    answer = person.send(path, {"typed_name": stage.target.name})
    assert answer.status_code == 409
    assert f"still has {len(stage.rows)} links" in answer.text


# --- test the connection, discover -------------------------------------------------------------------------------


def test_the_connection_test_names_the_application(visit: Visit, stage: Stage) -> None:
    answer = visit("olga").send(f"/targets/{stage.target.id}/test")
    assert answer.status_code == 200
    assert "Connected to" in answer.text
    assert " ms" in answer.text


def test_the_connection_test_says_what_failed_and_what_to_do(visit: Visit, stage: Stage) -> None:
    services, form = stage.product.services, form_of(stage.target)
    services.targets.edit(COMMAND_LINE, stage.target.id, stage.target.version, replace(form, api_key="wrong"))
    answer = visit("olga").send(f"/targets/{stage.target.id}/test")
    assert "did not accept the API key (401)" in answer.text
    assert "Enter the API key of this application again" in answer.text


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of a web service that is not Nylas."""
    server = make_server("127.0.0.1", 0, Flask("elsewhere"), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_another_web_service_is_not_taken_for_nylas(visit: Visit, product: Product, elsewhere: str) -> None:
    olga = visit("olga")
    olga.send("/targets/add", form(host="127.0.0.1:9", base_url=elsewhere, api_key="nyk"))
    target = product.services.console.targets()[0].id
    for what in ("test", "discover"):
        answer = olga.send(f"/targets/{target}/{what}")
        assert "What answers at that address is not Nylas (HTTP 404)." in answer.text
        assert "removed meanwhile" not in answer.text


def test_discovering_says_what_was_found_and_wakes_the_panels(visit: Visit, bare: Stage) -> None:
    bare.add_users()
    answer = visit("olga").send(f"/targets/{bare.target.id}/discover")
    assert f"3 accounts found, {len(bare.rows)} links made" in answer.text
    assert {"linksChanged", "targetsChanged"} <= set(json.loads(answer.headers["HX-Trigger"]))


def test_discovering_names_accounts_without_a_crm_user(visit: Visit, bare: Stage) -> None:
    answer = visit("olga").send(f"/targets/{bare.target.id}/discover")
    assert "3 accounts have no CRM user" in answer.text
    assert bare.box.grants[0].email in answer.text


def test_discovering_an_application_that_does_not_answer_says_so(visit: Visit, product: Product) -> None:
    person = visit("olga")
    person.send("/targets/add", form(host="127.0.0.1:9", base_url="http://127.0.0.1:9", api_key="nyk"))
    target = product.services.targets.by_name("Nylas US")
    answer = person.send(f"/targets/{target.id}/discover")
    assert (answer.status_code, "Nothing could be discovered" in answer.text) == (200, True)
    assert "Nothing answers at that address." in answer.text


# --- mutations only by POST --------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["test", "discover", "disabled"])
def test_a_get_changes_nothing(visit: Visit, stage: Stage, what: str) -> None:
    assert visit("olga").get(f"/targets/{stage.target.id}/{what}").status_code == 405
