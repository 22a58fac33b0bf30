"""The list of links with its search, filters, pages and selection, the folder panel, and the dialogs of one link."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from nylasadmin.domain.links import AccountState
from nylasadmin.domain.plan import Direction, ReceiverOnly
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.services.rows import NewRun
from nylasadmin.services.targets import form_of
from nylasadmin.services.views import LinkSort, LinkState
from nylasadmin.services.wording import folder_name as folder_words
from nylasadmin.web.links import read_query
from tests.web.stage import Stage
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]
_ROW = re.compile(r'<tr id="link-(\d+)"')


def path(stage: Stage, query: str = "") -> str:
    return f"/panels/targets/{stage.target.id}/links{query}"


def shown(page: str) -> list[int]:
    """Give the ids of the links that a page lists."""
    return [int(number) for number in _ROW.findall(page)]


# --- the list ----------------------------------------------------------------------------------------------------


def test_the_panel_lists_the_links_of_its_target_by_name(visit: Visit, stage: Stage) -> None:
    panel = visit("vera").get(path(stage)).text
    assert shown(panel) == [row.id for row in stage.rows]
    assert "<html" not in panel


def test_a_search_finds_parts_of_names_and_addresses(visit: Visit, stage: Stage) -> None:
    first = stage.rows[0]
    word = first.user_name.split()[0].lower()
    found = shown(visit("vera").get(path(stage, f"?search={word}")).text)
    assert first.id in found
    assert len(found) < len(stage.rows)


def test_a_search_that_finds_nothing_leads_back_to_all(visit: Visit, stage: Stage) -> None:
    panel = visit("vera").get(path(stage, "?search=nobody+at+all")).text
    assert "No link matches" in panel
    assert f'href="/targets/{stage.target.id}"' in panel


def test_states_are_offered_with_their_numbers_and_filter(visit: Visit, stage: Stage) -> None:
    account = stage.link.account_id
    with stage.product.storage.write() as tx:
        tx.accounts.set_state(account, AccountState.NEEDS_SIGN_IN)
    panel = visit("vera").get(path(stage, "?state=needs_sign_in")).text
    waiting = [row.id for row in stage.rows if row.state is LinkState.NEEDS_SIGN_IN]
    assert shown(panel) == waiting
    assert f"Needs sign-in {len(waiting)}</a>" in panel
    assert "Failing" not in panel


def test_a_column_sorts_and_turns_round(visit: Visit, stage: Stage) -> None:
    person = visit("vera")
    up, down = (shown(person.get(path(stage, f"?sort=owner{turn}")).text) for turn in ("", "&down=1"))
    assert up == list(reversed(down))
    panel = person.get(path(stage, "?sort=owner&down=1")).text
    assert 'aria-sort="descending"' in panel


def test_a_type_without_links_shows_none(visit: Visit, stage: Stage) -> None:
    panel = visit("vera").get(path(stage, "?type=contact")).text
    assert shown(panel) == []
    assert '<option value="contact" selected>' in panel


def test_fifty_links_fill_a_page_and_the_next_one_follows(visit: Visit, stage: Stage) -> None:
    grant = stage.box.grants[0].id
    for number in range(60):
        stage.box.add_calendar(grant, f"Room {number:02}")
    stage.discover()
    total = 60 + sum(len(g.calendars) for g in stage.box.grants) - 60
    person = visit("vera")
    first, second = (shown(person.get(path(stage, f"?page={page}")).text) for page in (1, 2))
    assert (len(first), len(second)) == (50, total - 50)
    assert not set(first) & set(second)
    assert shown(person.get(path(stage, "?page=99")).text) == second
    assert "Page <b>1</b> of 2" in person.get(path(stage)).text


def test_an_address_that_makes_no_sense_counts_as_not_given() -> None:
    query = read_query(1, {"state": "gone", "sort": "colour", "page": "-4", "type": "cars", "search": "  anna "})
    assert (query.state, query.sort, query.page, query.item_type, query.search) == (None, LinkSort.NAME, 1, "", "anna")


def test_a_filter_brings_the_page_address_along_and_a_poll_does_not(visit: Visit, stage: Stage) -> None:
    person, target = visit("vera"), stage.target.id
    filtered = person.ask(path(stage, f"?state=new&link={stage.link.id}"), source="a", target=f"section#links-{target}")
    assert filtered.headers["HX-Push-Url"] == f"/targets/{target}/links/{stage.link.id}?state=new"
    typed = person.ask(path(stage, "?search=a"), source="form", target=f"section#links-{target}")
    assert typed.headers["HX-Replace-Url"] == f"/targets/{target}?search=a"
    root = f"section#links-{target}"
    assert "HX-Push-Url" not in person.ask(path(stage, "?state=new"), source=root, target=root).headers


def test_rows_keep_the_filter_in_their_addresses(visit: Visit, stage: Stage) -> None:
    panel = visit("vera").get(path(stage, "?state=new&page=1")).text
    assert f'href="/targets/{stage.target.id}/links/{stage.link.id}?state=new"' in panel


# --- many at once ------------------------------------------------------------------------------------------------


def test_a_direction_is_switched_off_for_all_selected_links(visit: Visit, stage: Stage) -> None:
    ids = [row.id for row in stage.rows[:2]]
    answer = visit("olga").send(f"/targets/{stage.target.id}/links/switch", {"ids": ids, "change": "inbound-off"})
    assert (answer.status_code, "Inbound is off for 2 links; 2 changed." in answer.text) == (200, True)
    assert "linksChanged" in json.loads(answer.headers["HX-Trigger"])
    assert [row.inbound for row in stage.rows] == [row.id not in ids for row in stage.rows]


def test_all_links_that_match_are_switched_without_ticking_each(visit: Visit, stage: Stage) -> None:
    word = stage.rows[0].user_name.split()[0]
    address = f"/targets/{stage.target.id}/links/switch?search={word}"
    visit("olga").send(address, {"ids": [stage.link.id], "all_matching": "yes", "change": "inbound-off"})
    assert [row.inbound for row in stage.rows] == [word not in row.user_name for row in stage.rows]


def test_switching_keeps_the_filter_without_scripts(visit: Visit, stage: Stage) -> None:
    address = f"/targets/{stage.target.id}/links/switch?search=a&link={stage.link.id}"
    answer = visit("olga").post(address, {"ids": [stage.link.id], "change": "outbound-off"})
    assert (answer.status_code, answer.location) == (303, f"/targets/{stage.target.id}/links/{stage.link.id}?search=a")


def test_switching_without_a_selection_changes_nothing_and_says_so(visit: Visit, stage: Stage) -> None:
    answer = visit("olga").send(f"/targets/{stage.target.id}/links/switch", {"change": "inbound-off"})
    assert "No link is selected: nothing was changed." in answer.text
    assert all(row.inbound for row in stage.rows)


def test_an_unknown_switch_is_not_called_a_missing_selection(visit: Visit, stage: Stage) -> None:
    asked = {"ids": [stage.link.id], "change": "sideways"}
    answer = visit("olga").send(f"/targets/{stage.target.id}/links/switch", asked)
    assert "That is no switch of a link: nothing was changed." in answer.text
    assert "No link is selected" not in answer.text


# --- one link ----------------------------------------------------------------------------------------------------


def folder(stage: Stage) -> str:
    return f"/panels/links/{stage.link.id}/folder"


def test_the_folder_tells_whose_it_is_and_both_ways(visit: Visit, stage: Stage) -> None:
    panel = visit("vera").get(folder(stage)).text
    assert f"<bdi>{stage.rows[0].user_name}</bdi> · <bdi>{folder_words(stage.rows[0].folder_name)}</bdi>" in panel
    assert "Nylas → CRM" in panel
    assert "CRM → Nylas" in panel
    assert "No run yet" in panel


@pytest.mark.parametrize(
    ("inbound", "sentence"), [(True, "Inbound is off at the target"), (False, "Inbound is off at this link")]
)
def test_the_folder_says_what_keeps_a_direction_off(visit: Visit, stage: Stage, inbound: bool, sentence: str) -> None:
    links, targets = stage.product.services.links, stage.product.services.targets
    link = links.edit(COMMAND_LINE, stage.link.id, stage.link.version, inbound=inbound, outbound=True)
    if inbound:
        targets.edit(COMMAND_LINE, stage.target.id, stage.target.version, replace(form_of(stage.target), inbound=False))
    assert sentence in visit("vera").get(f"/panels/links/{link.id}/folder").text


def test_the_folder_lists_recent_runs_with_what_they_did(visit: Visit, stage: Stage) -> None:
    snapshot = stage.get(stage.link.id)
    panel = visit("vera").get(folder(stage)).text
    assert f"{snapshot.counters.created} created" in panel
    assert f'href="/snapshots/{snapshot.id}"' in panel


def test_the_folder_lists_runs_of_snapshots_of_the_whole_target(visit: Visit, stage: Stage) -> None:
    snapshot = stage.get()
    assert f'href="/snapshots/{snapshot.id}"' in visit("vera").get(folder(stage)).text


def test_a_link_that_is_not_there_is_not_found(visit: Visit, stage: Stage) -> None:
    for address in ("/panels/links/99/folder", "/links/99/edit", "/links/99/remove"):
        assert visit("olga").get(address).status_code == 404


def test_editing_sets_both_switches_and_wakes_the_panels(visit: Visit, stage: Stage) -> None:
    answer = visit("olga").send(f"/links/{stage.link.id}/edit", {"version": stage.link.version, "inbound": "on"})
    assert (answer.status_code, set(json.loads(answer.headers["HX-Trigger"]))) == (200, {"linksChanged", "dialog-done"})
    assert (stage.link.inbound, stage.link.outbound) == (True, False)


def test_outbound_switched_on_again_proposes_the_snapshot_that_closes_the_gap(visit: Visit, stage: Stage) -> None:
    link = stage.link
    stage.product.services.links.edit(COMMAND_LINE, link.id, link.version, inbound=True, outbound=False)
    typed = {"version": stage.link.version, "inbound": "on", "outbound": "on"}
    answer = visit("olga").send(f"/links/{link.id}/edit", typed)
    assert "A Send snapshot closes the gap" in json.loads(answer.headers["HX-Trigger"])["toast"]["text"]


def test_a_stale_form_of_a_link_shows_both_values(visit: Visit, stage: Stage) -> None:
    version = stage.link.version
    stage.product.services.links.edit(COMMAND_LINE, stage.link.id, version, inbound=False, outbound=True)
    person, address = visit("olga"), f"/links/{stage.link.id}/edit"
    answer = person.send(address, {"version": version, "inbound": "on", "outbound": "on"})
    assert (answer.status_code, "<ins>off</ins>" in answer.text) == (409, True)
    assert not stage.link.inbound
    again = person.send(address, {"version": version + 1, "inbound": "on", "outbound": "on"})
    assert (again.status_code, stage.link.inbound) == (200, True)


def test_removing_says_what_follows_and_removes(visit: Visit, stage: Stage) -> None:
    person, link = visit("olga"), stage.link
    assert "will have to authenticate again" in person.ask(f"/links/{link.id}/remove").text
    answer = person.send(f"/links/{link.id}/remove", {"version": link.version})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, f"/targets/{stage.target.id}")
    assert link.id not in [row.id for row in stage.rows]


def test_a_link_at_work_is_not_removed(visit: Visit, stage: Stage) -> None:
    with stage.product.storage.write() as tx:
        snapshot = tx.runs.add_snapshot(
            target_id=stage.target.id,
            link_id=None,
            direction=Direction.GET,
            receiver_only=ReceiverOnly.KEEP,
            is_preview=False,
            reason="",
            operator="olga",
            skipped=[],
        )
        tx.runs.add_runs(snapshot, [NewRun(link_id=stage.link.id, account_id=stage.link.account_id)])
    answer = visit("olga").send(f"/links/{stage.link.id}/remove", {"version": stage.link.version})
    assert answer.status_code == 409
    assert "is working on this link" in answer.text
    assert stage.link


def test_a_get_switches_nothing(visit: Visit, stage: Stage) -> None:
    assert visit("olga").get(f"/targets/{stage.target.id}/links/switch").status_code == 405


def test_switching_a_read_only_calendar_on_promises_no_send(visit: Visit, stage: Stage) -> None:
    row = next(row for row in stage.rows if row.folder_name == "Holidays")
    link = stage.product.services.console.link(row.id).link
    assert link.is_read_only
    sent = {"version": link.version, "inbound": "on", "outbound": "on"}
    said = json.loads(visit("olga").send(f"/links/{link.id}/edit", sent).headers["HX-Trigger"])["toast"]["text"]
    assert said.startswith("Outbound is on, but the calendar is read-only")
    assert "Send snapshot closes" not in said


def test_a_users_primary_calendar_comes_first(stage: Stage) -> None:
    links = [stage.product.services.console.link(row.id) for row in stage.rows]
    firsts = {details.user.name: details.link.is_primary for details in reversed(links)}
    assert list(firsts.values()) == [True] * 3
    assert [d.user.name for d in links] == sorted(d.user.name for d in links)
