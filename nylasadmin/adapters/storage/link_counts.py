"""How many links of a target are in which state: asked at every look at the panel, so without joins where possible."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from nylasadmin.adapters.storage.conditions import occupies_link
from nylasadmin.adapters.storage.tables import accounts, links, runs, snapshots, targets
from nylasadmin.domain.links import AccountState
from nylasadmin.domain.runs import RunState
from nylasadmin.services.views import LinkQuery, LinkState

_AT_REST = {str(RunState.HELD): LinkState.HELD, str(RunState.PAUSED): LinkState.PAUSED}


def count_by_state(db: Connection, query: LinkQuery, matching: ColumnElement[bool]) -> dict[LinkState, int]:
    """Count the links that match a query by their state, whatever state it asks for."""
    found = {LinkState.HELD: 0, LinkState.PAUSED: 0, LinkState.RUNNING: 0}
    for state, number in db.execute(_busy(query, matching)):
        found[_AT_REST.get(state, LinkState.RUNNING)] += number
    word = _idle_state(query.target_id)
    idle = links.c.id.not_in(select(runs.c.link_id).where(_is_at_work()))
    for name, number in db.execute(select(word, func.count()).where(matching, idle).group_by(word)):
        found[LinkState(name)] = number
    return {state: number for state, number in found.items() if number}


def _busy(query: LinkQuery, matching: ColumnElement[bool]) -> Any:
    """Select the runs that occupy links. A link that a run works on cannot be removed, so the target says enough."""
    counted = select(runs.c.state, func.count()).where(_is_at_work()).group_by(runs.c.state)
    if query.search or query.item_type:
        return counted.join(links, runs.c.link_id == links.c.id).where(matching)
    return counted.join(snapshots, runs.c.snapshot_id == snapshots.c.id).where(snapshots.c.target_id == query.target_id)


def _is_at_work() -> ColumnElement[bool]:
    """Say of a run that its link is told by it; one that is parked waits for its account, and that is what is told."""
    return and_(occupies_link(runs), runs.c.is_parked.is_(False))


def _idle_state(target_id: int) -> ColumnElement[str]:
    """Name the state of a link that nothing works on; the most urgent word first, as everywhere."""
    signed_out = select(accounts.c.id).where(
        accounts.c.target_id == target_id, accounts.c.state != str(AccountState.CONNECTED)
    )
    return case(
        (links.c.account_id.in_(signed_out), str(LinkState.NEEDS_SIGN_IN)),
        (links.c.is_failing, str(LinkState.FAILING)),
        (
            or_(
                _target(target_id, targets.c.is_disabled),
                and_(
                    or_(~_target(target_id, targets.c.inbound), links.c.inbound.is_(False)),
                    or_(~_target(target_id, targets.c.outbound), links.c.outbound.is_(False)),
                ),
            ),
            str(LinkState.OFF),
        ),
        (and_(links.c.last_get_at.is_(None), links.c.last_send_at.is_(None)), str(LinkState.NEW)),
        else_=str(LinkState.HEALTHY),
    )


def _target(target_id: int, column: ColumnElement[bool]) -> ColumnElement[bool]:
    """Give a fact of the target, read once and not for each link."""
    return select(column).where(targets.c.id == target_id).scalar_subquery().is_(True)
