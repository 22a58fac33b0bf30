"""Messages and threads: what both sides hold of mail, in one normal form. Mail is only copied from Nylas.

A message never changes at its provider except for its flags and folders, so its text is not compared: what is compared
can be listed without the text, which may be large. Addresses are lower case. Of attachments only what they are is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from nylasadmin.domain.defects import LONGEST_UID, is_in_calendars
from nylasadmin.domain.items import Person

LONGEST_BODY = 1_000_000
"""Characters of a message's text that are kept; hardly any is longer, and one item must not fill a database."""

_REPLY = re.compile(r"\s*(re|aw|antw|sv|vs|ref|rif|odp|ynt|fwd?|wg|tr|vb)\s*(\[\d+\])?\s*:", re.IGNORECASE)


class Attachment(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that came with a message. ``size`` is in bytes, ``None`` where the provider does not tell it."""

    name: str = ""
    content_type: str = ""
    size: int | None = None
    is_inline: bool = False


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="message", tag_field="kind"):
    """One message. ``received`` (Unix seconds) is when the mail server got it, and decides whether it takes part.

    ``body`` is the text, mostly HTML; ``None`` for not read. ``uid`` is its id at the provider, ``folders`` are names.
    ``sender`` may be empty: some messages have none, some have several.
    """

    received: int
    subject: str = ""
    sender: tuple[Person, ...] = ()
    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    bcc: tuple[Person, ...] = ()
    reply_to: tuple[Person, ...] = ()
    unread: bool = False
    starred: bool = False
    folders: tuple[str, ...] = ()
    snippet: str = ""
    attachments: tuple[Attachment, ...] = ()
    thread_id: str = ""
    uid: str | None = None
    body: str | None = None
    is_body_cut: bool = False

    @property
    def title(self) -> str:
        return self.subject

    @property
    def is_recurring(self) -> bool:
        return False


class Thread(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="thread", tag_field="kind"):
    """One conversation. ``received`` is its most recently received message and decides whether it takes part.

    ``began`` and ``sent``: its first message, and the last one of the account itself, in Unix seconds.
    ``is_complete`` is false when it began before what was listed: earlier messages are missing from it.
    """

    received: int
    subject: str = ""
    participants: tuple[Person, ...] = ()
    message_ids: tuple[str, ...] = ()
    began: int | None = None
    sent: int | None = None
    unread: bool = False
    starred: bool = False
    has_attachments: bool = False
    folders: tuple[str, ...] = ()
    snippet: str = ""
    is_complete: bool = True
    uid: str | None = None

    @property
    def title(self) -> str:
        return self.subject

    @property
    def is_recurring(self) -> bool:
        return False


Mail = Message | Thread
_replace = msgspec.structs.replace


def defects(item: Mail) -> list[str]:
    """Say in one sentence each what makes a message or thread impossible; none for a sound one."""
    moments = [
        item.received,
        *([m for m in (item.began, item.sent) if m is not None] if isinstance(item, Thread) else []),
    ]
    found = (
        [] if all(map(is_in_calendars, moments)) else ["received, began, sent: Unix seconds within the years 1 to 9999"]
    )
    if len(item.uid or "") > LONGEST_UID:
        found.append(f"uid: longer than {LONGEST_UID} characters")
    if isinstance(item, Message) and len(item.body or "") > LONGEST_BODY:
        found.append(f"body: longer than {LONGEST_BODY} characters")
    return found


def person(email: str | None, name: str | None) -> Person:
    """Make a person of what a provider tells."""
    address = (email or "").strip().lower()
    words = (name or "").strip()
    return Person(email=address, name="" if words.lower() == address else words)


def is_reply(subject: str) -> bool:
    """Say whether a subject is that of an answer or of something passed on."""
    return _REPLY.match(subject) is not None


def began_in_sight(thread: Thread, since: int, *, is_cached: bool) -> bool:
    """Say whether a thread's first message is among what was listed ``since`` (Unix seconds).

    ``is_cached``: of older messages nothing is told at all, not even that they exist. There a thread is complete when
    it carries its first message's id, or when its first message is no answer. Nothing else vouches for it.
    """
    if thread.began is None:
        return since <= 0 and not is_cached
    if thread.began < since:
        return False
    if not is_cached:
        return True
    return thread.uid in thread.message_ids or bool(thread.subject and not is_reply(thread.subject))


def normalized_message(item: Message) -> Message:
    """Sort what has no order of its own; the order of addressees is kept."""
    return _replace(item, folders=_sorted(item.folders))


def normalized_thread(item: Thread) -> Thread:
    """Sort what has no order of its own; the order of messages is kept."""
    return _replace(item, folders=_sorted(item.folders), participants=_people(item.participants))


def _sorted(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(words)))


def _people(people: Iterable[Person]) -> tuple[Person, ...]:
    return tuple(sorted(set(people), key=lambda p: (p.email, p.name)))


# --- comparing ---------------------------------------------------------------------------------------------------


def compared_message(item: Message) -> Message:
    """Spell a message so that what means the same is the same; its text and who it is are left out."""
    addressees = {n: _people(getattr(item, n)) for n in ("sender", "to", "cc", "bcc", "reply_to")}
    return _replace(normalized_message(item), uid=None, body=None, is_body_cut=False, **addressees)


def compared_thread(item: Thread, *, is_whole: bool) -> Thread:
    """Spell a thread so that what means the same is the same.

    Not ``is_whole``: only what the newest messages tell is compared. The older ones drop out of the provider's listing
    day by day, and that changes nothing of what happened.
    """
    if is_whole:
        return _replace(normalized_thread(item), uid=None)
    return Thread(
        received=item.received,
        snippet=item.snippet,
        unread=item.unread,
        starred=item.starred,
        message_ids=item.message_ids[-1:],
    )


# --- merging -----------------------------------------------------------------------------------------------------


def merged_message(source: Message, destination: Message) -> Message:
    """Overwrite a message; its text cannot have changed, so what is known of it stays."""
    if source.body is not None:
        return _replace(source, uid=destination.uid or source.uid)
    return _replace(
        source, uid=destination.uid or source.uid, body=destination.body, is_body_cut=destination.is_body_cut
    )


def merged_thread(source: Thread, destination: Thread, *, is_whole: bool) -> Thread:
    """Overwrite a thread. Where the source tells of newer messages only, the older ones it told of before stay."""
    uid = destination.uid or source.uid
    if is_whole or destination.began is None or not source.message_ids:
        return _replace(source, uid=uid)
    if source.began is not None and source.began <= destination.began:
        return _replace(source, uid=uid, is_complete=source.is_complete or destination.is_complete)
    newer = tuple(i for i in source.message_ids if i not in destination.message_ids)
    return _replace(
        source,
        uid=uid,
        subject=destination.subject,
        began=destination.began,
        sent=source.sent or destination.sent,
        is_complete=destination.is_complete,
        message_ids=destination.message_ids + newer,
        participants=_people(destination.participants + source.participants),
        has_attachments=source.has_attachments or destination.has_attachments,
    )


def brief(item: Message) -> Message:
    """Leave a message's text out: lists, plans and before-images have no use for it, and it takes room."""
    return item if item.body is None else _replace(item, body=None, is_body_cut=False)
