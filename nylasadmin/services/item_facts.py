"""All that is known of one item: both sides, what a run would do with it now, and what happened to it before.

What a run would do is asked of the planner, with the options that a run would have, over the facts of this item only.
Holds readers only, so nothing here can write.
"""

from __future__ import annotations

from collections.abc import Mapping

from nylasadmin.domain.explaining import ItemFacts, LastWrite, Way
from nylasadmin.domain.fidelity import Fidelity
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.kinds import Item, is_inbound_only
from nylasadmin.domain.links import off_reasons
from nylasadmin.domain.plan import Action, ActionKind, Direction, Observed, Pair, Reason, ReceiverOnly, plan
from nylasadmin.domain.runs import Run
from nylasadmin.domain.verdicts import Verdict, dated, dated_as_seen, sync_verdict, webhook_verdict
from nylasadmin.services.inquiries import seen_otherwise
from nylasadmin.services.item_records import ItemWrite, Named
from nylasadmin.services.item_search import Surroundings
from nylasadmin.services.observing import Subject, fidelity_of, options_for
from nylasadmin.services.run_plans import window_of
from nylasadmin.services.storage import UnitOfWork
from nylasadmin.services.views import LinkDetails

Bodies = Mapping[ItemId, Item]
_Sides = tuple[Mapping[ItemId, Observed], Mapping[ItemId, Observed]]


def facts_of(
    tx: UnitOfWork,
    subject: Subject,
    around: Surroundings,
    item: Named,
    bodies: tuple[Bodies, Bodies],
    details: LinkDetails,
    last: ItemWrite | None,
    now: float,
) -> ItemFacts:
    """Put together the facts of one item; ``bodies`` are those of the CRM and of what was met at Nylas."""
    crm = around.crm.get(item.crm_id) if item.crm_id else None
    nylas = around.nylas.seen.get(item.nylas_id) if item.nylas_id else None
    provider, is_silent = subject.account.provider, around.nylas.problem is not None
    sent = fidelity_of(Direction.SEND, provider)
    sides = {
        Direction.GET: (around.crm, around.nylas.seen),
        Direction.SEND: _as_sent(tx, around, bodies[1], sent),
    }
    ways = {d: _way(tx, subject, around, item, d, sides[d], details, now) for d in Direction}
    pair = next((row for row in around.pairs if {row.crm_id, row.nylas_id} & item.ids), None)
    live = tx.runs.live_by_link([subject.link.id]).get(subject.link.id)
    body = bodies[1].get(nylas.id) if nylas else bodies[0].get(crm.id) if crm else None
    sync, webhook = _verdicts(subject, nylas or crm, body)
    return ItemFacts(
        at_crm=crm,
        at_nylas=nylas,
        nylas_problem=is_silent and nylas is None,
        is_paired=pair is not None,
        is_equal=crm is not None and nylas is not None and crm.fingerprint == nylas.fingerprint,
        changed_in_crm=_changed(pair.base if pair else None, item.crm_id, [s[0] for s in sides.values()]),
        changed_at_nylas=_changed(pair.base if pair else None, item.nylas_id, [s[1] for s in sides.values()]),
        get=ways[Direction.GET],
        send=ways[Direction.SEND],
        sync=sync,
        webhook=webhook,
        occupied=live.state if live else None,
        occupied_by=live.snapshot_id if live else None,
        is_syncing=subject.account.is_syncing,
        last_write=_last_write(last),
    )


def _as_sent(tx: UnitOfWork, around: Surroundings, at_nylas: Bodies, sent: Fidelity) -> _Sides:
    crm = {o.id: o for o in tx.items.store(around.scope).look_up(list(around.crm), sent)}
    return crm, {i: seen_otherwise(o, at_nylas.get(i), sent) for i, o in around.nylas.seen.items()}


def _changed(base: bytes | None, item_id: ItemId | None, seen: list[Mapping[ItemId, Observed]]) -> bool | None:
    """Say whether an item is not what both sides agreed upon, under the fidelity of either direction."""
    prints = {side[item_id].fingerprint for side in seen if item_id in side} if item_id else set()
    return None if base is None or not prints else base not in prints


def _way(
    tx: UnitOfWork,
    subject: Subject,
    around: Surroundings,
    item: Named,
    direction: Direction,
    sides: _Sides,
    details: LinkDetails,
    now: float,
) -> Way:
    records, link = tx.item_records, subject.link
    is_silent = around.nylas.problem is not None
    is_no_way = direction is Direction.SEND and is_inbound_only(link.item_type)
    rejected = tx.rejections.of_link(link.id).get(direction, frozenset())
    action = None if is_silent or is_no_way else _planned(subject, around, item, direction, sides, rejected, now)
    return Way(
        off=off_reasons(direction, link, subject.target, subject.account),
        action=action,
        last_at=details.last_get_at if direction is Direction.GET else details.last_send_at,
        failure=records.failures(link.id, item.ids).get(direction),
        rejection=records.rejections(link.id, item.ids).get(direction),
        left_out=records.left_out(link.id, item.ids).get(direction),
        held_by=records.held(link.id, item.ids).get(direction),
    )


def _planned(
    subject: Subject,
    around: Surroundings,
    item: Named,
    direction: Direction,
    sides: _Sides,
    rejected: frozenset[ItemId],
    now: float,
) -> Action | None:
    """Ask the planner what a snapshot without a filter would do with the item; ``None``: it would not see it."""
    run = Run(id=0, snapshot_id=0, link_id=subject.link.id, direction=direction, receiver_only=ReceiverOnly.KEEP)
    options = options_for(run, subject, now, window=window_of(subject, int(now)), only=item.ids, rejected=rejected)
    crm, nylas = sides
    is_get = direction is Direction.GET
    source, destination = (nylas, crm) if is_get else (crm, nylas)
    pairs = [Pair(p.nylas_id, p.crm_id) if is_get else Pair(p.crm_id, p.nylas_id) for p in around.pairs]
    actions = plan(source.values(), destination.values(), pairs, options)
    chosen = [a for a in actions if a.reason is not Reason.NOT_ASKED_FOR]
    return min(chosen, key=_by_weight, default=None)


def _by_weight(action: Action) -> bool:
    return action.kind is ActionKind.FORGET


def _verdicts(subject: Subject, seen: Observed | None, body: Item | None) -> tuple[Verdict | None, Verdict | None]:
    """Ask both policies, of the contents at Nylas where they could be read."""
    if seen is None:
        return None, None
    policy = subject.account.policy
    date = dated_as_seen(seen, subject.link.item_type) if body is None else dated(body)
    return sync_verdict(date, policy), webhook_verdict(date, policy)


def _last_write(write: ItemWrite | None) -> LastWrite | None:
    if write is None:
        return None
    return LastWrite(
        kind=write.kind,
        direction=write.direction,
        snapshot_id=write.snapshot_id,
        operator=write.operator,
        at=write.at,
        undoes_id=write.undoes_id,
    )
