"""The query parameters of event lists, read once into a frozen value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from dateutil.relativedelta import relativedelta
from werkzeug.datastructures import MultiDict

from nylasadmin.sandbox.errors import Refusal, bad_request
from nylasadmin.sandbox.events.cursors import Cursor, decode_cursor
from nylasadmin.sandbox.events.rows import INDEXED_KEYS
from nylasadmin.sandbox.providers import ProviderRules
from nylasadmin.sandbox.wire import Json

Args = MultiDict[str, str]
Test = Callable[[Json], bool]

DEFAULT_LIMIT, MAX_LIMIT, MAX_IMPORT_LIMIT = 50, 200, 500
_ANYTHING_MIN, _ANYTHING_MAX = -(1 << 60), 1 << 60
_WORD_FILTERS = ("title", "description", "location")
_FILTERS = (*_WORD_FILTERS, "attendees", "busy", "event_type")
_WITHOUT_METADATA = (*_FILTERS, "ical_uid", "show_cancelled", "expand_recurring")
_WITHOUT_UID = (*_FILTERS, "start", "end", "updated_after", "updated_before", "master_event_id")


@dataclass(frozen=True, slots=True)
class EventQuery:
    """What a list of events asks for."""

    scope: str
    low: int = _ANYTHING_MIN
    high: int = _ANYTHING_MAX
    window: tuple[int, int] | None = None
    limit: int = DEFAULT_LIMIT
    after: Cursor | None = None
    select: tuple[str, ...] = ()
    show_cancelled: bool = False
    show_cancelled_occurrences: bool = False
    expand: bool = False
    master_id: str | None = None
    uid: str | None = None
    key: tuple[int, str] | None = None
    updated_after: int | None = None
    updated_before: int | None = None
    event_types: tuple[str, ...] = ("default",)
    by_start: bool = False
    tentative_is_free: bool = False
    without_metadata: bool = False
    tests: tuple[Test, ...] = ()


def list_query(args: Args, rules: ProviderRules, scope: str, now: int) -> EventQuery:
    """Read the parameters of `GET events`."""
    if args.get("metadata_pair") is not None:
        return _metadata_query(args, scope)
    if args.get("ical_uid") is not None and rules.filters_uid:
        return _uid_query(args, rules, scope)
    after = _after(args, scope)
    low, high = _window(args, rules, after, now)
    expand = boolean(args, "expand_recurring", default=True)
    return EventQuery(
        scope=scope,
        low=low,
        high=max(high, low + 1),
        window=(low, high),
        limit=limit_of(args, MAX_LIMIT),
        after=after,
        select=selection(args),
        show_cancelled=rules.filters_cancelled and boolean(args, "show_cancelled"),
        expand=expand,
        master_id=args.get("master_event_id") if rules.filters_master else None,
        updated_after=integer(args, "updated_after") if rules.filters_updated else None,
        updated_before=integer(args, "updated_before") if rules.filters_updated else None,
        event_types=_event_types(args, rules),
        by_start=_by_start(args),
        tentative_is_free=_tentative_is_free(args, rules),
        tests=_tests(args, rules),
    )


def import_query(args: Args, rules: ProviderRules, scope: str, now: int) -> EventQuery:
    """Read the parameters of `GET events/import`: masters and exceptions, cancelled exceptions among them."""
    after = _after(args, scope)
    low, high = _window(args, rules, after, now)
    return EventQuery(
        scope=scope,
        low=low,
        high=max(high, low + 1),
        window=(low, high),
        limit=limit_of(args, MAX_IMPORT_LIMIT),
        after=after,
        select=selection(args),
        show_cancelled_occurrences=True,
        without_metadata=True,
    )


def boolean(args: Args, name: str, *, default: bool = False) -> bool:
    """Read true or false in any case (Python clients write `True`)."""
    text = args.get(name)
    if text is None:
        return default
    if text.lower() in ("true", "1"):
        return True
    if text.lower() in ("false", "0"):
        return False
    raise _invalid(name, "must be true or false")


def integer(args: Args, name: str) -> int | None:
    """Read a whole number."""
    text = args.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"-?\d{1,15}", text):
        raise _invalid(name, "must be a whole number")
    return int(text)


def limit_of(args: Args, highest: int, default: int = DEFAULT_LIMIT) -> int:
    """Read the page size; refuse what is out of range instead of clamping it."""
    limit = integer(args, "limit")
    if limit is None:
        return default
    if not 1 <= limit <= highest:
        raise _invalid("limit", f"must lie between 1 and {highest}")
    return limit


def selection(args: Args) -> tuple[str, ...]:
    """Read the top-level fields to answer with; none means all."""
    return tuple(name.strip() for name in args.get("select", "").split(",") if name.strip())


def metadata_key(pair: str) -> tuple[int, str]:
    """Split a `metadata_pair` into the number of an indexed key and the value."""
    name, colon, value = pair.partition(":")
    if not colon or name not in INDEXED_KEYS:
        raise _invalid("metadata_pair", "must be one of key1 to key5, a colon and a value")
    return INDEXED_KEYS.index(name), value


def _metadata_query(args: Args, scope: str) -> EventQuery:
    _refuse_together(args, "metadata_pair", _WITHOUT_METADATA)
    return EventQuery(
        scope=scope,
        limit=limit_of(args, MAX_LIMIT),
        after=_after(args, scope),
        select=selection(args),
        key=metadata_key(args.getlist("metadata_pair")[-1]),
        event_types=(),
    )


def _uid_query(args: Args, rules: ProviderRules, scope: str) -> EventQuery:
    _refuse_together(args, "ical_uid", _WITHOUT_UID)
    return EventQuery(
        scope=scope,
        limit=limit_of(args, MAX_LIMIT),
        after=_after(args, scope),
        select=selection(args),
        show_cancelled=rules.filters_cancelled and boolean(args, "show_cancelled"),
        uid=args["ical_uid"],
        by_start=_by_start(args),
        event_types=(),
    )


def _refuse_together(args: Args, name: str, others: tuple[str, ...]) -> None:
    found = [other for other in others if other in args]
    if found:
        raise _invalid(name, f"cannot be combined with {', '.join(found)}")


def _after(args: Args, scope: str) -> Cursor | None:
    token = args.get("page_token")
    return decode_cursor(token, scope, parts=3 if _by_start(args) else 2) if token else None


def _window(args: Args, rules: ProviderRules, after: Cursor | None, now: int) -> tuple[int, int]:
    start, end = integer(args, "start"), integer(args, "end")
    if start is None:
        start = after.start if after and after.start is not None else now
    if end is None:
        end = after.end if after and after.end is not None else _month_after(now)
    if start > end:
        raise _invalid("start", "must not be later than end")
    if rules.window_limit_s is not None and end - start > rules.window_limit_s:
        raise _invalid("end", f"must not be more than one year after start for {rules.name}")
    return start, end


def _month_after(now: int) -> int:
    return int((datetime.fromtimestamp(now, UTC) + relativedelta(months=1)).timestamp())


def _event_types(args: Args, rules: ProviderRules) -> tuple[str, ...]:
    return tuple(args.getlist("event_type")) or ("default",) if rules.filters_event_type else ()


def _by_start(args: Args) -> bool:
    if args.get("order_by") not in (None, "start"):
        raise _invalid("order_by", "supports start only")
    return "order_by" in args


def _tentative_is_free(args: Args, rules: ProviderRules) -> bool:
    return rules.tentative_may_be_free and not boolean(args, "tentative_as_busy", default=True)


def _tests(args: Args, rules: ProviderRules) -> tuple[Test, ...]:
    tests = [word_test(name, args[name]) for name in _WORD_FILTERS if args.get(name)]
    if args.getlist("attendees"):
        # A repeated key counts with its last value only, as at the service: so the mistake shows.
        tests.append(_attendee_test(args.getlist("attendees")[-1]))
    if "busy" in args and rules.filters_busy:
        tests.append(_busy_test(boolean(args, "busy"), free_if_tentative=_tentative_is_free(args, rules)))
    return tuple(tests)


def word_test(name: str, words: str) -> Test:
    """Test a field of text for words, in any case, as whole words only."""
    pattern = re.compile(rf"(?<!\w){re.escape(words)}(?!\w)", re.IGNORECASE)
    return lambda event: bool(pattern.search(event.get(name) or ""))


def _attendee_test(addresses: str) -> Test:
    wanted = {address.strip().casefold() for address in addresses.split(",") if address.strip()}
    return lambda event: wanted <= {(one.get("email") or "").casefold() for one in event.get("participants") or ()}


def _busy_test(wanted: bool, *, free_if_tentative: bool) -> Test:
    def is_busy(event: Json) -> bool:
        return event.get("busy") is not False and not (free_if_tentative and event.get("status") == "maybe")

    return lambda event: is_busy(event) is wanted


def _invalid(name: str, problem: str) -> Refusal:
    return bad_request(f"{name} {problem}", **{name: problem})
