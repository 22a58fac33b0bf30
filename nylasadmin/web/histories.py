"""The filters of the history of snapshots, out of an address. What makes no sense is said, kept, and not used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import msgspec

from nylasadmin.domain.plan import Direction
from nylasadmin.services.views import SnapshotQuery, SnapshotState
from nylasadmin.web import numbers

NAMES = frozenset({"show", "target_id", "direction", "state", "operator", "since", "until", "page"})
_PROBLEM = "Write a date as year-month-day, for example 2026-02-28."


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """The query, what was typed for its dates, and what is wrong by field."""

    query: SnapshotQuery
    since: str
    until: str
    wrong: dict[str, str]

    @property
    def is_any(self) -> bool:
        """Say whether something narrows the list."""
        q = self.query
        chosen = (q.open_plans, q.target_id, q.direction, q.state, q.operator, q.since, q.until)
        return any(value not in (None, "", False) for value in chosen)


def read(args: Mapping[str, str]) -> Filters:
    direction, state, wrong = args.get("direction", ""), args.get("state", ""), dict[str, str]()
    since, until = (_day(args, name, wrong) for name in ("since", "until"))
    if since is not None and until is not None and since > until:
        wrong["until"] = "The last day lies before the first: no snapshot can match."
    query = SnapshotQuery(
        target_id=numbers.optional(args, "target_id"),
        direction=Direction(direction) if direction in list(Direction) else None,
        state=SnapshotState(state) if state in list(SnapshotState) else None,
        operator=args.get("operator", "").strip()[:80],
        since=_begin(since),
        until=_begin(until + timedelta(days=1)) if until is not None and until < date.max else None,
        open_plans=args.get("show") == "plans",
        page=numbers.page(args),
    )
    return Filters(query=query, since=args.get("since", "")[:40], until=args.get("until", "")[:40], wrong=wrong)


def _day(args: Mapping[str, str], name: str, wrong: dict[str, str]) -> date | None:
    text = args.get(name, "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        wrong[name] = _PROBLEM
        return None


def _begin(day: date | None) -> int | None:
    """Give the first second of a day (UTC)."""
    if day is None:
        return None
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
