"""The table of kinds: what each answers, and that stored bodies are read whatever their kind."""

from __future__ import annotations

import pytest

from nylasadmin.domain.contacts import Contact, Labelled
from nylasadmin.domain.fidelity import FULL
from nylasadmin.domain.items import ItemType, ScheduleItem, Timed, encode_item
from nylasadmin.domain.kinds import Item, decode_body, encode_body, fingerprint, kind_of, merged, outline, supported
from nylasadmin.domain.observations import ALWAYS, Observed

MEETING = ScheduleItem(when=Timed(1_800_000_000, 1_800_003_600), title="Review", uid="u1")
ANNA = Contact(given_name="Anna", emails=(Labelled("anna@brightwater.example"),))


@pytest.mark.parametrize("item", [MEETING, ANNA, Contact()], ids=["event", "contact", "empty contact"])
def test_a_stored_body_tells_its_kind(item: Item) -> None:
    assert decode_body(encode_body(item)) == item


def test_a_body_stored_before_there_were_kinds_is_an_event() -> None:
    assert decode_body(encode_item(MEETING)) == MEETING
    assert encode_body(MEETING) == encode_item(MEETING)


def test_each_kind_says_its_type() -> None:
    assert (kind_of(MEETING).item_type, kind_of(ANNA).item_type) == (ItemType.EVENT, ItemType.CONTACT)
    assert supported(ItemType.EVENT)
    assert supported(ItemType.CONTACT)


def test_an_event_and_a_contact_never_have_the_same_fingerprint() -> None:
    assert fingerprint(MEETING, FULL) != fingerprint(ANNA, FULL)


def test_of_another_kind_nothing_is_kept() -> None:
    assert merged(ANNA, MEETING, FULL) == ANNA


def test_what_has_no_time_lies_in_every_window() -> None:
    seen = outline(ANNA)

    assert ALWAYS.holds(Observed(id="c1", fingerprint=b"", start=seen.start, end=seen.end))  # type: ignore[arg-type]
    assert (outline(MEETING).start, outline(MEETING).uid) == (1_800_000_000, "u1")
