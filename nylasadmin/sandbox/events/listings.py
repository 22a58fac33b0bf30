"""Pages of events: which rows answer a query, in which order, and where the next page begins."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nsmallest
from itertools import islice
from typing import NamedTuple

from nylasadmin.sandbox.events.cursors import Cursor, encode_cursor
from nylasadmin.sandbox.events.occurrences import occurrence
from nylasadmin.sandbox.events.queries import EventQuery
from nylasadmin.sandbox.events.recurrences import starts_between
from nylasadmin.sandbox.events.tables import EventTable, StoredRow
from nylasadmin.sandbox.events.whens import span
from nylasadmin.sandbox.providers import ProviderRules
from nylasadmin.sandbox.wire import Json, decoded, encoded

_WHOLE = -(1 << 60)
"""Stands for the row itself, where another value is the original start of an occurrence of it."""


class Page(NamedTuple):
    """Encoded events and the token of the next page."""

    bodies: list[bytes]
    next_cursor: str | None


class _Hit(NamedTuple):
    place: int
    occurrence: int
    row: StoredRow


def page_of(table: EventTable, query: EventQuery, rules: ProviderRules) -> Page:
    """Return one page of the events that answer a query."""
    hits = list(_sorted_hits(table, query, rules) if query.by_start else _hits_in_place(table, query, rules))
    bodies = [_body(hit, query, rules) for hit in hits[: query.limit]]
    if len(hits) <= query.limit:
        return Page(bodies, None)
    start, end = query.window or (None, None)
    return Page(bodies, encode_cursor(Cursor(query.scope, _key(hits[query.limit], query), start, end)))


def _key(hit: _Hit, query: EventQuery) -> tuple[int, ...]:
    return (_start(hit), hit.place, hit.occurrence) if query.by_start else (hit.place, hit.occurrence)


def _start(hit: _Hit) -> int:
    return hit.row.start if hit.occurrence == _WHOLE else hit.occurrence


def _hits_in_place(table: EventTable, query: EventQuery, rules: ProviderRules) -> Iterator[_Hit]:
    place, from_occurrence = query.after.key if query.after else (0, _WHOLE)
    return islice(_hits(table, query, rules, place, from_occurrence), query.limit + 1)


def _sorted_hits(table: EventTable, query: EventQuery, rules: ProviderRules) -> list[_Hit]:
    hits = _hits(table, query, rules, 0, _WHOLE)
    first = query.after.key if query.after else ()
    return nsmallest(
        query.limit + 1, (hit for hit in hits if _key(hit, query) >= first), key=lambda hit: _key(hit, query)
    )


def _hits(
    table: EventTable, query: EventQuery, rules: ProviderRules, place: int, from_occurrence: int
) -> Iterator[_Hit]:
    hidden = not query.show_cancelled
    for at, row in table.rows_between(place, query.low, query.high):
        if row.cancelled and hidden and not (query.show_cancelled_occurrences and row.master_id):
            continue
        if not _fits(row, query):
            continue
        if row.recurring and query.expand:
            yield from _occurrences(at, row, table, query, rules, from_occurrence if at == place else _WHOLE)
        elif query.master_id is None or row.master_id == query.master_id:
            yield _Hit(at, _WHOLE, row)


def _fits(row: StoredRow, query: EventQuery) -> bool:
    """Tell whether the row's columns and, if words are asked for, its text answer the query."""
    if query.event_types and row.event_type not in query.event_types:
        return False
    if query.master_id is not None and query.master_id not in (row.master_id, row.id):
        return False
    if query.key is not None and (row.keys is None or row.keys[query.key[0]] != query.key[1]):
        return False
    if query.updated_after is not None and row.updated <= query.updated_after:
        return False
    if query.updated_before is not None and row.updated >= query.updated_before:
        return False
    return _reads_as_asked(row, query)


def _reads_as_asked(row: StoredRow, query: EventQuery) -> bool:
    """Tell whether the text of a row answers the query; unpack it only if that is asked."""
    if query.uid is not None and not row.may_have_uid(query.uid):
        return False
    if query.uid is None and not query.tests:
        return True
    event = decoded(row.body)
    return query.uid in (None, event.get("ical_uid")) and all(test(event) for test in query.tests)


def _occurrences(
    place: int, row: StoredRow, table: EventTable, query: EventQuery, rules: ProviderRules, from_occurrence: int
) -> Iterator[_Hit]:
    if row.cancelled:
        return
    master = decoded(row.body)
    start, end = span(master["when"], end_exclusive=rules.end_date_exclusive)
    changed = table.overrides(row.id)
    low = max(query.low - max(end - start - 1, 0), from_occurrence)
    for at in starts_between(
        master["when"], master["recurrence"], low, query.high, end_exclusive=rules.end_date_exclusive
    ):
        if at not in changed:
            yield _Hit(place, at, row)


def _body(hit: _Hit, query: EventQuery, rules: ProviderRules) -> bytes:
    plain = hit.occurrence == _WHOLE
    if plain and not query.select and not query.tentative_is_free and not query.without_metadata:
        return hit.row.body
    event = decoded(hit.row.body)
    if not plain:
        event = occurrence(event, hit.occurrence, rules)
    if query.without_metadata:
        event.pop("metadata", None)
    if query.tentative_is_free:
        event = tentative_as_free(event)
    return encoded(selected(event, query.select))


def selected(event: Json, names: tuple[str, ...]) -> Json:
    """Keep the selected top-level fields; all of them if none are named."""
    return {name: event[name] for name in names if name in event} if names else event


def tentative_as_free(event: Json) -> Json:
    """Show a tentative event as free."""
    return {**event, "busy": False} if event.get("status") == "maybe" else event
