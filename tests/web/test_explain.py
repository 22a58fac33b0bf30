"""Why is an item not here: the page, from the folder panel, to whom it shows what, and in the audit trail."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest

from nylasadmin.domain.differences import MASK
from nylasadmin.domain.privileges import COMMAND_LINE
from tests.web.stage import Stage
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]
TITLE = "Secret takeover"


@pytest.fixture
def link_id(stage: Stage) -> int:
    """Both sides agree; then two events come up at Nylas, and one of the CRM is deleted there."""
    stage.get()
    link = stage.link
    grant = next(g for g in stage.box.grants if g.email == stage.product.services.console.link(link.id).account.email)
    when = {"start_time": 1_790_000_000, "end_time": 1_790_003_600}
    for title in (TITLE, f"{TITLE} again"):
        body = {"title": title, "when": when, "location": "Vault 7"}
        stage.box.create_event(stage.box.calendar(grant.id, link.folder_id), body)
    return link.id


def address(link_id: int, item: str) -> str:
    return f"/links/{link_id}/explain?item={quote(item)}"


def test_two_clicks_lead_from_the_folder_panel_to_the_reason(visit: Visit, stage: Stage, link_id: int) -> None:
    olga = visit("olga")
    panel = olga.get(f"/panels/links/{link_id}/folder").text
    assert f'action="/links/{link_id}/explain"' in panel
    first = olga.get(address(link_id, "secret takeover")).text
    assert "Which one is meant?" in first
    (href, *_) = re.findall(rf'href="(/links/{link_id}/explain\?item=[^"]+)"', first)
    second = olga.get(href).text
    assert "This event is not in the CRM because" in second
    assert "Create it in the CRM" in second


def test_the_page_asks_without_an_item_and_says_when_nothing_is_found(visit: Visit, link_id: int) -> None:
    olga = visit("olga")
    assert "Which item is missing?" in olga.get(f"/links/{link_id}/explain").text
    nothing = olga.get(address(link_id, "no such thing anywhere")).text
    assert "Nothing like that is known on either side of this link." in nothing
    assert 'value="no such thing anywhere"' in nothing


def test_what_somebody_types_is_shown_as_text(visit: Visit, link_id: int) -> None:
    page = visit("olga").get(address(link_id, '"><script>alert(1)</script>')).text
    assert "<script>alert" not in page


def test_who_may_only_look_sees_no_titles_until_they_are_revealed(visit: Visit, stage: Stage, link_id: int) -> None:
    vera, item = visit("vera"), id_of(visit("olga"), link_id)
    assert "Titles are hidden, and not searched" in vera.get(address(link_id, TITLE)).text
    masked = vera.get(address(link_id, item)).text
    assert (MASK in masked, TITLE in masked, "Vault 7" in masked) == (True, False, False)
    assert "This event is not in the CRM because" in masked

    answer = vera.post(f"/links/{link_id}/explain/reveal", {"item": item})
    assert (answer.status_code, answer.location) == (303, address(link_id, item))
    shown = vera.get(address(link_id, item)).text
    assert (TITLE in shown, "Vault 7" in shown) == (True, True)
    (row,) = stage.product.services.audit.rows(size=1)
    assert (row.actor, row.action, row.subject) == ("vera", "item.reveal", f"link {link_id}")


def id_of(olga: Visitor, link_id: int) -> str:
    page = olga.get(address(link_id, TITLE)).text
    return str(re.findall(rf'href="/links/{link_id}/explain\?item=([^"]+)"', page)[0])


def test_looking_leaves_no_row_and_a_reveal_of_no_link_is_refused_on_the_record(
    visit: Visit, stage: Stage, link_id: int
) -> None:
    olga = visit("olga")
    before = len(stage.product.services.audit.rows(size=500))
    olga.get(address(link_id, TITLE))
    assert len(stage.product.services.audit.rows(size=500)) == before
    assert visit("vera").post("/links/987654/explain/reveal").status_code == 404
    assert stage.product.services.audit.rows(size=1)[0].outcome == "refused"


def test_nobody_without_the_privilege_sees_anything(visit: Visit, link_id: int) -> None:
    assert visit("peter").get(address(link_id, TITLE)).status_code == 403
    assert visit().get(address(link_id, TITLE)).status_code == 303


def test_without_nylas_the_page_says_so_and_goes_on_with_the_crm(visit: Visit, stage: Stage, link_id: int) -> None:
    with stage.product.storage.read() as tx:
        item = next(i for i in tx.items.page(stage.link.user_id, "", 50) if i.collection == stage.link.collection)
    stage.box.sandbox.faults.add({"kind": "status", "status": 401, "count": None})
    page = visit("olga").get(address(link_id, item.id)).text
    stage.box.sandbox.faults.clear()
    assert "Nylas could not be asked" in page
    assert "The CRM has it; whether Nylas has it cannot be told." in page


def test_a_removed_link_is_not_there(visit: Visit, stage: Stage, link_id: int) -> None:
    stage.product.services.links.remove(COMMAND_LINE, link_id, stage.link.version)
    assert visit("olga").get(address(link_id, TITLE)).status_code == 404
