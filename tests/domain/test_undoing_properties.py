"""Whatever a snapshot wrote and whoever touched it since: undo restores what is untouched, and only that."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import Action, ActionKind, Observed, Options
from nylasadmin.domain.undoing import Now, Written, image_id, undo

State = dict[ItemId, str]
"""What the destination holds: a text for each item."""

IDS = [ItemId(f"item-{n}") for n in range(6)]
starts = st.dictionaries(st.sampled_from(IDS), st.just("first"))
wishes = st.lists(st.tuples(st.sampled_from(IDS), st.booleans()), max_size=12)
touches = st.dictionaries(st.sampled_from(IDS), st.booleans())


def written(state: State, wishes: list[tuple[ItemId, bool]]) -> list[Written]:
    """Let a snapshot write: delete an item, or create or overwrite it; gives its record, ``state`` is changed."""
    record = []
    for seq, (item_id, is_delete) in enumerate(wishes):
        before = state.pop(item_id, None)
        if is_delete and before is None:
            continue
        if not is_delete:
            state[item_id] = f"written {seq}"
        kind = ActionKind.DELETE if is_delete else ActionKind.CREATE if before is None else ActionKind.UPDATE
        name = image_id(1, seq)
        record.append(
            Written(
                image=name,
                kind=kind,
                destination=item_id,
                before=None if before is None else seen(name, before),
                after=None if is_delete else state[item_id].encode(),
            )
        )
    return record


def seen(item_id: ItemId, text: str) -> Observed:
    return Observed(id=item_id, fingerprint=text.encode())


def planned(record: list[Written], state: State) -> list[Action]:
    return undo(record, Now(destination={i: seen(i, t) for i, t in state.items()}), Options())


def carry_out(action: Action, record: list[Written], state: State) -> None:
    """Do what an action says, to a destination that gives items the ids they had."""
    images = {w.image: w.before.fingerprint.decode() for w in record if w.before is not None}
    if action.kind is ActionKind.DELETE and action.destination is not None:
        del state[action.destination]
    elif action.kind in (ActionKind.CREATE, ActionKind.UPDATE) and action.source is not None:
        item_id = action.destination or action.revives
        assert item_id is not None
        assert (action.kind is ActionKind.UPDATE) == (item_id in state)
        state[item_id] = images[action.source]


@given(starts, wishes, touches, st.integers(0, 6))
def test_what_is_untouched_is_restored_and_what_was_touched_stays(
    before: State, wishes: list[tuple[ItemId, bool]], touches: dict[ItemId, bool], killed_after: int
) -> None:
    state = dict(before)
    record = written(state, wishes)
    expected = dict(before)
    for item_id, is_delete in touches.items():
        state.pop(item_id, None)
        expected.pop(item_id, None)
        if not is_delete:
            expected[item_id] = state[item_id] = "touched"
    for write in record:  # who deletes what was deleted, or what was created, has touched nothing
        first = next(w for w in record if w.destination == write.destination)
        last = [w for w in record if w.destination == write.destination][-1]
        if touches.get(write.destination) and last.kind is ActionKind.DELETE and first.before is not None:
            expected[write.destination] = first.before.fingerprint.decode()

    for action in planned(record, state)[:killed_after]:
        carry_out(action, record, state)
    for action in planned(record, state):  # by the worker that goes on
        carry_out(action, record, state)

    assert state == expected
    assert not [a for a in planned(record, state) if a.writes]
