"""The planner of undo, case by case: what was written, what is there now, and what follows."""

from __future__ import annotations

from typing import Any

import pytest

from nylasadmin.domain.fidelity import FULL
from nylasadmin.domain.items import ChangedOccurrence, ItemId, ScheduleItem, Timed
from nylasadmin.domain.plan import Action, ActionKind, Observed, Options, Pair, Reason
from nylasadmin.domain.undoing import Now, Restored, Written, image, image_id, image_key, own_fields, undo

K, R = ActionKind, Reason
CREATE, UPDATE, DELETE = K.CREATE, K.UPDATE, K.DELETE


def seen(id: str, text: str, **facts: Any) -> Observed:
    return Observed(id=ItemId(id), fingerprint=text.encode(), title=f"title of {id}", **facts)


def wrote(kind: ActionKind, before: str = "", after: str = "", *, seq: int = 0, **facts: Any) -> Written:
    """Give a write of item ``d``, which is tied to ``s``; ``facts`` are of the version before."""
    name = image_id(7, seq)
    return Written(
        image=name,
        kind=kind,
        destination=ItemId("d"),
        source=ItemId("s"),
        before=seen(name, before, **facts) if before else None,
        after=after.encode() or None,
    )


def there(*items: Observed, **facts: Any) -> Now:
    return Now(destination={o.id: o for o in items}, **facts)


def short(actions: list[Action]) -> list[tuple[ActionKind, Reason, str | None]]:
    return [(a.kind, a.reason, a.destination) for a in actions]


CREATED, UPDATED, DELETED = wrote(CREATE, after="new"), wrote(UPDATE, "old", "new"), wrote(DELETE, "old")
D, SKIPPED = ItemId("d"), (K.SKIP, R.TOUCHED_SINCE, "d")

CASES = [
    pytest.param([CREATED], there(seen("d", "new")), (DELETE, R.UNDO_CREATE, "d"), id="created, untouched"),
    pytest.param([CREATED], there(seen("d", "else")), SKIPPED, id="created, changed since"),
    pytest.param([CREATED], there(seen("d", "new"), annotated={D}), SKIPPED, id="created, annotated since"),
    pytest.param([CREATED], there(), (K.FORGET, R.GONE_FROM_BOTH, "d"), id="created, gone already"),
    pytest.param(
        [CREATED],
        there(seen("d", "new", blocked=R.ITEM_READ_ONLY)),
        (K.SKIP, R.ITEM_READ_ONLY, "d"),
        id="created, takes no changes",
    ),
    pytest.param([wrote(CREATE)], there(seen("d", "new")), SKIPPED, id="created, nobody knows as what"),
    pytest.param([UPDATED], there(seen("d", "new")), (UPDATE, R.UNDO_UPDATE, "d"), id="overwritten, untouched"),
    pytest.param([UPDATED], there(seen("d", "old")), (K.UNCHANGED, R.EQUAL, "d"), id="overwritten, back already"),
    pytest.param([UPDATED], there(seen("d", "else")), SKIPPED, id="overwritten, changed since"),
    pytest.param([UPDATED], there(), (K.SKIP, R.TOUCHED_SINCE, None), id="overwritten, deleted since"),
    pytest.param(
        [UPDATED],
        there(seen("d", "new", blocked=R.ORGANIZED_BY_OTHER)),
        (K.SKIP, R.ORGANIZED_BY_OTHER, "d"),
        id="overwritten, organized by somebody else",
    ),
    pytest.param([DELETED], there(), (CREATE, R.UNDO_DELETE, None), id="deleted, still gone"),
    pytest.param([DELETED], there(seen("d", "old")), (K.UNCHANGED, R.EQUAL, "d"), id="deleted, back as it was"),
    pytest.param([DELETED], there(seen("d", "else")), SKIPPED, id="deleted, back as something else"),
    pytest.param(
        [DELETED],
        there(seen("e", "old", claims=image_id(7, 0))),
        (K.UNCHANGED, R.EQUAL, "e"),
        id="deleted, created again by an undo whose end nobody knew",
    ),
    pytest.param(
        [DELETED],
        there(seen("e", "else", claims=image_id(7, 0))),
        (K.SKIP, R.TOUCHED_SINCE, "e"),
        id="deleted, created again and changed since",
    ),
    pytest.param(
        [DELETED],
        there(seen("e", "half"), restored=[Restored(image=image_id(7, 0), destination=ItemId("e"), after=b"half")]),
        (UPDATE, R.UNDO_DELETE, "e"),
        id="deleted, brought back in part by an earlier undo",
    ),
    pytest.param(
        [DELETED],
        there(restored=[Restored(image=image_id(7, 0), destination=ItemId("e"), after=b"old")]),
        (CREATE, R.UNDO_DELETE, None),
        id="deleted, brought back, and gone once more",
    ),
    pytest.param(
        [DELETED],
        there(seen("e", "else"), pairs=[Pair(ItemId("s"), ItemId("e"))]),
        (K.SKIP, R.TOUCHED_SINCE, "e"),
        id="deleted, and its other half has a new partner",
    ),
    pytest.param(
        [wrote(DELETE, "old", uid="u")],
        there(seen("e", "old", uid="u")),
        (K.UNCHANGED, R.EQUAL, "e"),
        id="deleted, a twin is there and equal",
    ),
    pytest.param(
        [wrote(DELETE, "old", uid="u")],
        there(seen("e", "else", uid="u")),
        (K.SKIP, R.TOUCHED_SINCE, "e"),
        id="deleted, a twin is there and differs",
    ),
    pytest.param(
        [wrote(DELETE, "old", uid="u", original_start=5)],
        there(seen("e", "old", uid="u", original_start=6)),
        (CREATE, R.UNDO_DELETE, None),
        id="deleted, another occurrence of the same series is no twin",
    ),
    pytest.param(
        [wrote(CREATE, after="half"), wrote(UPDATE, "half", "new", seq=1)],
        there(seen("d", "new")),
        (DELETE, R.UNDO_CREATE, "d"),
        id="created in part, then completed",
    ),
    pytest.param(
        [wrote(UPDATE, "old", "one"), wrote(UPDATE, "one", "two", seq=1)],
        there(seen("d", "two")),
        (UPDATE, R.UNDO_UPDATE, "d"),
        id="overwritten twice",
    ),
    pytest.param(
        [wrote(UPDATE, "old", "one"), wrote(UPDATE, "one", "two", seq=1)],
        there(seen("d", "one")),
        (UPDATE, R.UNDO_UPDATE, "d"),
        id="overwritten twice, the second one perhaps not",
    ),
    pytest.param(
        [wrote(UPDATE, "old", "new"), wrote(DELETE, "new", seq=1)],
        there(),
        (CREATE, R.UNDO_DELETE, None),
        id="overwritten, then deleted",
    ),
    pytest.param(
        [wrote(CREATE, after="new"), wrote(DELETE, "new", seq=1)],
        there(),
        (K.FORGET, R.GONE_FROM_BOTH, "d"),
        id="created, then deleted",
    ),
]


@pytest.mark.parametrize(("written", "now", "expected"), CASES)
def test_each_case(written: list[Written], now: Now, expected: tuple[Any, ...]) -> None:
    assert short(undo(written, now, Options())) == [expected]


def test_two_deleted_items_of_one_uid_both_come_back_also_after_an_interruption() -> None:
    one, two = (
        Written(image=image_id(7, n), kind=DELETE, destination=ItemId(f"d{n}"), before=seen("b", "old", uid="u"))
        for n in (1, 2)
    )
    (first, second) = undo([one, two], there(seen("d1", "old", uid="u")), Options())
    assert (first.kind, second.kind, second.revives) == (K.UNCHANGED, CREATE, "d2")


def test_a_write_whose_image_is_not_kept_any_more_is_left_alone() -> None:
    assert undo([wrote(UPDATE, after="new"), wrote(DELETE)], there(seen("d", "new")), Options()) == []


def test_the_first_version_before_counts() -> None:
    written = [wrote(UPDATE, "old", "one", seq=3), wrote(UPDATE, "one", "two", seq=4)]
    (action,) = undo(written, there(seen("d", "two")), Options())
    assert (action.source, action.expected) == (image_id(7, 3), b"two")


def test_what_comes_back_gets_its_id_and_its_pair_if_the_other_side_has_it() -> None:
    (alone,) = undo([DELETED], there(), Options())
    (tied,) = undo([DELETED], there(sources={ItemId("s")}), Options())
    assert (alone.revives, alone.partner, alone.pairs_anew) == ("d", None, False)
    assert (tied.revives, tied.partner, tied.pairs_anew) == ("d", "s", True)


def test_what_is_deleted_again_or_restored_names_its_partner_and_makes_no_pair() -> None:
    for write in (CREATED, UPDATED):
        (action,) = undo([write], there(seen("d", "new")), Options())
        assert (action.partner, action.pairs_anew) == ("s", False)


@pytest.mark.parametrize("write", [CREATED, UPDATED, DELETED])
def test_a_folder_that_takes_no_changes_is_skipped_with_its_reason(write: Written) -> None:
    now = there() if write is DELETED else there(seen("d", "new"))
    (action,) = undo([write], now, Options(refusal=R.FOLDER_READ_ONLY))
    assert (action.kind, action.reason) == (K.SKIP, R.FOLDER_READ_ONLY)


def test_a_series_with_too_many_changed_occurrences_is_skipped() -> None:
    write = wrote(DELETE, "old", exceptions=3)
    (action,) = undo([write], there(), Options(max_exceptions=2))
    assert (action.kind, action.reason) == (K.SKIP, R.TOO_MANY_EXCEPTIONS)


def test_the_order_of_items_does_not_matter() -> None:
    others = [Written(image=image_id(8, n), kind=CREATE, destination=ItemId(f"x{n}"), after=b"a") for n in range(4)]
    now = there(*(seen(f"x{n}", "a") for n in range(4)))
    assert undo(others, now, Options()) == undo(others[::-1], now, Options())


def test_an_image_has_a_name_that_is_read_back() -> None:
    assert image_key(image_id(12, 345)) == (12, 345)
    assert [image_key(ItemId(text)) for text in ("abc", "undo-1", "undo-x-2", "crm-1-2", "")] == [None] * 5


def test_what_lives_at_one_side_only_is_told_apart() -> None:
    plain = ScheduleItem(when=Timed(0, 60))
    noted = ScheduleItem(when=Timed(0, 60), private_notes="psst")
    series = ScheduleItem(when=Timed(0, 60), exceptions=(ChangedOccurrence(0, noted),))
    assert own_fields(plain) == own_fields(ScheduleItem(when=Timed(60, 120), title="other"))
    assert len({own_fields(plain), own_fields(noted), own_fields(series)}) == 3
    assert image(image_id(1, 2), plain, FULL).fingerprint == image(image_id(3, 4), noted, FULL).fingerprint
