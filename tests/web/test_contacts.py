"""Address books on the screens: in the list of links, in a link's panel, and field by field in a plan."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from nylasadmin.domain.differences import MASK
from nylasadmin.domain.links import Link
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.privileges import COMMAND_LINE
from tests.web.stage import Stage
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]
ANNA = {
    "given_name": "Anna",
    "surname": "Berg",
    "company_name": "Harborlight",
    "emails": [{"email": "anna@client.example", "type": "work"}],
}


@pytest.fixture
def link(stage: Stage) -> Link:
    """The link of the first account's address book."""
    stage.discover(contacts=True)
    with stage.product.storage.read() as tx:
        found = {x.folder_owner: x for x in tx.links.of_target(stage.target.id) if x.item_type == "contact"}
    return found[stage.box.grants[0].email]


def plan_of(stage: Stage, link: Link, direction: Direction) -> int:
    asked = stage.product.services.snapshots.request(
        COMMAND_LINE, direction=direction, link_id=link.id, is_preview=True
    )
    return asked.id


def test_address_books_can_be_listed_by_themselves(visit: Visit, stage: Stage, link: Link) -> None:
    page = visit("vera").get(f"/targets/{stage.target.id}?type=contact").text

    assert len(re.findall(r'<tr id="link-', page)) == 3
    assert '<option value="contact" selected>Contacts</option>' in page


def test_the_panel_says_what_the_folder_holds(visit: Visit, stage: Stage, link: Link) -> None:
    page = visit("vera").get(f"/targets/{stage.target.id}?type=contact&link={link.id}").text

    assert "<dt>Folder type</dt><dd>Contacts</dd>" in page
    assert "Contacts · Contacts" not in page


def test_a_plan_shows_what_changes_of_a_contact(visit: Visit, stage: Stage, link: Link) -> None:
    grant = stage.box.grants[0].id
    contact = stage.box.create_contact(grant, ANNA)
    stage.get(link.id)
    stage.box.change_contact(grant, contact["id"], {"surname": "Hill", "emails": []})
    stage.box.create_contact(grant, ANNA | {"given_name": "Clara", "notes": "Prefers calls"})

    page = visit("olga").get(f"/plans/{plan_of(stage, link, Direction.GET)}").text

    assert "Anna Hill" in page
    assert re.search(r"<dt>Surname</dt><dd>\s*<del><bdi>Berg</bdi></del>\s*<ins><bdi>Hill</bdi></ins>", page)
    assert re.search(r"<dt>E-mail addresses</dt><dd>\s*<del><bdi>anna@client.example \(work\)</bdi></del>", page)
    assert "Clara Berg" in page
    assert "more fields" in page


def test_who_may_only_look_sees_nobody_until_it_is_revealed(visit: Visit, stage: Stage, link: Link) -> None:
    stage.box.create_contact(stage.box.grants[0].id, ANNA | {"given_name": "Clara", "surname": "Hidden"})

    page = visit("vera").get(f"/plans/{plan_of(stage, link, Direction.GET)}").text

    assert MASK in page
    assert not [secret for secret in ("Clara", "Hidden", "Harborlight", "anna@client.example") if secret in page]


def test_the_dialog_does_not_speak_of_attendees(visit: Visit, stage: Stage, link: Link) -> None:
    page = visit("olga").get(f"/snapshots/new?direction=send&link_id={link.id}").text

    assert "contacts are written without a message to anybody" in page
    assert "Attendees" not in page


def test_a_plan_of_contacts_does_not_speak_of_attendees(visit: Visit, stage: Stage, link: Link) -> None:
    stage.box.create_contact(stage.box.grants[0].id, ANNA)

    page = visit("olga").get(f"/plans/{plan_of(stage, link, Direction.GET)}").text

    assert "1</b> write" in page
    assert "attendees" not in page
