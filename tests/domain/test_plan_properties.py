"""What holds for every plan, whatever the facts: sides, pairs (stale, one-sided, contradicting), window, options."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from nylasadmin.domain.filters import By, Filter, Kinds, sieve
from nylasadmin.domain.items import ItemId, day_of
from nylasadmin.domain.plan import (
    ALWAYS,
    BOOKKEEPING,
    WRITES,
    Action,
    ActionKind,
    Observed,
    Options,
    Pair,
    Reason,
    ReceiverOnly,
    Window,
    plan,
)

SOURCE_IDS = [ItemId(f"s{n}") for n in range(4)]
DESTINATION_IDS = [ItemId(f"d{n}") for n in range(4)]
DAY = 86_400
WINDOW = Window(100, 200)
FREE = Options(receiver_only=ReceiverOnly.REMOVE)
REFUSALS = st.sampled_from([None, None, None, Reason.ITEM_READ_ONLY, Reason.ORGANIZED_BY_OTHER])


class Facts(NamedTuple):
    source: dict[ItemId, Observed]
    destination: dict[ItemId, Observed]
    pairs: frozenset[Pair]


@st.composite
def sides(draw: st.DrawFn, own: list[ItemId], others: list[ItemId]) -> dict[ItemId, Observed]:
    ids = draw(st.lists(st.sampled_from(own), unique=True))
    return {i: draw(observed(i, others)) for i in ids}


def observed(id: ItemId, others: list[ItemId]) -> st.SearchStrategy[Observed]:
    return st.builds(
        Observed,
        id=st.just(id),
        fingerprint=st.sampled_from([b"a", b"b"]),
        start=st.sampled_from([0, 50, 100, 150, 250, DAY]),
        end=st.sampled_from([50, 100, 150, 300, DAY + 50, 3 * DAY]),
        is_recurring=st.booleans(),
        exceptions=st.sampled_from([0, 0, 9]),
        uid=st.sampled_from([None, "", "u", "v"]),
        original_start=st.sampled_from([None, None, 7]),
        claims=st.none() | st.sampled_from(others),
        blocked=REFUSALS,
        modified=st.sampled_from([None, 50, 150, DAY + 50]),
    )


PAIRS = st.builds(Pair, st.sampled_from(SOURCE_IDS), st.sampled_from(DESTINATION_IDS))
FACTS = st.builds(
    Facts, sides(SOURCE_IDS, DESTINATION_IDS), sides(DESTINATION_IDS, SOURCE_IDS), st.frozensets(PAIRS, max_size=8)
)
FILTERS = st.builds(
    Filter,
    by=st.sampled_from(By),
    since=st.sampled_from([None, day_of(0), day_of(DAY)]),
    until=st.sampled_from([None, day_of(0), day_of(DAY)]),
    kinds=st.sampled_from(Kinds),
)
OPTIONS = st.builds(
    Options,
    receiver_only=st.sampled_from(ReceiverOnly),
    window=st.sampled_from([ALWAYS, WINDOW]),
    refusal=st.sampled_from([None, None, None, Reason.FOLDER_READ_ONLY]),
    max_exceptions=st.sampled_from([None, 5]),
    filter=st.none() | FILTERS,
    archived_before=st.sampled_from([None, 120, DAY]),
)
CHOICES = st.frozensets(st.sampled_from(SOURCE_IDS + DESTINATION_IDS))


def writable(facts: Facts) -> Facts:
    free = {i: msgspec.structs.replace(o, blocked=None) for i, o in facts.destination.items()}
    return facts._replace(destination=free)


def planned(facts: Facts, options: Options) -> list[Action]:
    return plan(facts.source.values(), facts.destination.values(), facts.pairs, options)


def applied(facts: Facts, actions: list[Action]) -> Facts:
    """Execute a plan as its executor does: on plain dictionaries."""
    source, destination, pairs = facts.source, dict(facts.destination), set(facts.pairs)
    for action in actions:
        target = action.destination
        if action.kind is ActionKind.CREATE:
            target = ItemId(f"copy of {action.source}")
            assert target not in destination, "created twice"
            copy = source[action.source]  # type: ignore[index]
            destination[target] = msgspec.structs.replace(copy, id=target, claims=copy.id, uid=None, blocked=None)
        elif action.kind is ActionKind.UPDATE:
            destination[target] = written(source[action.source], destination[target])  # type: ignore[index]
        elif action.kind is ActionKind.DELETE:
            del destination[target]  # type: ignore[arg-type]
            pairs = {p for p in pairs if p.destination != target}
        elif action.kind is ActionKind.FORGET:
            pairs.discard(Pair(action.source, target))  # type: ignore[arg-type]
        if action.pairs_anew:
            pairs = {p for p in pairs if p.source != action.source and p.destination != target}
            pairs.add(Pair(action.source, target))  # type: ignore[arg-type]
    return Facts(source, destination, frozenset(pairs))


def written(item: Observed, other: Observed) -> Observed:
    return msgspec.structs.replace(
        item,
        id=other.id,
        uid=other.uid,
        original_start=other.original_start,
        claims=other.claims,
        blocked=other.blocked,
    )


@given(FACTS, OPTIONS)
@settings(max_examples=300)
def test_planning_again_after_a_run_gives_nothing_to_do(facts: Facts, options: Options) -> None:
    after = applied(facts, planned(facts, options))

    again = planned(after, options)

    assert [a for a in again if a.kind in WRITES | BOOKKEEPING] == []


@given(FACTS, OPTIONS)
@settings(max_examples=200)
def test_after_a_run_each_source_item_has_an_equal_partner_or_a_reason_why_not(facts: Facts, options: Options) -> None:
    actions = planned(facts, options)
    after = applied(facts, actions)
    partners = {p.source: p.destination for p in after.pairs}

    excused = {a.source for a in actions if a.kind in (ActionKind.SKIP, ActionKind.OUTSIDE)}

    for item in facts.source.values():
        if item.id not in excused:
            assert after.destination[partners[item.id]].fingerprint == item.fingerprint


@given(FACTS.map(writable))
def test_a_run_without_hindrance_makes_the_destination_the_source(facts: Facts) -> None:
    after = applied(facts, planned(facts, FREE))

    assert len(after.pairs) == len(after.source)
    assert {p.source for p in after.pairs} == set(after.source)
    assert {p.destination for p in after.pairs} == set(after.destination)
    assert all(after.source[p.source].fingerprint == after.destination[p.destination].fingerprint for p in after.pairs)


@given(FACTS.map(writable))
def test_what_one_direction_copied_the_other_finds_equal(facts: Facts) -> None:
    after = applied(facts, planned(facts, FREE))

    back = plan(
        after.destination.values(), after.source.values(), [Pair(p.destination, p.source) for p in after.pairs], FREE
    )

    assert {a.kind for a in back} <= {ActionKind.UNCHANGED}


@given(FACTS.map(writable), st.data())
def test_a_plan_that_was_carried_out_in_part_is_completed_by_the_next_one(facts: Facts, data: st.DataObject) -> None:
    actions = planned(facts, FREE)
    done = [a for a in actions if data.draw(st.booleans())]

    halfway = applied(facts, done)
    after = applied(halfway, planned(halfway, FREE))

    assert len(after.source) == len(after.destination) == len(after.pairs)
    assert {a.kind for a in planned(after, FREE)} <= {ActionKind.UNCHANGED}


@given(FACTS.map(writable))
def test_created_items_whose_pairs_were_lost_are_found_by_our_marker(facts: Facts) -> None:
    actions = planned(facts, FREE)
    created = {a.source for a in actions if a.kind is ActionKind.CREATE}
    after = applied(facts, actions)

    lost = after._replace(pairs=frozenset(p for p in after.pairs if p.source not in created))

    assert {a.kind for a in planned(lost, FREE)} <= {ActionKind.UNCHANGED, ActionKind.ADOPT}


@given(FACTS, OPTIONS, st.randoms(use_true_random=False))
def test_the_order_of_the_facts_does_not_matter(facts: Facts, options: Options, random: st.randoms) -> None:  # type: ignore[valid-type]
    source, destination, pairs = (
        list(facts.source.values()),
        list(facts.destination.values()),
        sorted(facts.pairs, key=str),
    )
    expected = plan(source, destination, pairs, options)
    for facts_of_a_kind in (source, destination, pairs):
        random.shuffle(facts_of_a_kind)  # type: ignore[attr-defined]

    assert plan(source, destination, pairs, options) == expected


@given(FACTS, OPTIONS)
def test_items_outside_the_window_are_never_touched(facts: Facts, options: Options) -> None:
    after = applied(facts, planned(facts, options))

    for item in facts.destination.values():
        if not options.window.holds(item):
            assert after.destination[item.id] == item


@given(FACTS, OPTIONS, FILTERS)
@settings(max_examples=300)
def test_nothing_is_written_outside_the_filter(facts: Facts, options: Options, asked: Filter) -> None:
    filtered, inside = msgspec.structs.replace(options, filter=asked), sieve(asked)

    for action in planned(facts, filtered):
        if action.kind is ActionKind.DELETE:
            assert action.source not in facts.source
            assert inside.lets_delete(facts.destination[action.destination])  # type: ignore[index]
        elif action.writes or action.kind is ActionKind.ADOPT:
            assert inside.holds(facts.source[action.source])  # type: ignore[index]


@given(FACTS, OPTIONS, FILTERS)
@settings(max_examples=300)
def test_a_filter_takes_away_and_never_adds(facts: Facts, options: Options, asked: Filter) -> None:
    """An item outside is never mistaken for a deleted one: what a filtered plan writes, the whole plan writes too."""
    whole = planned(facts, msgspec.structs.replace(options, filter=None))
    part = planned(facts, msgspec.structs.replace(options, filter=asked))

    assert all(a in whole for a in part if a.kind is not ActionKind.OUTSIDE)


@given(FACTS, OPTIONS)
def test_single_items_older_than_the_archive_are_never_deleted(facts: Facts, options: Options) -> None:
    protected = msgspec.structs.replace(options, archived_before=120)
    victims = [facts.destination[a.destination] for a in planned(facts, protected) if a.kind is ActionKind.DELETE]  # type: ignore[index]

    assert all(v.is_recurring or v.end > 120 for v in victims)


@given(FACTS, OPTIONS)
def test_items_outside_the_window_are_never_copied(facts: Facts, options: Options) -> None:
    written_from = {a.source for a in planned(facts, options) if a.kind in (ActionKind.CREATE, ActionKind.UPDATE)}

    assert all(options.window.holds(facts.source[s]) for s in written_from if s is not None)


@given(FACTS, OPTIONS)
@settings(max_examples=200)
def test_every_item_has_exactly_one_action(facts: Facts, options: Options) -> None:
    actions = [a for a in planned(facts, options) if a.kind is not ActionKind.FORGET]

    by_source = Counter(a.source for a in actions if a.source in facts.source)
    by_destination = Counter(a.destination for a in actions if a.destination in facts.destination)

    assert by_source == Counter(list(facts.source))
    assert by_destination == Counter(list(facts.destination))


@given(FACTS, OPTIONS)
def test_every_pair_is_kept_replaced_or_forgotten_and_no_item_stays_in_two(facts: Facts, options: Options) -> None:
    pairs = applied(facts, planned(facts, options)).pairs

    assert max(Counter(p.source for p in pairs).values(), default=1) == 1
    assert max(Counter(p.destination for p in pairs).values(), default=1) == 1


@given(FACTS, OPTIONS)
def test_a_folder_that_takes_no_writes_gets_none(facts: Facts, options: Options) -> None:
    closed = msgspec.structs.replace(options, refusal=Reason.FOLDER_READ_ONLY)

    assert applied(facts, planned(facts, closed)).destination == facts.destination


@given(FACTS, OPTIONS)
def test_items_their_side_would_not_change_are_never_written(facts: Facts, options: Options) -> None:
    victims = {a.destination for a in planned(facts, options) if a.writes}

    assert all(facts.destination[d].blocked is None for d in victims if d is not None)


@given(FACTS, OPTIONS)
def test_a_receivers_own_items_survive_unless_their_removal_was_asked_for(facts: Facts, options: Options) -> None:
    kept = msgspec.structs.replace(options, receiver_only=ReceiverOnly.KEEP)
    paired = {p.destination for p in facts.pairs}

    after = applied(facts, planned(facts, kept))

    assert {d for d in facts.destination if d not in paired} <= set(after.destination)


@given(FACTS, OPTIONS)
def test_a_write_names_the_version_it_was_planned_on(facts: Facts, options: Options) -> None:
    for action in planned(facts, options):
        if action.kind in (ActionKind.UPDATE, ActionKind.DELETE):
            assert action.expected == facts.destination[action.destination].fingerprint  # type: ignore[index]
        if action.kind is ActionKind.CREATE:
            assert action.destination is None
            assert action.expected is None


@given(FACTS, OPTIONS, CHOICES)
@settings(max_examples=200)
def test_a_choice_of_items_leaves_the_rest_alone_and_changes_nothing_about_them(
    facts: Facts, options: Options, only: frozenset[ItemId]
) -> None:
    everything = planned(facts, options)
    narrow = planned(facts, msgspec.structs.replace(options, only=only))

    asked_for = [a for a in narrow if a.reason is not Reason.NOT_ASKED_FOR]
    assert all(a in everything for a in asked_for)
    assert all(a.kind is ActionKind.OUTSIDE and not a.pairs_anew for a in narrow if a not in asked_for)
    ids = {i for a in asked_for for i in (a.source, a.destination)}
    assert all(i in ids for i in only if i in facts.source or i in facts.destination)


@given(FACTS, OPTIONS, CHOICES)
def test_planning_chosen_items_again_after_a_run_gives_nothing_to_do(
    facts: Facts, options: Options, only: frozenset[ItemId]
) -> None:
    narrow = msgspec.structs.replace(options, only=only)
    after = applied(facts, planned(facts, narrow))

    assert [a for a in planned(after, narrow) if a.kind in WRITES | BOOKKEEPING] == []
