"""The mailbox of one account: messages by id, by date and by thread, and the folders they lie in."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterator

from nylasadmin.sandbox.errors import bad_request, not_found
from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.identifiers import Identifiers
from nylasadmin.sandbox.mail.folders import STARRED, UNREAD, Folder, root_id, system_folders
from nylasadmin.sandbox.mail.rows import Extras, MessageRow, row_of
from nylasadmin.sandbox.mail.rules import INBOX, TRASH, MailRules
from nylasadmin.sandbox.wire import Json, decoded

_Place = tuple[int, int, str]
_NO_EXTRAS = Extras()


class Mailbox:
    """All mail of one account. Places grow with the arrival, so that paging by date and place stays right."""

    def __init__(self, grant: Grant, rules: MailRules, folders: list[Folder], root: str) -> None:
        self.grant = grant
        self.rules = rules
        self.root = root
        self.is_changed = False
        self.folders = {folder.id: folder for folder in folders}
        self._rows: dict[str, MessageRow] = {}
        self._by_date: list[_Place] = []
        self._threads: dict[str, list[_Place]] = {}
        self._extras: dict[str, Extras] = {}
        self._arrived = 0

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, message_id: str, oldest: int = 0) -> MessageRow:
        """Return the row of an id; 404 if there is none or it is too old to be seen."""
        row = self._rows.get(message_id)
        if row is None or row.date < oldest:
            raise not_found("The message was not found")
        return row

    def get(self, message_id: str) -> Json | None:
        """Return the message of an id."""
        row = self._rows.get(message_id)
        return None if row is None else decoded(row.body)

    def extras(self, message_id: str) -> Extras:
        """Return what is kept of a message beside what lists show."""
        return self._extras.get(message_id, _NO_EXTRAS)

    def put(self, message: Json, rfc_id: str, extras: Extras | None = None) -> None:
        """Store a message, in the place of its predecessor if there is one."""
        old = self._rows.get(message["id"])
        if old is not None:
            self._unlink(old)
        else:
            self._arrived += 1
        row = row_of(self._labelled(message), old.place if old else self._arrived, rfc_id)
        self._rows[row.id] = row
        place = row.date, row.place, row.id
        insort(self._by_date, place)
        insort(self._threads.setdefault(row.thread_id, []), place)
        if extras is not None:
            self._extras[row.id] = extras
        self.is_changed = True

    def remove(self, message_id: str) -> None:
        """Forget a message, and its thread with the last one."""
        self._unlink(self._rows.pop(message_id))
        self._extras.pop(message_id, None)
        self.is_changed = True

    def newest_first(self, first: tuple[int, int] | None = None, oldest: int = 0) -> Iterator[MessageRow]:
        """Yield messages from a place on back to the oldest that may be seen."""
        at = len(self._by_date) if first is None else bisect_right(self._by_date, (*first, "\U0010ffff"))
        while at > 0:
            at -= 1
            if self._by_date[at][0] < oldest:
                return
            yield self._rows[self._by_date[at][2]]

    def all(self) -> list[Json]:
        """Return all messages, newest first."""
        return [decoded(row.body) for row in self.newest_first()]

    def thread(self, thread_id: str, oldest: int = 0) -> list[MessageRow]:
        """Return the messages of a thread that may be seen, oldest first."""
        return [self._rows[message_id] for date, _, message_id in self._threads.get(thread_id, ()) if date >= oldest]

    def thread_of(self, rfc_ids: frozenset[str]) -> str | None:
        """Return the thread that holds one of these Message-IDs."""
        return next((row.thread_id for row in self._rows.values() if row.rfc_id in rfc_ids), None)

    def counts(self) -> Counter[tuple[str, bool]]:
        """Count the messages of each folder, all of them and the unread ones."""
        counts: Counter[tuple[str, bool]] = Counter()
        for row in self._rows.values():
            for folder in row.folders:
                counts[folder, False] += 1
                counts[folder, True] += row.unread
        return counts

    def folder(self, folder_id: str) -> Folder:
        """Return the folder of an id; 404 if there is none."""
        if folder_id not in self.folders:
            raise not_found("The folder was not found")
        return self.folders[folder_id]

    def folder_for(self, attribute: str) -> str:
        """Return the id of the system folder with an attribute; the inbox where there is no such folder."""
        known = {folder.attribute: folder.id for folder in reversed(self.folders.values())}
        return known.get(attribute) or known[INBOX]

    def is_in_trash(self, row: MessageRow) -> bool:
        """Tell whether a message was thrown away already."""
        return self.folder_for(TRASH) in row.folders

    def add_folder(self, folder: Folder) -> Folder:
        """Take in a folder, in the place of its predecessor if there is one."""
        self.folders[folder.id] = folder
        self.is_changed = True
        return folder

    def remove_folder(self, folder_id: str) -> None:
        """Forget a folder."""
        del self.folders[folder_id]
        self.is_changed = True

    def move_to(self, grant: Grant) -> None:
        """Belong to a new grant of the same account; metadata were Nylas' own and are gone."""
        self.grant = grant
        for row in list(self._rows.values()):
            message = decoded(row.body) | {"grant_id": grant.id}
            message.pop("metadata", None)
            message["attachments"] = [one | {"grant_id": grant.id} for one in message.get("attachments") or ()]
            self.put(message, row.rfc_id)

    def _labelled(self, message: Json) -> Json:
        """Let the labels say what the flags say, where labels do."""
        if not self.rules.has_labels:
            return message
        plain = [one for one in message["folders"] if one not in (UNREAD, STARRED)]
        flags = [name for name, is_set in ((UNREAD, message["unread"]), (STARRED, message["starred"])) if is_set]
        return message | {"folders": flags + plain}

    def _unlink(self, row: MessageRow) -> None:
        place = row.date, row.place, row.id
        del self._by_date[bisect_left(self._by_date, place)]
        thread = self._threads[row.thread_id]
        del thread[bisect_left(thread, place)]
        if not thread:
            del self._threads[row.thread_id]


def mailbox(grant: Grant, identifiers: Identifiers) -> Mailbox:
    """Return the empty mailbox of an account; 400 if its provider has none."""
    rules = grant.rules.mail
    if rules is None:
        raise bad_request(f"messages are not supported for {grant.rules.name}")
    return Mailbox(grant, rules, system_folders(grant, rules, identifiers), root_id(grant, identifiers))
