"""Contacts both ways: the address book at Nylas and the CRM's contacts, through the same planner and runs."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from nylasadmin.domain.contacts import Contact, Labelled
from nylasadmin.domain.differences import Field
from nylasadmin.domain.items import ItemId, ItemType
from nylasadmin.domain.links import CONTACTS, Link
from nylasadmin.domain.plan import ActionKind, Direction, Reason
from nylasadmin.domain.runs import RunState
from nylasadmin.errors import InvalidInput
from nylasadmin.services.plan_views import PlanQuery
from nylasadmin.services.rows import CrmItem
from nylasadmin.services.targets import form_of
from nylasadmin.services.views import LinkQuery, SnapshotView
from tests.services.conftest import Worlds
from tests.services.worlds import OLGA, Json, World

ANNA: Json = {
    "given_name": "Anna",
    "surname": "Berg",
    "emails": [{"email": "anna@client.example", "type": "work"}],
    "phone_numbers": [{"number": "+43 1 555", "type": "work"}],
}
BORIS = Contact(given_name="Boris", surname="Hill", emails=(Labelled("boris@client.example", "work"),))


@pytest.fixture
def world(worlds: Worlds) -> World:
    return worlds(contacts=True)


def grant(world: World, user: int = 0) -> str:
    return world.box.grants[user].id


def enter(world: World, user: int = 0, **fields: Any) -> str:
    """Enter a contact as the user would at the provider, and give its id."""
    return str(world.box.create_contact(grant(world, user), ANNA | fields)["id"])


def book(world: World, user: int = 0) -> dict[str, Json]:
    return {c["id"]: c for c in world.box.contacts(grant(world, user)) if c["source"] == "address_book"}


def put(world: World, contact: Contact = BORIS, item_id: str = "crm-1") -> ItemId:
    """Enter a contact in the CRM."""
    item = CrmItem(id=ItemId(item_id), user_id="u0", collection=CONTACTS, item=contact)
    world.services.crm.put(OLGA, item)
    return item.id


def in_crm(world: World) -> list[Contact]:
    return [i.item for i in world.items().values() if isinstance(i.item, Contact)]


def links(world: World) -> list[Link]:
    with world.product.storage.read() as tx:
        return [x for x in tx.links.of_target(world.target.id) if x.item_type is ItemType.CONTACT]


def wrote_nothing(world: World, view: SnapshotView) -> bool:
    return view.counters.written == 0 and view.counters.failed == 0 and world.writing_requests() == []


# --- links -------------------------------------------------------------------------------------------------------


def test_discovering_makes_one_link_for_each_address_book(worlds: Worlds) -> None:
    world = worlds(users=3, contacts=True)

    assert [(x.folder_name, x.collection, x.inbound, x.outbound) for x in links(world)] == [
        ("Contacts", CONTACTS, True, True)
    ] * 3
    rows = world.services.console.links(LinkQuery(target_id=world.target.id, item_type="contact")).rows
    assert [row.item_type for row in rows] == ["contact"] * 3


def test_discovering_again_keeps_the_links(world: World) -> None:
    found = world.services.targets.discover(OLGA, world.target.id)

    assert (found.links_made, found.problems) == (2, ())  # the mailbox, which this world left out
    assert len(links(world)) == 1


def test_an_account_whose_contacts_may_not_be_read_has_no_link(world: World) -> None:
    (link,) = links(world)
    world.services.links.remove(OLGA, link.id, link.version)
    world.fault("status", status=403, path_contains="/contacts")

    found = world.services.targets.discover(OLGA, world.target.id)

    assert (found.links_made, found.problems, links(world)) == (2, (), [])  # the mailbox, left out before


def test_a_provider_without_contacts_has_no_link(worlds: Worlds) -> None:
    assert links(worlds(provider="virtual-calendar", contacts=True)) == []


# --- get ---------------------------------------------------------------------------------------------------------


def test_a_get_brings_the_address_book_and_again_writes_nothing(world: World) -> None:
    enter(world)
    enter(world, given_name="Clara", emails=[])

    first, again = world.get(), world.get()

    assert (first.counters.created, first.counters.failed) == (2, 0)
    assert sorted(c.title for c in in_crm(world)) == ["Anna Berg", "Clara Berg"]
    assert again.counters.unchanged == 2
    assert wrote_nothing(world, again)


def test_contacts_of_mail_and_of_the_directory_stay_where_they_are(world: World) -> None:
    for source in ("inbox", "domain"):
        world.box.add_contact(grant(world), {"given_name": source, "source": source})
    enter(world)

    world.get()

    assert [c.title for c in in_crm(world)] == ["Anna Berg"]


def test_an_edit_and_a_delete_at_nylas_reach_the_crm(world: World) -> None:
    edited, gone = enter(world), enter(world, given_name="Clara")
    world.get()
    world.box.change_contact(grant(world), edited, {"job_title": "Engineer"})
    world.box.delete_contact(grant(world), gone)

    view = world.get()

    assert (view.counters.updated, view.counters.deleted) == (1, 1)
    assert [(c.title, c.job_title) for c in in_crm(world)] == [("Anna Berg", "Engineer")]


def test_groups_come_with_their_names_and_the_one_of_everybody_does_not(world: World) -> None:
    group_id = world.box.add_contact_group(grant(world), "Friends")
    enter(world, groups=[{"id": group_id}, {"id": "myContacts"}])

    world.get()

    assert [c.groups for c in in_crm(world)] == [("Friends",)]


@pytest.mark.parametrize("kind", ["null_lists", "sparse"])
def test_null_lists_and_missing_fields_are_empty_and_change_nothing(world: World, kind: str) -> None:
    enter(world, phone_numbers=[], emails=[])
    enter(world)
    world.get()
    world.fault(kind)

    again = world.get()

    assert again.counters.unchanged == 2
    assert wrote_nothing(world, again)


def test_a_contact_that_cannot_be_read_is_skipped_and_never_deleted(worlds: Worlds) -> None:
    world = worlds(contacts=True, around=lambda app: app)  # an answer that no service should give
    broken = enter(world)
    enter(world, given_name="Clara")
    world.get()
    world.box.add_contact(grant(world), world.box.contacts(grant(world))[0] | {"id": broken, "emails": "none"})

    view = world.get()

    assert (view.counters.skipped, view.counters.deleted, view.counters.unchanged) == (1, 0, 1)
    assert len(in_crm(world)) == 2


def test_a_page_that_fails_deletes_nothing(worlds: Worlds) -> None:
    world = worlds(contacts=True, contacts_per_user=250)
    world.get()
    world.fault("status", status=500, path_contains="/contacts", after=1)

    view = world.get()

    assert view.links_by_state.get(RunState.FAILED) == 1
    assert len(in_crm(world)) == len(book(world))


def test_a_lost_cursor_starts_the_listing_again(worlds: Worlds) -> None:
    world = worlds(contacts=True, contacts_per_user=250)
    world.fault("gone_cursor", path_contains="/contacts")

    world.get()

    assert len(in_crm(world)) == len(book(world)) > 200


def test_an_address_book_that_is_suddenly_empty_deletes_nothing(worlds: Worlds) -> None:
    world = worlds(contacts=True, contacts_per_user=60)
    world.get()
    before = len(in_crm(world))
    world.fault("empty_list", path_contains="/contacts")

    view = world.get()

    # Each missing contact is looked up by its id, and is there: nothing is gone.
    assert (view.counters.deleted, len(in_crm(world))) == (0, before)


# --- send --------------------------------------------------------------------------------------------------------


def test_a_send_fills_the_address_book_and_again_writes_nothing(world: World) -> None:
    put(world)

    first = world.send()
    world.forget_requests()
    again, back = world.send(), world.get()

    assert (first.counters.created, first.counters.failed) == (1, 0)
    (contact,) = book(world).values()
    assert (contact["given_name"], contact["emails"]) == ("Boris", [{"email": "boris@client.example", "type": "work"}])
    assert (again.counters.unchanged, back.counters.unchanged) == (1, 1)
    assert wrote_nothing(world, again)
    assert back.counters.written == 0


def test_an_edit_and_a_delete_in_the_crm_reach_nylas(world: World) -> None:
    put(world)
    put(world, replace(BORIS, given_name="Carl"), "crm-2")
    world.send()
    put(world, replace(BORIS, company="ACME", emails=()))
    world.services.crm.delete(OLGA, "crm-2")

    view = world.send()

    assert (view.counters.updated, view.counters.deleted) == (1, 1)
    (contact,) = book(world).values()
    assert (contact["company_name"], contact["emails"]) == ("ACME", [])


def test_an_update_names_only_what_changed(world: World) -> None:
    group_id = world.box.add_contact_group(grant(world), "Friends")
    contact_id = enter(world, groups=[{"id": group_id}], notes="of the owner")
    world.get()
    (item,) = world.items().values()
    assert isinstance(item.item, Contact)
    put(world, replace(item.item, job_title="Engineer"), item.id)
    world.forget_requests()

    view = world.send()

    assert view.counters.updated == 1
    contact = book(world)[contact_id]
    assert (contact["job_title"], contact["notes"], contact["groups"]) == (
        "Engineer",
        "of the owner",
        [{"id": group_id}],
    )


def test_what_the_provider_cannot_hold_stays_in_the_crm(worlds: Worlds) -> None:
    world = worlds(provider="icloud", contacts=True)
    put(world, replace(BORIS, emails=(*BORIS.emails, Labelled("b@home.example", "home")), suffix="Jr."))

    world.send()
    contact_id = next(iter(book(world)))
    world.box.change_contact(grant(world), contact_id, {"job_title": "Engineer"})
    view = world.get()

    assert view.counters.updated == 1
    (contact,) = in_crm(world)
    assert (contact.job_title, len(contact.emails)) == ("Engineer", 2)


def test_a_contact_without_any_name_cannot_be_entered(world: World) -> None:
    with pytest.raises(InvalidInput, match="name"):
        put(world, Contact(notes="nobody"))


def test_one_contact_that_is_refused_does_not_stop_the_others(world: World) -> None:
    for number in range(3):
        put(world, replace(BORIS, given_name=f"No {number}"), f"crm-{number}")
    world.fault("status", status=400, method="POST")

    view = world.send()

    assert (view.counters.created, view.counters.failed) == (2, 1)
    assert len(book(world)) == 2


# --- the same on both sides --------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", list(Direction))
def test_an_equal_contact_without_a_pair_is_adopted(world: World, direction: Direction) -> None:
    enter(world)
    put(
        world,
        Contact(
            given_name="Anna",
            surname="Berg",
            emails=(Labelled("Anna@client.example", "work"),),
            phones=(Labelled("+43 1 555", "work"),),
        ),
    )

    view = world.snapshot(direction)

    assert (view.counters.unchanged, len(book(world)), len(in_crm(world))) == (1, 1, 1)
    assert wrote_nothing(world, view)
    assert len(world.rows("pairs")) == 1


def test_a_contact_that_differs_is_another_one(world: World) -> None:
    enter(world)
    put(world)

    view = world.get()

    assert (view.counters.created, view.counters.kept) == (1, 1)
    assert len(in_crm(world)) == 2


def test_a_contact_that_is_there_twice_is_kept_twice(world: World) -> None:
    enter(world), enter(world)
    world.get()
    view = world.get()

    assert len(in_crm(world)) == 2
    assert (view.counters.unchanged, view.counters.written) == (2, 0)


# --- lost answers ------------------------------------------------------------------------------------------------


@pytest.fixture
def hasty(world: World) -> World:
    """A service that is given a second to answer."""
    target = world.services.console.target(world.target.id)
    world.services.targets.edit(
        OLGA, target.id, target.version, replace(form_of(target), read_timeout_s=1.0, concurrency=1)
    )
    return world


def test_a_contact_that_was_stored_before_a_time_out_exists_once(hasty: World) -> None:
    put(hasty)
    hasty.fault("store_then_504", method="POST")

    first, second = hasty.send(), hasty.send()

    assert (first.counters.created, first.counters.failed) == (1, 0)
    assert (second.counters.unchanged, len(book(hasty))) == (1, 1)


def test_two_equal_contacts_whose_answers_are_lost_exist_twice(hasty: World) -> None:
    put(hasty), put(hasty, BORIS, "crm-2")
    hasty.fault("store_then_504", method="POST", count=2)

    first, second = hasty.send(), hasty.send()

    assert (first.counters.created, second.counters.unchanged) == (2, 2)
    assert (len(book(hasty)), len(hasty.rows("pairs"))) == (2, 2)


def test_what_cannot_be_looked_up_now_is_looked_up_by_the_next_run(hasty: World) -> None:
    """Also when the CRM's contact was edited meanwhile: what was sent is looked for, not what is there now."""
    put(hasty)
    hasty.fault("store_then_504", method="POST")
    hasty.fault("status", status=500, method="GET", path_contains="/contacts", after=1)  # the listing passes
    first = hasty.send()
    put(hasty, replace(BORIS, job_title="Engineer"))

    second = hasty.send()

    assert (first.counters.failed, second.counters.updated, second.counters.failed) == (1, 1, 0)
    assert [c["job_title"] for c in book(hasty).values()] == ["Engineer"]


def test_a_contact_that_is_stored_after_we_gave_up_waiting_exists_once(hasty: World) -> None:
    put(hasty)
    hasty.fault("hang", method="POST", seconds=1.6)
    first = hasty.send()

    assert first.counters.failed == 1
    second = hasty.send()

    assert (second.counters.unchanged, len(book(hasty))) == (1, 1)


def test_a_get_adopts_what_turns_up_late(hasty: World) -> None:
    put(hasty)
    hasty.fault("store_then_504", method="POST")
    hasty.fault("status", status=500, method="GET", path_contains="/contacts", after=1)
    hasty.send()

    view = hasty.get()

    assert (view.counters.created, len(in_crm(hasty)), len(book(hasty))) == (0, 1, 1)


# --- previews ----------------------------------------------------------------------------------------------------


def test_a_preview_shows_contacts_field_by_field_and_writes_nothing(world: World) -> None:
    contact_id = enter(world)
    world.get()
    world.box.change_contact(
        grant(world), contact_id, {"phone_numbers": [{"number": "+43 1 777", "type": "work"}], "surname": "Hill"}
    )
    world.forget_requests()

    view = world.get(is_preview=True)

    (item,) = world.services.plans.page(PlanQuery(plan_id=view.id), is_masked=False).rows
    assert (item.kind, item.reason, item.title) == (ActionKind.UPDATE, Reason.DIFFERS, "Anna Hill")
    assert [(d.field, d.old, d.new) for d in item.differences] == [
        (Field.SURNAME, ("Berg",), ("Hill",)),
        (Field.PHONES, ("+43 1 555 (work)",), ("+43 1 777 (work)",)),
    ]
    assert wrote_nothing(world, view)


def test_a_plan_of_contacts_is_carried_out_as_shown(world: World) -> None:
    enter(world), enter(world, given_name="Clara")
    preview = world.get(is_preview=True)
    moved = next(i for i, c in book(world).items() if c["given_name"] == "Clara")
    world.box.change_contact(grant(world), moved, {"notes": "new"})

    view = world.services.plans.run(OLGA, preview.id)

    done = world.services.console.snapshot(view.id)
    assert (done.counters.created, done.counters.moved) == (1, 1)
    assert [c.title for c in in_crm(world)] == ["Anna Berg"]
