"""Listing a calendar: explicit windows always, pages followed to the last one, lost cursors survived.

The service's own default window is one month from now: a listing without a window would look like mass deletion.
Cursors live in local variables only. A window whose cursor is refused starts again from its first page.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial

import msgspec

from nylasadmin.adapters.nylas.ahead import Ahead
from nylasadmin.adapters.nylas.http import NylasHttp, Query
from nylasadmin.adapters.nylas.wire import EventPage, read_page
from nylasadmin.domain.items import ScheduleItem, first_start
from nylasadmin.domain.plan import ALWAYS, Window
from nylasadmin.domain.providers import ProviderRules
from nylasadmin.errors import AccessDenied, BadAnswer, BadRequest, CursorExpired, NotThere, NylasError
from nylasadmin.services.ports import FolderRef

DAY_S = 86_400
FAR_PAST = 0
FAR_FUTURE = 4_102_444_800
"""1970-01-01 to 2100-01-01: whole years that every provider's date arithmetic holds; few calendars reach beyond."""

_PAGE = 200
_MOST_RESTARTS = 3
_YEAR_S = 366 * DAY_S
_REACH_AHEAD_YEARS = 5
_MARGIN_S = 31 * DAY_S
ReadPage = Callable[[bytes], EventPage]
_REFUSALS = (AccessDenied, BadRequest, CursorExpired, NotThere)


class Horizon(msgspec.Struct, frozen=True, kw_only=True):
    """How far a calendar is listed at a provider that limits windows: without one, thousands of requests each time."""

    years_back: int = 2
    years_ahead: int = 2


class CursorLost(Exception):
    """A page token was refused: what was read of this window does not count."""

    def __init__(self, error: NylasError) -> None:
        super().__init__(error)
        self.error = error


class Listings:
    """All ways to list one calendar."""

    def __init__(
        self,
        http: NylasHttp,
        folder: FolderRef,
        rules: ProviderRules,
        *,
        now: Callable[[], float] = time.time,
        horizon: Horizon | None = None,
    ) -> None:
        self._http = http
        self._path = ("v3", "grants", folder.grant_id, "events")
        self._folder_id = folder.folder_id
        self._rules = rules
        self._now = now
        self._horizon = horizon or Horizon()

    def slices(self, window: Window) -> list[tuple[int, int]]:
        """Cut a window into ranges the provider lists at once.

        Where the provider has a limit, an open end is closed at the horizon.
        """
        limit = self._rules.days_per_window
        start, end = max(window.start, FAR_PAST), min(window.end, FAR_FUTURE)
        if limit is None:
            return [(start, end)] if start < end else []
        now = int(self._now())
        start = now - self._horizon.years_back * _YEAR_S if window.start <= FAR_PAST else start
        end = now + self._horizon.years_ahead * _YEAR_S if window.end >= FAR_FUTURE else end
        step = limit * DAY_S
        return [(at, min(at + step, end)) for at in range(start, end, step)]

    def pages(self, start: int, end: int, read: ReadPage = read_page) -> Iterator[EventPage]:
        """Yield the pages of masters, changed occurrences and single events in a range.

        Raises :class:`CursorLost` when a page after the first is refused, else :class:`NylasError`.
        """
        return self._pages(self._range_query(start, end) | self._kinds(), read)

    def whole(self, start: int, end: int) -> list[EventPage]:
        """Read all pages of a range before giving any; a refused cursor starts it again."""
        return self._patiently(self._range_query(start, end) | self._kinds())

    def instances(self, master_id: str, start: int, end: int) -> list[EventPage]:
        """Read the occurrences of a series in a range, unchanged ones included.

        Where the provider does not filter by series, those of other series come too.
        """
        found: list[EventPage] = []
        for begin, stop in self.slices(Window(start, end)):
            query = self._range_query(begin, stop) | {"expand_recurring": "true"}
            if self._rules.lists_instances:
                query["master_event_id"] = master_id
            found += self._patiently(query)
        return found

    def stored_occurrences(self, master_id: str, item: ScheduleItem) -> list[EventPage]:
        """Read the changed and cancelled occurrences of one series over all its time. Other events may come too."""
        found: list[EventPage] = []
        for start, end in self.slices(self.reach(item)):
            found += self.changed_occurrences(master_id, start, end)
        return found

    def changed_occurrences(self, master_id: str, start: int, end: int) -> list[EventPage]:
        """Read the changed and cancelled occurrences of one series in a range. Other events may come too."""
        query = self._range_query(start, end) | self._kinds()
        if self._rules.lists_instances:
            query["master_event_id"] = master_id
        return self._patiently(query)

    def titled(self, words: str, most: int) -> list[str]:
        """Find events by words of their title, whenever they are: ids of single events and of series."""
        found: dict[str, None] = {}
        for start, end in self.slices(ALWAYS):
            query = self._range_query(start, end) | {"title": words}
            if self._rules.event_types:
                query["event_type"] = self._rules.event_types
            found |= self._ids_of(query, most - len(found))
            if len(found) >= most:
                break
        return list(found)

    def with_uid(self, uid: str, most: int) -> list[str]:
        """Find events by their UID: ids of single events and of series. No other filter may stand beside this one."""
        if not self._rules.finds_uid:
            return []
        return list(self._ids_of({"calendar_id": self._folder_id, "ical_uid": uid, "limit": _PAGE}, most))

    def _ids_of(self, query: dict[str, str | int | tuple[str, ...]], most: int) -> dict[str, None]:
        found: dict[str, None] = {}
        try:
            for page in self._pages(query):
                living = (e for e in page.data if not e.is_cancelled)
                found |= dict.fromkeys(e.master_event_id or e.id for e in living)
                found |= dict.fromkeys(broken.master_id or broken.id for broken in page.unreadable)
                if len(found) >= most:
                    break
        except CursorLost as lost:
            raise lost.error from lost
        return dict.fromkeys(list(found)[:most])

    def reach(self, item: ScheduleItem) -> Window:
        """Give the time in which a series' changed occurrences are looked for.

        More than its span: an occurrence may have been moved out of it, and some providers keep changed occurrences of
        former rules. Less than for ever: an answer may well list the unchanged ones too.
        """
        now, start = int(self._now()), first_start(item.when)
        if self._rules.days_per_window is None:
            return Window(FAR_PAST, max(now, start) + _REACH_AHEAD_YEARS * _YEAR_S)
        earliest = min(start - _MARGIN_S, now - self._horizon.years_back * _YEAR_S)
        return Window(max(earliest, FAR_PAST + 1), max(now, start) + self._horizon.years_ahead * _YEAR_S)

    def _range_query(self, start: int, end: int) -> dict[str, str | int | tuple[str, ...]]:
        return {
            "calendar_id": self._folder_id,
            "start": start,
            "end": end,
            "expand_recurring": "false",
            "limit": _PAGE,
        }

    def _kinds(self) -> dict[str, str | int | tuple[str, ...]]:
        kinds: dict[str, str | int | tuple[str, ...]] = {}
        if self._rules.shows_cancelled:
            kinds["show_cancelled"] = "true"
        if self._rules.event_types:
            kinds["event_type"] = self._rules.event_types
        return kinds

    def _patiently(self, query: dict[str, str | int | tuple[str, ...]]) -> list[EventPage]:
        return restarting(lambda: list(self._pages(query)))

    def _pages(self, query: dict[str, str | int | tuple[str, ...]], read: ReadPage = read_page) -> Iterator[EventPage]:
        page = read(self._http.get(self._path, query))
        if page.next_cursor:
            yield from self._following(page, query, read)
        else:
            yield page

    def _following(self, page: EventPage, query: Query, read: ReadPage) -> Iterator[EventPage]:
        """Yield a page and all after it; the next one is on its way while the caller works on the one before."""
        with Ahead() as ahead:
            while page.next_cursor:
                cursor = page.next_cursor
                coming = ahead.ask(partial(self._http.get, self._path, {**query, "page_token": cursor}))
                yield page
                page = _arrived(coming, read)
                if page.next_cursor == cursor:
                    raise BadAnswer("a cursor that leads to itself", status=200)
            yield page


def _arrived(coming: Future[bytes], read: ReadPage) -> EventPage:
    try:
        return read(coming.result())
    except _REFUSALS as error:
        raise CursorLost(error) from error


def restarting(read: Callable[[], list[EventPage]]) -> list[EventPage]:
    """Read a range again from its first page when its cursor is lost; give up after a few times."""
    for _ in range(_MOST_RESTARTS):
        try:
            return read()
        except CursorLost as lost:
            last = lost.error
    raise last


class Restarts(msgspec.Struct):
    """How often a window may still start again."""

    left: int = _MOST_RESTARTS

    def spend(self, lost: CursorLost) -> None:
        """Use one up. Raises the error behind the lost cursor when none is left."""
        self.left -= 1
        if self.left <= 0:
            raise lost.error from lost
