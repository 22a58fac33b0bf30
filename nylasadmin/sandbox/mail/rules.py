"""What differs between the providers' mailboxes. `providers.py` gives each provider its row.

Sources: the wire contract's sections 7.2 to 7.4 and the vendor's OpenAPI file; what both leave open is chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

INBOX, SENT, DRAFTS, TRASH, JUNK, ARCHIVE = "\\Inbox", "\\Sent", "\\Drafts", "\\Trash", "\\Junk", "\\Archive"


@dataclass(frozen=True, slots=True)
class SystemFolder:
    """A folder that every account has."""

    name: str
    attribute: str | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class MailRules:
    """How one provider keeps mail."""

    message_id_shape: str
    thread_id_shape: str | None
    """None: a thread has the id of its first message."""
    folder_id_shape: str
    system_folders: tuple[SystemFolder, ...]
    system_id_is_name: bool = False
    folder_id_is_name: bool = False
    has_labels: bool = False
    """A message may lie in many folders, two of which show that it is unread or starred."""
    hides_trash: bool = False
    """Lists leave trash and junk out unless one of them is asked for."""
    cache_days: int | None = None
    """Older mail is read only straight from the provider, by `query_imap`."""
    has_parents: bool = False
    has_hidden_folders: bool = False
    has_colours: bool = False
    shows_system: bool = False
    may_lack_sender: bool = False
    """Some received mail has no `from`."""
    native_search_stands_alone: bool = False
    """`search_query_native` goes together with `in` and paging only."""


_GOOGLE_FOLDERS = (
    SystemFolder("INBOX", INBOX),
    SystemFolder("SENT", SENT),
    SystemFolder("DRAFT", DRAFTS),
    SystemFolder("TRASH", TRASH),
    SystemFolder("SPAM", JUNK),
    SystemFolder("IMPORTANT"),
    SystemFolder("STARRED"),
    SystemFolder("UNREAD"),
    SystemFolder("CHAT"),
    SystemFolder("CATEGORY_PERSONAL"),
    SystemFolder("CATEGORY_UPDATES"),
    SystemFolder("CATEGORY_PROMOTIONS"),
)
_MICROSOFT_FOLDERS = (
    SystemFolder("Inbox", INBOX),
    SystemFolder("Sent Items", SENT),
    SystemFolder("Drafts", DRAFTS),
    SystemFolder("Deleted Items", TRASH),
    SystemFolder("Junk Email", JUNK),
    SystemFolder("Archive", ARCHIVE),
    SystemFolder("Outbox"),
    SystemFolder("Conversation History"),
    SystemFolder("Sync Issues", hidden=True),
)
_IMAP_FOLDERS = (
    SystemFolder("INBOX", INBOX),
    SystemFolder("Sent Messages", SENT),
    SystemFolder("Drafts", DRAFTS),
    SystemFolder("Deleted Messages", TRASH),
    SystemFolder("Junk", JUNK),
    SystemFolder("Archive", ARCHIVE),
)

GOOGLE_MAIL = MailRules(
    message_id_shape="google-message",
    thread_id_shape=None,
    folder_id_shape="google-label",
    system_folders=_GOOGLE_FOLDERS,
    system_id_is_name=True,
    has_labels=True,
    hides_trash=True,
    has_colours=True,
    shows_system=True,
    native_search_stands_alone=True,
)
MICROSOFT_MAIL = MailRules(
    message_id_shape="microsoft",
    thread_id_shape="microsoft-thread",
    folder_id_shape="microsoft",
    system_folders=_MICROSOFT_FOLDERS,
    has_parents=True,
    has_hidden_folders=True,
    may_lack_sender=True,
    native_search_stands_alone=True,
)
EWS_MAIL = MailRules(
    message_id_shape="microsoft",
    thread_id_shape="microsoft-thread",
    folder_id_shape="microsoft",
    system_folders=_MICROSOFT_FOLDERS[:-1],
    has_parents=True,
)
IMAP_MAIL = MailRules(
    message_id_shape="imap-message",
    thread_id_shape=None,
    folder_id_shape="uuid",
    system_folders=_IMAP_FOLDERS,
    system_id_is_name=True,
    folder_id_is_name=True,
    cache_days=90,
)
AGENT_MAIL = MailRules(
    message_id_shape="uuid", thread_id_shape="uuid", folder_id_shape="uuid", system_folders=_IMAP_FOLDERS
)
