"""Messages and threads: how each is asked for. One table row per kind; the reader knows neither."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from nylasadmin.adapters.nylas.mail.conversion import Sight, message_of, thread_moment, thread_of
from nylasadmin.adapters.nylas.mail.wire import MESSAGE_OBJECTS, THREAD_OBJECTS, WireMessage, WireThread
from nylasadmin.adapters.nylas.objects import Objects
from nylasadmin.domain.mail import Mail

Piece = TypeVar("Piece", bound=WireMessage | WireThread)

_PEOPLE = ("from", "to", "cc", "bcc", "reply_to")
_MESSAGE = ("id", "object", "thread_id", "subject", *_PEOPLE, "date", "unread", "starred", "snippet", "folders")
_THREAD_DATES = ("earliest_message_date", "latest_message_received_date", "latest_message_sent_date")
_THREAD = ("id", "subject", "participants", "message_ids", "folders", "snippet", "unread", "starred", "has_attachments")


@dataclass(frozen=True, kw_only=True)
class MailKind(Generic[Piece]):
    """How one kind of mail is asked for.

    ``page_sizes``: the largest the service gives first, then what it gets when a page is too much for the provider.
    ``after`` and ``before`` filter by :attr:`listed_at`. ``shown`` are the fields that planning needs, ``whole`` all
    that is kept. ``asks_server``: mail that is no longer in Nylas' own cache can still be read by its id.
    """

    path: str
    page_sizes: tuple[int, ...]
    after: str
    before: str
    shown: tuple[str, ...]
    whole: tuple[str, ...]
    objects: Objects[Piece]
    item_of: Callable[[Piece, Sight], Mail]
    listed_at: Callable[[Piece], int | None]
    is_wanted: Callable[[Piece], bool]
    asks_server: bool = False


def _latest(thread: WireThread) -> int | None:
    told = [thread.latest_message_received_date, thread.latest_message_sent_date]
    return max((date for date in told if date is not None), default=thread_moment(thread))


MESSAGES = MailKind(
    path="messages",
    page_sizes=(200, 50, 20),
    after="received_after",
    before="received_before",
    shown=(*_MESSAGE, "attachments"),
    whole=(*_MESSAGE, "attachments", "body"),
    objects=MESSAGE_OBJECTS,
    item_of=message_of,
    listed_at=lambda message: message.date,
    is_wanted=lambda message: message.object != "draft",
    asks_server=True,
)
THREADS = MailKind(
    path="threads",
    page_sizes=(50, 20, 10),
    after="latest_message_after",
    before="latest_message_before",
    shown=(*_THREAD, *_THREAD_DATES),
    whole=(*_THREAD, *_THREAD_DATES, "latest_draft_or_message"),
    objects=THREAD_OBJECTS,
    item_of=thread_of,
    listed_at=_latest,
    is_wanted=lambda thread: bool(thread.message_ids) or thread_moment(thread) is not None,
)
