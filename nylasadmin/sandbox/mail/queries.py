"""The query parameters of message and thread lists, read once, and the pages that answer them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nylasadmin.sandbox.errors import Refusal, bad_request
from nylasadmin.sandbox.events.cursors import Cursor, decode_cursor, encode_cursor
from nylasadmin.sandbox.events.queries import Args, Test, boolean, integer, metadata_key, word_test
from nylasadmin.sandbox.mail.mailboxes import Mailbox
from nylasadmin.sandbox.mail.rows import MessageRow
from nylasadmin.sandbox.mail.rules import JUNK, TRASH
from nylasadmin.sandbox.mail.searches import native_test
from nylasadmin.sandbox.wire import decoded

_ADDRESSES = ("from", "to", "cc", "bcc")
_FILTERS = (
    *("subject", "any_email", *_ADDRESSES, "in", "unread", "starred", "thread_id", "has_attachment"),
    *("received_before", "received_after", "latest_message_before", "latest_message_after", "earliest_message_date"),
)
_MOST_ADDRESSES = 25
_DAY_S = 86_400
_LAST_PLACE = 2**62


@dataclass(frozen=True, slots=True)
class MailQuery:
    """What a list of messages or threads asks for."""

    scope: str
    first: tuple[int, int] | None = None
    oldest: int = 0
    folder: str | None = None
    unseen: frozenset[str] = frozenset()
    """Folders whose messages are left out."""
    thread_id: str | None = None
    unread: bool | None = None
    starred: bool | None = None
    has_attachment: bool | None = None
    after: int | None = None
    before: int | None = None
    earliest: int | None = None
    key: tuple[int, str] | None = None
    tests: tuple[Test, ...] = ()


def message_query(args: Args, mailbox: Mailbox, now: int) -> MailQuery:
    """Read the parameters of `GET messages`."""
    return _query(args, mailbox, f"messages {mailbox.grant.id}", "received", oldest_seen(args, mailbox, now))


def thread_query(args: Args, mailbox: Mailbox, now: int) -> MailQuery:
    """Read the parameters of `GET threads`, which come from the cache only, where there is one."""
    return _query(args, mailbox, f"threads {mailbox.grant.id}", "latest_message", oldest_cached(mailbox, now))


def oldest_seen(args: Args, mailbox: Mailbox, now: int) -> int:
    """Return the date of the oldest message that may be seen: 90 days for a cache, all if the server is asked."""
    if mailbox.rules.cache_days is None or not boolean(args, "query_imap"):
        return oldest_cached(mailbox, now)
    return 0


def oldest_cached(mailbox: Mailbox, now: int) -> int:
    """Return the date of the oldest message that Nylas itself holds."""
    days = mailbox.rules.cache_days
    return 0 if days is None else now - days * _DAY_S


def matching(mailbox: Mailbox, query: MailQuery) -> Iterator[MessageRow]:
    """Yield the messages that answer a query, newest first."""
    for row in _within(mailbox, query):
        if fits(row, query):
            yield row


def matching_threads(mailbox: Mailbox, query: MailQuery) -> Iterator[tuple[MessageRow, list[MessageRow]]]:
    """Yield the latest message and all messages of the threads that answer a query, latest first."""
    for row in _within(mailbox, query):
        thread = mailbox.thread(row.thread_id, query.oldest)
        if thread[-1] is not row:
            continue
        if query.earliest is not None and thread[0].date != query.earliest:
            continue
        if any(fits(one, query) for one in thread):
            yield row, thread


def next_token(row: MessageRow, query: MailQuery) -> str:
    """Return the token of a page that begins with a message."""
    return encode_cursor(Cursor(query.scope, row.key))


def fits(row: MessageRow, query: MailQuery) -> bool:
    """Tell whether a message's columns and, if words are asked for, its text answer a query."""
    if query.folder is not None and query.folder not in row.folders:
        return False
    if query.unseen and not query.unseen.isdisjoint(row.folders):
        return False
    if query.thread_id is not None and row.thread_id != query.thread_id:
        return False
    for wanted, is_so in (
        (query.unread, row.unread),
        (query.starred, row.starred),
        (query.has_attachment, row.has_attachment),
    ):
        if wanted is not None and wanted is not is_so:
            return False
    if query.key is not None and (row.keys is None or row.keys[query.key[0]] != query.key[1]):
        return False
    if not query.tests:
        return True
    message = decoded(row.body)
    return all(test(message) for test in query.tests)


def _within(mailbox: Mailbox, query: MailQuery) -> Iterator[MessageRow]:
    """Yield the messages between the dates asked for, from the page's first on: the others are not even looked at."""
    first = query.first
    if query.before is not None:
        latest = (query.before - 1, _LAST_PLACE)
        first = latest if first is None else min(first, latest)
    oldest = query.oldest if query.after is None else max(query.oldest, query.after + 1)
    return mailbox.newest_first(first, oldest)


def _query(args: Args, mailbox: Mailbox, scope: str, dates: str, oldest: int) -> MailQuery:
    token = args.get("page_token")
    date_and_place = decode_cursor(token, scope, parts=2).key if token else None
    first = None if date_and_place is None else (date_and_place[0], date_and_place[1])
    if "metadata_pair" in args:
        _refuse_together(args, "metadata_pair", _FILTERS)
        key = metadata_key(args.getlist("metadata_pair")[-1])
        return MailQuery(scope=scope, first=first, oldest=oldest, key=key)
    if boolean(args, "query_imap") and mailbox.rules.cache_days is not None and not args.get("in"):
        raise _invalid("in", "is required with query_imap")
    if "search_query_native" in args and mailbox.rules.native_search_stands_alone:
        _refuse_together(args, "search_query_native", tuple(name for name in _FILTERS if name != "in"))
    folder = _folder(args, mailbox)
    return MailQuery(
        scope=scope,
        first=first,
        oldest=oldest,
        folder=folder,
        unseen=_unseen(mailbox, folder),
        thread_id=args.get("thread_id"),
        unread=_flag(args, "unread"),
        starred=_flag(args, "starred"),
        has_attachment=_flag(args, "has_attachment"),
        after=integer(args, f"{dates}_after"),
        before=integer(args, f"{dates}_before"),
        earliest=integer(args, "earliest_message_date"),
        tests=_tests(args),
    )


def _folder(args: Args, mailbox: Mailbox) -> str | None:
    named = args.getlist("in")
    # A repeated key counts with its last value only, as at the service: so the mistake shows.
    if named and named[-1] not in mailbox.folders:
        raise _invalid("in", "must be the id of a folder")
    return named[-1] if named else None


def _unseen(mailbox: Mailbox, folder: str | None) -> frozenset[str]:
    if not mailbox.rules.hides_trash:
        return frozenset()
    hidden = {mailbox.folder_for(TRASH), mailbox.folder_for(JUNK)}
    return frozenset() if folder in hidden else frozenset(hidden)


def _flag(args: Args, name: str) -> bool | None:
    return boolean(args, name) if name in args else None


def _tests(args: Args) -> tuple[Test, ...]:
    tests = [word_test("subject", args["subject"])] if args.get("subject") else []
    for name in _ADDRESSES:
        if args.getlist(name):
            tests.append(_address_test((name,), args.getlist(name)[-1]))
    if args.getlist("any_email"):
        addresses = args.getlist("any_email")[-1]
        if addresses.count(",") >= _MOST_ADDRESSES:
            raise _invalid("any_email", f"must not name more than {_MOST_ADDRESSES} addresses")
        tests.append(_address_test(_ADDRESSES, addresses))
    if args.get("search_query_native"):
        tests.append(native_test(args["search_query_native"]))
    return tuple(tests)


def _address_test(fields: tuple[str, ...], addresses: str) -> Test:
    wanted = {one.strip().casefold() for one in addresses.split(",") if one.strip()}
    return lambda message: any(
        (person.get("email") or "").casefold() in wanted for field in fields for person in message.get(field) or ()
    )


def _refuse_together(args: Args, name: str, others: tuple[str, ...]) -> None:
    found = [other for other in others if other in args]
    if found:
        raise _invalid(name, f"cannot be combined with {', '.join(found)}")


def _invalid(name: str, problem: str) -> Refusal:
    return bad_request(f"{name} {problem}", **{name: problem})
