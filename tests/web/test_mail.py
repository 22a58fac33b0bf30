"""Links of mail on the screens: no outbound to switch on, and Send explains instead of acting."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nylasadmin.domain.items import ItemType
from nylasadmin.services.views import LinkQuery, LinkRow
from tests.web.stage import Stage
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]
ONLY = "mail is only copied from Nylas to the CRM"


@pytest.fixture
def mailbox(stage: Stage) -> LinkRow:
    """The first user's link of messages."""
    stage.discover(mail=True)
    query = LinkQuery(target_id=stage.target.id, item_type=str(ItemType.MESSAGE))
    return stage.product.services.console.links(query).rows[0]


def link_of(stage: Stage, row: LinkRow) -> tuple[bool, bool, int]:
    with stage.product.storage.read() as tx:
        link = tx.links.get(row.id)
    return link.inbound, link.outbound, link.version


def test_the_folder_says_that_mail_is_never_sent(visit: Visit, mailbox: LinkRow) -> None:
    panel = visit("vera").get(f"/panels/links/{mailbox.id}/folder").text

    assert ONLY in panel
    assert "Not for mail" in panel


def test_the_dialog_has_no_switch_that_cannot_work(visit: Visit, mailbox: LinkRow) -> None:
    form = visit("olga").get(f"/links/{mailbox.id}/edit").text

    assert 'name="inbound"' in form
    assert 'name="outbound"' not in form
    assert ONLY in form


def test_inbound_is_switched_as_anywhere(visit: Visit, stage: Stage, mailbox: LinkRow) -> None:
    version = link_of(stage, mailbox)[2]

    assert visit("olga").send(f"/links/{mailbox.id}/edit", {"version": version}).status_code == 200
    assert link_of(stage, mailbox)[:2] == (False, False)


def test_an_outbound_that_is_sent_all_the_same_is_refused(visit: Visit, stage: Stage, mailbox: LinkRow) -> None:
    typed = {"version": link_of(stage, mailbox)[2], "outbound": "on"}

    answer = visit("olga").send(f"/links/{mailbox.id}/edit", typed)

    assert (answer.status_code, "there is no outbound to switch on" in answer.text) == (422, True)
    assert link_of(stage, mailbox)[:2] == (True, False)


def test_switching_many_leaves_mail_out_and_says_so(visit: Visit, stage: Stage, mailbox: LinkRow) -> None:
    chosen = {"change": "outbound-on", "ids": [str(mailbox.id), str(stage.link.id)]}

    answer = visit("olga").send(f"/targets/{stage.target.id}/links/switch", chosen)

    assert "Outbound is on for 1 link; 0 changed. 1 link left out: mail is only copied from Nylas" in answer.text
    assert link_of(stage, mailbox)[1] is False


def test_the_button_explains_at_once_and_offers_nothing_to_choose(visit: Visit, mailbox: LinkRow) -> None:
    answer = visit("olga").ask(f"/snapshots/new?direction=send&link_id={mailbox.id}")

    assert (answer.status_code, ONLY in answer.text, "Use a Get snapshot" in answer.text) == (409, True, True)
    assert "<form id" not in answer.text
    assert "snapshot-plan" not in answer.text
    assert visit("olga").ask(f"/snapshots/new?direction=get&link_id={mailbox.id}").status_code == 200


def test_the_filter_of_a_send_offers_no_mail(visit: Visit, stage: Stage) -> None:
    olga = visit("olga")
    offered = {
        way: olga.ask(f"/snapshots/new?direction={way}&target_id={stage.target.id}").text for way in ("get", "send")
    }

    assert ['value="message"' in offered[way] for way in ("get", "send")] == [True, False]
    assert 'value="contact"' in offered["send"]


def test_send_of_one_mailbox_explains_instead_of_acting(visit: Visit, mailbox: LinkRow) -> None:
    wanted = {"direction": "send", "link_id": mailbox.id, "receiver_only": "keep"}

    answer = visit("olga").send("/snapshots/plan", wanted)

    assert answer.status_code == 409
    assert ONLY in answer.text
    assert "Use a Get snapshot" in answer.text
