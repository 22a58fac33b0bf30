"""Contacts there and back: a filled sandbox -> Get -> CRM -> Send -> an empty second sandbox -> Get again.

Both address books are compared by what their own API shows, without any of the code under test. What is not compared,
and why: ids of groups (each account has its own), pictures (read only), where a contact lies, and ``display_name``,
which the service does not document.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from nylasadmin.domain.plan import Direction
from nylasadmin.sandbox.testing import RunningSandbox
from tests.sandbox.openapi import judged_sandbox
from tests.services.worlds import OLGA, Json, World, add_target, opened

CARDS = """BEGIN:VCARD
VERSION:3.0
N:Öztürk;Zoë;Maria;Dr.;Jr.
FN:Dr. Zoë Maria Öztürk Jr.
NICKNAME:Zo
ORG:Brightwater GmbH;Research;Vienna
TITLE:Head of \\"Things\\"\\, really
item1.EMAIL;TYPE=INTERNET:Zoe@Brightwater.example
item1.X-ABLABEL:_$!<Work>!$_
EMAIL;TYPE=HOME:zoe@home.example
TEL;TYPE=CELL:+43 664 1234567
TEL;TYPE=WORK,VOICE:+43 1 555-01
TEL;TYPE=WORK,FAX:+43 1 555-02
TEL;TYPE=HOME:+43 1 555-03
ADR;TYPE=WORK:;Floor 4;Ring 1;Wien;;1010;Austria
ADR;TYPE=HOME:;;Gasse 3;Graz;Styria;8010;Austria
URL;TYPE=WORK:https://brightwater.example/zoe
URL:https://zoe.example
IMPP;X-SERVICE-TYPE=Jabber:xmpp:zoe@jabber.example
BDAY:1984-02-29
NOTE:First line\\nsecond 会议 🎉
END:VCARD
BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg
TEL;CELL:+49 170 1
BDAY:--0704
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:ACME Support
ORG:ACME
EMAIL:help@acme.example
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:nobody
N:;;;;
EMAIL:only@address.example
END:VCARD
"""
_NOT_COMPARED = ("id", "grant_id", "groups", "source", "updated_at", "picture_url", "picture", "display_name", "object")
USERS = 2


@pytest.fixture(scope="module", params=["google", "microsoft", "icloud", "ews", "imap"])
def trip(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningSandbox, RunningSandbox, World]]:
    folder = tmp_path_factory.mktemp("trip")
    (folder / "cards.vcf").write_text(CARDS, "utf-8")
    with ExitStack() as stack:
        first = stack.enter_context(
            judged_sandbox(users=USERS, contacts_per_user=40, vcard=folder / "cards.vcf", provider=str(request.param))
        )
        second = stack.enter_context(judged_sandbox(users=USERS, provider=str(request.param)))
        mirror_groups(first, second)
        world = stack.enter_context(opened(folder, first, contacts=True))
        assert world.get().counters.failed == 0
        target = add_target(world.product, second, "Second", contacts=True, requests_per_s=200.0)
        sent = world.services.snapshots.request(OLGA, direction=Direction.SEND, target_id=target.id)
        assert world.services.console.snapshot(sent.id).counters.failed == 0
        yield first, second, world


def mirror_groups(first: RunningSandbox, second: RunningSandbox) -> None:
    for mine, theirs in zip(first.grants, second.grants, strict=True):
        first.contacts(mine.id)  # address books are filled when they are first asked for
        for group in first.address_book(mine.id).groups.values():
            second.address_book(theirs.id).add_group(replace(group, id=f"other {group.id}", parent_id=None))


def shown(box: RunningSandbox, user: int) -> list[Json]:
    """Give what an address book shows, in one spelling and one order."""
    book = [c for c in box.contacts(box.grants[user].id) if c["source"] == "address_book"]
    return sorted((comparable(c) for c in book), key=lambda c: json.dumps(c, sort_keys=True))


def comparable(contact: Json) -> Json:
    plain: Json = {}
    for name, value in contact.items():
        if name in _NOT_COMPARED or not value:
            continue
        plain[name] = sorted(map(tidy, value), key=str) if isinstance(value, list) else value
    # A contact without a given name gets the name it is shown by: the service takes none without one.
    ways = [e["email"] for e in plain.get("emails", [])] + [p["number"] for p in plain.get("phone_numbers", [])]
    others = [plain.get("surname"), plain.get("suffix"), plain.get("nickname"), plain.get("company_name"), *ways]
    plain.setdefault("given_name", next((text for text in others if text), ""))
    return plain


def tidy(entry: Json) -> Json:
    kept = {name: value for name, value in entry.items() if value}
    return kept | {"email": kept["email"].lower()} if "email" in kept else kept


def test_every_contact_arrives_whole(trip: tuple[RunningSandbox, RunningSandbox, World]) -> None:
    first, second, _ = trip

    for user in range(USERS):
        assert shown(second, user) == shown(first, user)
        assert len(shown(first, user)) >= 40


def test_getting_it_back_and_sending_again_writes_nothing(trip: tuple[RunningSandbox, RunningSandbox, World]) -> None:
    _, second, world = trip
    target = next(t for t in world.services.console.targets() if t.name == "Second")
    second.sandbox.requests.clear()

    for direction in (Direction.SEND, Direction.GET, Direction.SEND):
        view = world.services.snapshots.request(OLGA, direction=direction, target_id=target.id)
        counters = world.services.console.snapshot(view.id).counters
        assert (counters.written, counters.failed, counters.skipped) == (0, 0, 0)
        assert counters.unchanged >= 80

    assert {e["method"] for e in second.sandbox.requests.entries()} == {"GET"}
