"""A run is bound to what was shown."""

from __future__ import annotations

from nylasadmin.domain.binding import Key, Shown, bind
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import Action, ActionKind, Reason

A, B, X, Y = (ItemId(name) for name in "abxy")
NOW = {A: b"a1", B: b"b1"}


def update(source: ItemId, destination: ItemId, expected: bytes = b"x1") -> Action:
    return Action(
        kind=ActionKind.UPDATE, reason=Reason.DIFFERS, source=source, destination=destination, expected=expected
    )


def shown(source: bytes | None = b"a1", expected: bytes | None = b"x1", *, is_excluded: bool = False) -> Shown:
    return Shown(kind=ActionKind.UPDATE, source_fingerprint=source, expected=expected, is_excluded=is_excluded)


def bound(
    fresh: list[Action], seen: dict[Key, Shown], done: frozenset[Key] = frozenset()
) -> tuple[list[Action], list[Key]]:
    result = bind(fresh, NOW, seen, done)
    return result.actions, result.moved


def test_a_write_that_was_shown_exactly_so_is_carried_out() -> None:
    assert bound([update(A, X)], {(A, X): shown()}) == ([update(A, X)], [])


def test_a_write_whose_source_changed_since_is_left_and_named() -> None:
    assert bound([update(A, X)], {(A, X): shown(source=b"a0")}) == ([], [(A, X)])


def test_a_write_whose_destination_changed_since_is_left_and_named() -> None:
    assert bound([update(A, X, b"x2")], {(A, X): shown()}) == ([], [(A, X)])


def test_a_shown_write_that_is_not_needed_any_more_is_named() -> None:
    assert bound([], {(A, X): shown()}) == ([], [(A, X)])


def test_a_shown_write_that_this_run_did_before_it_was_interrupted_is_not_stale() -> None:
    assert bound([], {(A, X): shown()}, frozenset({(A, X)})) == ([], [])


def test_a_write_nobody_was_shown_is_left_for_the_next_plan() -> None:
    assert bound([update(B, Y)], {}) == ([], [])


def left(source: ItemId, destination: ItemId | None, reason: Reason = Reason.TOUCHED_SINCE) -> Action:
    return Action(kind=ActionKind.SKIP, reason=reason, source=source, destination=destination)


def test_a_shown_write_whose_item_was_touched_is_named_once() -> None:
    assert bound([left(A, X)], {(A, X): shown()}) == ([], [(A, X)])
    assert bound([left(A, X)], {(A, None): shown()}) == ([], [(A, None)])


def test_what_was_left_in_the_preview_too_is_left_again_with_its_reason() -> None:
    assert bound([left(A, X)], {(B, Y): shown(is_excluded=True)}) == ([left(A, X)], [])
    assert bound([left(A, X)], {(A, X): shown()}, frozenset({(A, X)})) == ([left(A, X)], [])


def test_an_excluded_write_is_skipped_with_its_reason_and_never_stale() -> None:
    actions, moved = bound([update(A, X)], {(A, X): shown(is_excluded=True)})
    assert [(a.kind, a.reason) for a in actions] == [(ActionKind.SKIP, Reason.EXCLUDED)]
    assert moved == []
    assert bound([], {(A, X): shown(is_excluded=True)}) == ([], [])


def test_what_writes_nothing_passes() -> None:
    note = Action(kind=ActionKind.ADOPT, reason=Reason.TWIN_FOUND, source=A, destination=X, pairs_anew=True)
    assert bound([note], {}) == ([note], [])
