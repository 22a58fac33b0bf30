"""Findings about one item: what decides comes first, and everything that is said comes out of a closed set."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from nylasadmin.domain.explaining import Answer, Failing, Finding, Found, ItemFacts, LastWrite, Side, Way, explain
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.links import OffReason
from nylasadmin.domain.plan import Action, ActionKind, Direction, Observed, Reason
from nylasadmin.domain.runs import RunState
from nylasadmin.domain.verdicts import Rule, Verdict

GET, SEND = Direction.GET, Direction.SEND
CRM = Observed(id=ItemId("c"), fingerprint=b"1", modified=50)
NYLAS = Observed(id=ItemId("n"), fingerprint=b"1", modified=50)
OUT = Verdict(takes_part=False, rule=Rule.EVENT_END, date=10, cut_off=20, days_needed=31)
FAILING = Failing(
    action="create",
    cause="Nylas refused the item.",
    detail="HTTP 400",
    attempts=2,
    first_at=1,
    last_at=2,
    next_try_at=3,
    dismissed_at=None,
    dismissed_by="",
    dismissed_reason="",
)
OLGA = Answer(operator="olga", at=5, snapshot_id=7)
DELETED = LastWrite(kind=ActionKind.DELETE, direction=GET, snapshot_id=7, operator="olga", at=5)
CREATED = replace(DELETED, kind=ActionKind.CREATE)


def act(kind: ActionKind, reason: Reason) -> Action:
    return Action(kind=kind, reason=reason)


def at_nylas(**get: Any) -> ItemFacts:
    """Give an item that only Nylas has, with what is known of the way to the CRM."""
    return ItemFacts(at_nylas=NYLAS, get=Way(**({"last_at": 100} | get)))


def in_crm(**send: Any) -> ItemFacts:
    """Give an item that only the CRM has, with what is known of the way to Nylas."""
    return ItemFacts(at_crm=CRM, send=Way(**({"last_at": 100} | send)))


ON_BOTH = ItemFacts(at_crm=CRM, at_nylas=NYLAS, is_equal=True, is_paired=True)
APART = replace(ON_BOTH, is_equal=False, changed_in_crm=False, changed_at_nylas=False)

CASES: list[tuple[ItemFacts, Finding, Direction | None]] = [
    (ON_BOTH, Finding.IN_STEP, None),
    (replace(ON_BOTH, is_paired=False), Finding.NOT_PAIRED_YET, None),
    (replace(APART, changed_at_nylas=True), Finding.CHANGED_AT_NYLAS, None),
    (replace(APART, changed_in_crm=True), Finding.CHANGED_IN_CRM, None),
    (replace(APART, changed_in_crm=True, changed_at_nylas=True), Finding.CHANGED_ON_BOTH, None),
    (replace(APART, changed_in_crm=None, changed_at_nylas=None), Finding.DIFFERENT, None),
    (replace(at_nylas(), last_write=DELETED), Finding.DELETED_BY_SNAPSHOT, GET),
    (replace(at_nylas(), is_paired=True), Finding.DELETED_THERE, GET),
    (replace(in_crm(), is_paired=True), Finding.DELETED_THERE, SEND),
    (replace(at_nylas(), sync=OUT), Finding.OUTSIDE_POLICY, GET),
    (at_nylas(action=act(ActionKind.OUTSIDE, Reason.OUTSIDE_WINDOW)), Finding.OUT_OF_SIGHT, GET),
    (at_nylas(action=act(ActionKind.SKIP, Reason.UNREADABLE)), Finding.CANNOT_BE_WRITTEN, GET),
    (in_crm(action=act(ActionKind.SKIP, Reason.FOLDER_READ_ONLY)), Finding.CANNOT_BE_WRITTEN, SEND),
    (at_nylas(off=(OffReason.LINK_SWITCH,)), Finding.DIRECTION_OFF, GET),
    (replace(at_nylas(), occupied=RunState.HELD, occupied_by=9), Finding.LINK_HELD, None),
    (replace(at_nylas(), occupied=RunState.PAUSED, occupied_by=9), Finding.LINK_PAUSED, None),
    (replace(at_nylas(), occupied=RunState.RUNNING, occupied_by=9), Finding.LINK_BUSY, None),
    (at_nylas(left_out=OLGA), Finding.LEFT_OUT, GET),
    (at_nylas(failure=FAILING), Finding.FAILED, GET),
    (at_nylas(failure=replace(FAILING, dismissed_at=4)), Finding.DISMISSED, GET),
    (replace(at_nylas(), is_syncing=True), Finding.SYNCING, GET),
    (at_nylas(last_at=None), Finding.NEVER_COPIED, GET),
    (at_nylas(last_at=49), Finding.NOT_COPIED_SINCE, GET),
    (in_crm(last_at=50), Finding.NOT_COPIED_SINCE, SEND),
    (at_nylas(last_at=51), Finding.UNKNOWN, GET),
    (ItemFacts(at_crm=CRM, nylas_problem=True), Finding.NYLAS_SILENT, None),
    (ItemFacts(is_paired=True), Finding.GONE, None),
    (ItemFacts(last_write=CREATED), Finding.GONE, None),
    (ItemFacts(last_write=DELETED), Finding.DELETED_BY_SNAPSHOT, GET),
    (ItemFacts(send=Way(failure=FAILING)), Finding.FAILED, SEND),
    (ItemFacts(), Finding.NEVER_SEEN, None),
]
BESIDE: list[tuple[ItemFacts, Finding, Direction | None]] = [
    (replace(ON_BOTH, get=Way(held_by=9)), Finding.WOULD_BE_DELETED, GET),
    (replace(in_crm(), get=Way(rejection=OLGA)), Finding.DELETE_REJECTED, GET),
    (
        replace(in_crm(), get=Way(action=act(ActionKind.SKIP, Reason.DELETE_REJECTED))),
        Finding.DELETE_REJECTED,
        GET,
    ),
    (replace(in_crm(), get=Way(action=act(ActionKind.SKIP, Reason.ARCHIVED))), Finding.DELETE_PROTECTED, GET),
    (replace(ON_BOTH, webhook=OUT), Finding.DOES_NOT_NOTIFY, GET),
    (replace(ON_BOTH, sync=OUT), Finding.OUTSIDE_POLICY, None),
    (replace(APART, changed_at_nylas=True, get=Way(off=(OffReason.LINK_SWITCH,))), Finding.DIRECTION_OFF, GET),
]


@pytest.mark.parametrize(
    ("facts", "finding", "direction"), CASES, ids=[f"{f.name}-{n}" for n, (_, f, _) in enumerate(CASES)]
)
def test_a_fact_by_itself_is_what_decides(facts: ItemFacts, finding: Finding, direction: Direction | None) -> None:
    assert explain(facts).headline == Found(finding, direction)


@pytest.mark.parametrize(("facts", "finding", "direction"), BESIDE)
def test_what_does_not_decide_is_said_beside(facts: ItemFacts, finding: Finding, direction: Direction | None) -> None:
    assert Found(finding, direction) in explain(facts).others


def test_every_finding_can_be_found() -> None:
    assert {finding for _, finding, _ in CASES + BESIDE} == set(Finding)


def test_a_deletion_decides_before_the_policy_and_that_before_what_passes() -> None:
    facts = replace(at_nylas(off=(OffReason.LINK_SWITCH,), failure=FAILING), sync=OUT, is_paired=True, is_syncing=True)
    assert [found.finding for found in explain(facts).all] == [
        Finding.DELETED_THERE,
        Finding.OUTSIDE_POLICY,
        Finding.DIRECTION_OFF,
        Finding.FAILED,
        Finding.SYNCING,
    ]


def test_what_is_off_the_other_way_has_nothing_to_do_with_it() -> None:
    facts = replace(at_nylas(), send=Way(off=(OffReason.LINK_SWITCH,)))
    assert explain(facts).all == (Found(Finding.UNKNOWN, GET),)


def test_a_change_that_both_ways_could_mend_names_what_is_off_both_ways() -> None:
    off = Way(off=(OffReason.TARGET_SWITCH,))
    others = explain(replace(APART, changed_in_crm=True, changed_at_nylas=True, get=off, send=off)).others
    assert [f.direction for f in others if f.finding is Finding.DIRECTION_OFF] == [GET, SEND]


def test_an_account_that_must_sign_in_is_why_nylas_is_silent() -> None:
    lost = Way(off=(OffReason.NEEDS_SIGN_IN,))
    found = explain(ItemFacts(at_crm=CRM, nylas_problem=True, get=lost, send=lost)).all
    assert [f.finding for f in found[:2]] == [Finding.DIRECTION_OFF, Finding.NYLAS_SILENT]


@pytest.mark.parametrize(
    ("facts", "side"),
    [
        (at_nylas(), Side.CRM),
        (in_crm(), Side.NYLAS),
        (ON_BOTH, None),
        (ItemFacts(), None),
        (ItemFacts(at_crm=CRM, nylas_problem=True), None),
    ],
)
def test_the_side_that_lacks_the_item_is_named_only_where_that_is_known(facts: ItemFacts, side: Side | None) -> None:
    assert explain(facts).missing is side
