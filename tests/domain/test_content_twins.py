"""Items without a UID: equal ones are the same, each once, and nothing else is."""

from __future__ import annotations

from msgspec.structs import replace

from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import ActionKind, Observed, Options, Pair, plan

CREATE, ADOPT, KEEP, UNCHANGED = ActionKind.CREATE, ActionKind.ADOPT, ActionKind.KEEP, ActionKind.UNCHANGED


def contact(item_id: str, content: bytes = b"anna") -> Observed:
    return Observed(id=ItemId(item_id), fingerprint=content, is_known_by_content=True)


def kinds(source: list[Observed], destination: list[Observed], *pairs: tuple[str, str]) -> list[ActionKind]:
    known = [Pair(ItemId(s), ItemId(d)) for s, d in pairs]
    return sorted(a.kind for a in plan(source, destination, known, Options()))


def test_equal_ones_belong_together() -> None:
    assert kinds([contact("s")], [contact("d")]) == [ADOPT]


def test_one_that_differs_is_another_one() -> None:
    assert kinds([contact("s")], [contact("d", b"boris")]) == [CREATE, KEEP]


def test_each_is_taken_once() -> None:
    source = [contact("s1"), contact("s2"), contact("s3")]

    assert kinds(source, [contact("d1"), contact("d2")]) == [ADOPT, ADOPT, CREATE]


def test_one_that_is_paired_is_nobody_elses() -> None:
    assert kinds([contact("s1"), contact("s2")], [contact("d1")], ("s1", "d1")) == [CREATE, UNCHANGED]


def test_a_copy_of_one_that_was_deleted_and_entered_again_is_kept() -> None:
    assert kinds([contact("new")], [contact("d")], ("old", "d")) == [ADOPT]


def test_equal_items_that_have_a_uid_are_not_taken_for_the_same() -> None:
    event = replace(contact("s"), is_known_by_content=False)

    assert kinds([event], [replace(event, id=ItemId("d"))]) == [CREATE, KEEP]
