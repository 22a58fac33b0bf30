"""Conditions of partial indexes, spelt into the statement: with bound values no database can tell that an index holds.

Without its index each of these reads the whole table, and a snapshot of many links does so for every link.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, literal_column, text
from sqlalchemy.sql.selectable import NamedFromClause

from nylasadmin.domain.runs import RunState


def is_open(writes: NamedFromClause) -> ColumnElement[bool]:
    """Say of a row of the record of writes that nobody has written down how it ended (``ix_writes_open``)."""
    return state_in(writes, ["intended", "sent"])


def may_be_claimed(runs: NamedFromClause) -> ColumnElement[bool]:
    """Say of a run that a worker might take it, leases aside (``ix_runs_claimable``)."""
    return state_in(runs, [RunState.QUEUED, RunState.PLANNING, RunState.RUNNING])


def occupies_link(runs: NamedFromClause) -> ColumnElement[bool]:
    """Say of a run that its link is busy with it (``uq_runs_live_link``); a preview never is in the way."""
    live = [
        RunState.QUEUED,
        RunState.PLANNING,
        RunState.RUNNING,
        RunState.WAITING,
        RunState.HELD,
        RunState.PAUSED,
    ]
    return and_(state_in(runs, live), text(f"NOT {runs.name}.is_preview"))


def state_in(table: NamedFromClause, states: Sequence[str]) -> ColumnElement[bool]:
    """Spell states out, of which none has a quote in it: nothing is bound, so the text never has to be made again."""
    return table.c.state.in_([literal_column(f"'{state}'") for state in states])
