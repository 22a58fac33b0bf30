"""Mail: messages and threads come from Nylas and never go there; what is incomplete is marked and deletes nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nylasadmin.adapters.nylas import NylasHttpSide
from nylasadmin.domain.items import ItemType
from nylasadmin.domain.links import MAIL, MAILBOX, THREADS, Link, OffReason
from nylasadmin.domain.mail import Message, Thread
from nylasadmin.domain.plan import Direction, Reason
from nylasadmin.domain.runs import RunState
from nylasadmin.errors import InvalidInput, Refused
from nylasadmin.sandbox.clocks import FrozenClock
from nylasadmin.services.rows import CrmItem
from nylasadmin.services.views import RunRow, SnapshotState
from tests.sandbox.openapi import judged_sandbox
from tests.services.meanwhile import Meanwhile
from tests.services.worlds import DAY, MAIL_TYPES, OLGA, QUICK, World, opened, world_of

IDA = {"email": "Ida@X.example", "name": "Ida"}
NOW = int(time.time())

MakeWorld = Callable[..., World]


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[MakeWorld]:
    opened: list[Any] = []

    def make(**options: Any) -> World:
        context = world_of(tmp_path / str(len(opened)), mail=True, **options)
        opened.append(context)
        return context.__enter__()

    yield make
    for context in reversed(opened):
        context.__exit__(None, None, None)


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    return make_world()


def anna(world: World) -> str:
    return world.box.grants[0].email


def arrive(world: World, subject: str, *, reply_to: str | None = None, **fields: Any) -> str:
    body = {"from": [IDA], "subject": subject, "body": f"<p>{subject}!</p>", "date": NOW - DAY, **fields}
    return str(world.box.add_message(anna(world), body, reply_to=reply_to)["id"])


def get(world: World, item_type: ItemType = ItemType.MESSAGE, **options: Any) -> RunRow:
    view = world.get(link_id=world.typed_link(item_type).id, **options)
    (run,) = world.services.console.runs(view.id, size=10)
    return run


def held(world: World, collection: str = MAIL) -> dict[str, CrmItem]:
    return {i.item.title: i for i in world.items().values() if i.collection == collection}


def message(world: World, subject: str) -> Message:
    found = held(world)[subject].item
    assert isinstance(found, Message)
    return found


def thread(world: World, subject: str) -> Thread:
    found = held(world, THREADS)[subject].item
    assert isinstance(found, Thread)
    return found


def counts(run: RunRow) -> tuple[int, int, int, int]:
    c = run.counters
    return c.created, c.updated, c.deleted, c.failed


# --- links -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("item_type", MAIL_TYPES)
def test_discovering_links_each_mailbox_inbound_only(world: World, item_type: ItemType) -> None:
    link = world.typed_link(item_type)

    assert (link.folder_id, link.inbound, link.outbound, link.folder_owner) == (MAILBOX, True, False, anna(world))


def test_discovering_again_makes_no_second_mailbox(world: World) -> None:
    assert world.services.targets.discover(OLGA, world.target.id).links_kept >= 3
    assert world.typed_link(ItemType.MESSAGE)


def test_accounts_without_mail_get_no_mailbox(make_world: MakeWorld) -> None:
    world = make_world(provider="virtual-calendar")

    with pytest.raises(ValueError, match="not enough"):
        world.typed_link(ItemType.MESSAGE)


@pytest.mark.parametrize("item_type", MAIL_TYPES)
def test_send_of_mail_is_refused_with_the_reason(world: World, item_type: ItemType) -> None:
    world.forget_requests()

    with pytest.raises(Refused) as refused:
        world.send(link_id=world.typed_link(item_type).id)

    assert refused.value.facts["off"] == (OffReason.INBOUND_ONLY,)
    assert "only copied from Nylas" in refused.value.facts["because"]
    assert world.box.sandbox.requests.entries() == []


def test_send_of_everything_leaves_mail_out_and_says_so(world: World) -> None:
    view = world.send()

    assert {s.off for s in view.skipped} == {(OffReason.INBOUND_ONLY,)}
    assert len(view.skipped) == 2


def switched(link: Link) -> tuple[bool, bool]:
    return link.inbound, link.outbound


def test_outbound_of_mail_cannot_be_switched_on(world: World) -> None:
    link = world.typed_link(ItemType.MESSAGE)

    with pytest.raises(InvalidInput) as refused:
        world.services.links.edit(OLGA, link.id, link.version, inbound=True, outbound=True)

    assert "only copied from Nylas" in refused.value.fields["outbound"]
    assert world.services.links.switch_many(OLGA, [link.id], Direction.SEND, True) == 0
    assert world.services.links.without_outbound([link.id, world.link().id]) == 1
    assert switched(world.typed_link(ItemType.MESSAGE)) == (True, False)
    world.services.links.edit(OLGA, link.id, link.version, inbound=False, outbound=False)
    assert switched(world.typed_link(ItemType.MESSAGE)) == (False, False)


# --- messages ----------------------------------------------------------------------------------------------------


def test_get_copies_messages_with_their_texts(world: World) -> None:
    first = arrive(world, "Offer", cc=[{"email": "b@x.example"}], attachments=[{"id": "a", "filename": "o.pdf"}])
    arrive(world, "Other")

    assert counts(get(world)) == (2, 0, 0, 0)

    found = message(world, "Offer")
    assert (found.uid, found.body, found.received) == (first, "<p>Offer!</p>", NOW - DAY)
    assert [p.email for p in (*found.sender, *found.cc)] == ["ida@x.example", "b@x.example"]
    assert [a.name for a in found.attachments] == ["o.pdf"]
    assert (found.unread, found.folders) == (True, ("INBOX",))


def test_get_again_writes_nothing_and_reads_no_texts(world: World) -> None:
    arrive(world, "Offer")
    get(world)
    before = world.row_counts()["crm_changes"]
    world.forget_requests()

    again = get(world)

    assert (counts(again), again.counters.unchanged) == ((0, 0, 0, 0), 1)
    assert world.row_counts()["crm_changes"] == before
    asked = [e["query"] for e in world.box.sandbox.requests.entries() if e["path"].endswith("/messages")]
    assert len(asked) == 1
    assert "body" not in str(asked[0])


def test_flags_and_folders_follow_and_the_text_stays(world: World) -> None:
    made = arrive(world, "Offer")
    get(world)
    label = world.box.add_folder(anna(world), {"name": "Customers"}).id
    world.box.change_message(anna(world), made, {"unread": False, "starred": True, "folders": [label]})

    assert counts(get(world)) == (0, 1, 0, 0)

    found = message(world, "Offer")
    assert (found.unread, found.starred, found.folders) == (False, True, ("Customers",))
    assert found.body == "<p>Offer!</p>"


def test_the_text_is_not_kept_again_with_every_flag(world: World) -> None:
    made = arrive(world, "Offer", body="x" * 5000)
    arrive(world, "Kept")
    get(world)
    world.box.change_message(anna(world), made, {"unread": False})
    get(world)
    world.box.delete_message(anna(world), made, hard=True)
    get(world)

    sizes = {row["kind"]: len(row["before"] or b"") for row in world.rows("writes")}
    assert sizes["create"] == 0
    assert 0 < sizes["update"] < 1000
    assert sizes["delete"] > 5000


def test_a_message_deleted_there_is_deleted_here(world: World) -> None:
    gone = arrive(world, "Gone")
    arrive(world, "Kept")
    get(world)
    world.box.delete_message(anna(world), gone, hard=True)

    assert counts(get(world)) == (0, 0, 1, 0)
    assert set(held(world)) == {"Kept"}


def test_a_message_in_the_trash_is_still_there(world: World) -> None:
    made = arrive(world, "Offer")
    get(world)
    world.box.delete_message(anna(world), made)

    assert counts(get(world)) == (0, 1, 0, 0)
    assert message(world, "Offer").folders == ("TRASH",)


def test_a_message_deleted_in_the_crm_comes_back(world: World) -> None:
    arrive(world, "Offer")
    get(world)
    world.services.crm.delete(OLGA, held(world)["Offer"].id)

    assert counts(get(world)) == (1, 0, 0, 0)
    assert message(world, "Offer").body == "<p>Offer!</p>"


def test_connecting_again_makes_no_message_twice(world: World) -> None:
    arrive(world, "Offer")
    get(world)
    link = world.typed_link(ItemType.MESSAGE)
    with world.product.storage.write() as tx:
        tx.pairs.forget(link.id, tx.pairs.of_link(link.id))

    assert counts(get(world)) == (0, 0, 0, 0)
    assert len(held(world)) == 1


def test_many_deletes_are_held(world: World) -> None:
    made = [arrive(world, f"Offer {n}") for n in range(30)]
    get(world)
    for one in made[:20]:
        world.box.delete_message(anna(world), one, hard=True)

    run = get(world)

    assert (run.state, run.counters.to_delete, run.counters.deleted) == (RunState.HELD, 20, 0)
    assert len(held(world)) == 30


@pytest.mark.parametrize("fault", ["null_lists", "sparse"])
@pytest.mark.parametrize("provider", ["google", "microsoft"])
def test_messages_without_lists_or_sender_are_copied(make_world: MakeWorld, provider: str, fault: str) -> None:
    world = make_world(provider=provider)
    arrive(world, "Offer")
    world.fault(fault)

    assert counts(get(world)) == (1, 0, 0, 0)
    assert counts(get(world)) == (0, 0, 0, 0)
    assert bool(message(world, "Offer").sender) is (fault != "sparse")


def test_an_unreadable_message_is_left_alone_and_named(world: World) -> None:
    arrive(world, "Good")
    arrive(world, "Odd")
    get(world)
    box = world.box.mailbox(anna(world))
    (odd,) = [m for m in box.all() if m["subject"] == "Odd"]
    box.put(odd | {"date": 10**14}, "<odd@x.example>")

    run = get(world)

    assert (run.counters.skipped, counts(run)) == (1, (0, 0, 0, 0))
    assert set(held(world)) == {"Good", "Odd"}


FAULTS: dict[str, dict[str, Any]] = {
    "429": {"kind": "status", "status": 429, "count": None},
    "504": {"kind": "status", "status": 504, "count": None},
    "a page that breaks off": {"kind": "status", "status": 200, "body": "truncated", "count": None},
    "an error on a later page": {"kind": "status", "status": 500, "query_contains": "page_token", "count": None},
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("item_type", MAIL_TYPES)
def test_a_listing_that_fails_deletes_nothing(make_world: MakeWorld, name: str, item_type: ItemType) -> None:
    world = make_world(messages_per_user=250)
    get(world, item_type)
    before = len(world.items())
    world.fault(**FAULTS[name])

    run = get(world, item_type)

    assert (run.state, run.counters.deleted, len(world.items())) == (RunState.FAILED, 0, before)
    world.heal()
    assert counts(get(world, item_type)) == (0, 0, 0, 0)


@pytest.mark.parametrize("kind", ["short_list", "empty_list"])
def test_a_list_that_ends_too_early_deletes_nothing(make_world: MakeWorld, kind: str) -> None:
    world = make_world(messages_per_user=60)
    get(world)
    world.fault(kind, **({"cursor": False, "items": 3} if kind == "short_list" else {}))

    run = get(world)

    assert (run.counters.deleted, len(held(world)) > 20) == (0, True)
    assert run.counters.to_delete == 0


def test_a_short_overload_only_makes_pages_smaller(make_world: MakeWorld) -> None:
    world = make_world(messages_per_user=250)
    world.fault("status", status=504, count=3)

    assert counts(get(world))[0] == len(world.box.messages(anna(world)))


# --- threads -----------------------------------------------------------------------------------------------------


def test_get_copies_threads(world: World) -> None:
    first = arrive(world, "Plan", date=NOW - 2 * DAY)
    second = arrive(world, "Re: Plan", reply_to=first, **{"from": [{"email": anna(world)}]})

    assert counts(get(world, ItemType.THREAD)) == (1, 0, 0, 0)

    found = thread(world, "Plan")
    assert found.message_ids == (first, second)
    assert (found.began, found.received, found.sent) == (NOW - 2 * DAY, NOW - 2 * DAY, NOW - DAY)
    assert found.is_complete
    assert counts(get(world, ItemType.THREAD)) == (0, 0, 0, 0)


def test_an_answer_changes_its_thread(world: World) -> None:
    first = arrive(world, "Plan", date=NOW - 2 * DAY)
    get(world, ItemType.THREAD)
    arrive(world, "Re: Plan", reply_to=first)

    assert counts(get(world, ItemType.THREAD)) == (0, 1, 0, 0)
    assert (len(thread(world, "Plan").message_ids), thread(world, "Plan").received) == (2, NOW - DAY)


def test_threads_and_messages_do_not_get_into_each_others_way(world: World) -> None:
    arrive(world, "Plan")

    view = world.get()

    assert view.state is SnapshotState.DONE
    assert (len(held(world)), len(held(world, THREADS))) == (1, 1)


def test_threads_that_lack_their_beginning_are_marked(make_world: MakeWorld) -> None:
    world = make_world(provider="icloud")
    old = arrive(world, "Plan", date=NOW - 100 * DAY)
    arrive(world, "Re: Plan", reply_to=old)
    arrive(world, "New")

    get(world, ItemType.THREAD)

    assert {t: i.item.is_complete for t, i in held(world, THREADS).items()} == {"Re: Plan": False, "New": True}  # type: ignore[union-attr]


def test_a_whole_thread_stays_whole_while_its_beginning_drops_out(make_world: MakeWorld) -> None:
    clock = FrozenClock(NOW)
    world = make_world(provider="icloud", clock=clock)
    first = arrive(world, "Plan", date=NOW - 80 * DAY)
    second = arrive(world, "Re: Plan", reply_to=first, date=NOW - 20 * DAY)
    get(world, ItemType.THREAD)
    clock.advance(20 * DAY)

    assert counts(get(world, ItemType.THREAD)) == (0, 0, 0, 0)

    third = arrive(world, "Re: Plan", reply_to=second)
    assert counts(get(world, ItemType.THREAD)) == (0, 1, 0, 0)
    found = thread(world, "Plan")
    assert (found.message_ids, found.began, found.is_complete) == ((first, second, third), NOW - 80 * DAY, True)


@pytest.mark.parametrize("item_type", MAIL_TYPES)
def test_mail_that_leaves_the_providers_cache_is_kept(
    make_world: MakeWorld, item_type: ItemType, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FrozenClock(NOW)
    world = make_world(provider="icloud", clock=clock)
    arrive(world, "Old", date=NOW - 80 * DAY)
    arrive(world, "New")
    get(world, item_type)
    clock.advance(30 * DAY)
    monkeypatch.setattr(type(world.product.clock), "now", lambda _: float(NOW + 30 * DAY))
    world.forget_requests()

    run = get(world, item_type)

    assert (counts(run), run.counters.outside) == ((0, 0, 0, 0), 1)
    assert len(world.items()) == 2
    assert all("/messages/" not in e["path"] for e in world.box.sandbox.requests.entries())


# --- plans and exports -------------------------------------------------------------------------------------------


def test_a_preview_of_mail_shows_all_but_the_text(world: World) -> None:
    arrive(world, "Offer", body="<p>secret text that is long enough to be more than what a snippet holds</p>" * 5)
    view = world.get(link_id=world.typed_link(ItemType.MESSAGE).id, is_preview=True)

    (row,) = world.rows("plan_items")
    after = json.loads(row["after"])

    assert (row["title"], row["reason"], after["subject"]) == ("Offer", Reason.CREATED_AT_SOURCE, "Offer")
    assert "body" not in after
    assert held(world) == {}
    assert view.state is SnapshotState.DONE


def test_mail_leaves_the_crm_and_comes_back_as_lines(world: World) -> None:
    arrive(world, "Offer")
    world.get()
    lines = list(world.services.crm.export("u0"))

    types = {json.loads(line)["type"] for line in lines}
    before = world.items()
    report = world.services.crm.load(OLGA, lines)

    assert {"message", "thread"} <= types
    assert report.problems == ()
    assert {i: c.item for i, c in world.items().items()} == {i: c.item for i, c in before.items()}


@pytest.mark.parametrize("moment", ["listed", "load 1"])
def test_mail_that_arrives_during_a_get_is_noticed_and_nothing_is_doubled(tmp_path: Path, moment: str) -> None:
    ears = Meanwhile(NylasHttpSide(patience=QUICK))
    with judged_sandbox(users=1) as box, opened(tmp_path, box, nylas=ears, mail=True) as world:
        arrive(world, "Early")
        link = world.typed_link(ItemType.MESSAGE)
        ears.at(moment, lambda: world.services.arrivals.accept(link.id, arrive(world, "Late")))

        run = get(world)
        get(world)

        assert (run.state, run.counters.failed, ears.is_pending) == (RunState.DONE, 0, False)
        assert world.titles_in_crm() == ["Early", "Late"]
