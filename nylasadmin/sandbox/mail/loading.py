"""mbox files become mail: one file, one mailbox, spread over the users; what has no place goes to the report."""

from __future__ import annotations

import mailbox as formats
import zlib
from collections.abc import Sequence
from email.utils import mktime_tz, parsedate_tz
from pathlib import Path
from typing import TYPE_CHECKING

from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.ics.reports import FileReport
from nylasadmin.sandbox.mail.folders import Folder
from nylasadmin.sandbox.mail.letters import blank_message
from nylasadmin.sandbox.mail.mailboxes import Mailbox
from nylasadmin.sandbox.mail.parsing import ParsedMail, parsed_mail
from nylasadmin.sandbox.mail.rows import Extras
from nylasadmin.sandbox.mail.rules import ARCHIVE, DRAFTS, INBOX, JUNK, SENT, TRASH

if TYPE_CHECKING:
    from nylasadmin.sandbox.state import Sandbox

_ENDINGS = (".mbox", ".mbx", "")
_LABELS = {
    "inbox": INBOX,
    "sent": SENT,
    "trash": TRASH,
    "spam": JUNK,
    "junk": JUNK,
    "drafts": DRAFTS,
    "archive": ARCHIVE,
}
_FLAG_LABELS = ("unread", "opened", "starred", "important", "archived")


def load_mail(sandbox: Sandbox, path: Path, grants: Sequence[Grant]) -> None:
    """Load an mbox file, or every one of a directory: the i-th into the mailbox of the i-th user, going round."""
    files = sorted(one for one in path.iterdir() if one.is_file()) if path.is_dir() else [path]
    takers = [grant for grant in grants if grant.rules.mail is not None]
    wanted = [one for one in files if one.suffix.lower() in _ENDINGS]
    for number, file in enumerate(wanted):
        report = FileReport(file.name, things="messages")
        if takers:
            MailLoader(sandbox, sandbox.mail.of(takers[number % len(takers)]), file, report).load()
        else:
            report.add(None, "the file", "there is no user to hold it")
        sandbox.report += report.entries()


class MailLoader:
    """Loads one mbox file into one mailbox."""

    def __init__(self, sandbox: Sandbox, mailbox: Mailbox, path: Path, report: FileReport) -> None:
        self._sandbox = sandbox
        self._mailbox = mailbox
        self._path = path
        self._report = report
        self._threads: dict[str, str] = {}

    def load(self) -> None:
        """Load all messages, oldest first, so that answers find their threads."""
        try:
            found = list(self._messages())
        except OSError as problem:
            self._report.add(None, "the file", f"cannot be read: {problem.strerror}")
            return
        if not found:
            self._report.add(None, "the file", "holds no message")
        for number, (data, mail) in sorted(enumerate(found), key=lambda one: (one[1][1].date or 0, one[0])):
            self._take(number, data, mail)

    def _messages(self) -> list[tuple[bytes, ParsedMail]]:
        box = formats.mbox(str(self._path), create=False)
        try:
            return [self._message(box, key) for key in box.iterkeys()]
        except formats.NoSuchMailboxError:
            return []
        finally:
            box.close()

    def _message(self, box: formats.mbox, key: str) -> tuple[bytes, ParsedMail]:
        lines = box.get_bytes(key, from_=True).partition(b"\n")
        mail = parsed_mail(lines[2])
        if mail.date is None:
            found = parsedate_tz(lines[0].decode("latin-1").rpartition("@")[2].partition(" ")[2])
            mail.date = None if found is None else max(int(mktime_tz(found)), 0)
        return lines[2], mail

    def _take(self, number: int, data: bytes, mail: ParsedMail) -> None:
        rfc_id = mail.rfc_id or self._made_id(number, mail)
        message_id = self._message_id(rfc_id)
        if message_id is None:
            self._report.add(rfc_id, "the message", "is in the file more than once: the first is kept")
            return
        for what, why in mail.problems:
            self._report.add(rfc_id, what, why)
        thread_id = self._thread_id(message_id, rfc_id, mail.ancestors)
        date = mail.date if mail.date is not None else self._made_date(rfc_id)
        message = blank_message(self._mailbox, message_id, thread_id, date, mail.fields["body"]) | mail.fields
        message |= self._state(mail)
        message["attachments"] = [self._attachment(message_id, at, one) for at, one in enumerate(mail.files)]
        extras = Extras(headers=mail.headers, source=zlib.compress(data))
        self._mailbox.put(message, rfc_id, extras)

    def _message_id(self, rfc_id: str) -> str | None:
        text = f"mail {self._mailbox.grant.email} {rfc_id}"
        message_id = self._sandbox.identifiers.derived(self._mailbox.rules.message_id_shape, text)
        return None if self._mailbox.get(message_id) is not None else message_id

    def _attachment(self, message_id: str, at: int, file: dict[str, object]) -> dict[str, object]:
        made = self._sandbox.identifiers.derived("google", f"attachment {message_id} {at}")
        return {"id": made, "grant_id": self._mailbox.grant.id, **file}

    def _made_id(self, number: int, mail: ParsedMail) -> str:
        made = self._sandbox.identifiers.derived("uuid", f"{self._path.name} {number} {mail.fields['subject']}")
        self._report.add(f"<{made}@loaded.example>", "Message-ID", "is missing: this one was made")
        return f"<{made}@loaded.example>"

    def _made_date(self, rfc_id: str) -> int:
        self._report.add(rfc_id, "the date", "is missing or unreadable: the message counts as received today")
        return self._sandbox.clock.now()

    def _thread_id(self, message_id: str, rfc_id: str, ancestors: list[str]) -> str:
        known = next((self._threads[one] for one in ancestors if one in self._threads), None)
        shape = self._mailbox.rules.thread_id_shape
        made = message_id if shape is None else self._sandbox.identifiers.derived(shape, f"thread {message_id}")
        for one in (*ancestors, rfc_id):
            self._threads.setdefault(one, known or made)
        return known or made

    def _state(self, mail: ParsedMail) -> dict[str, object]:
        """Tell from labels, status headers and the sender where the message lies and whether it was read."""
        labels = [one.strip() for one in mail.header("X-Gmail-Labels").split(",") if one.strip()]
        known = {one.casefold() for one in labels}
        status = mail.header("Status") + mail.header("X-Status")
        own = self._mailbox.grant.email.casefold()
        is_sent = any(one["email"].casefold() == own for one in mail.fields["from"])
        folders = [self._folder(one) for one in labels if one.casefold() not in _FLAG_LABELS]
        if not folders:
            folders = [self._mailbox.folder_for(SENT if is_sent else ARCHIVE if "archived" in known else INBOX)]
        return {
            "unread": "unread" in known or (bool(status) and "R" not in status and not is_sent),
            "starred": "starred" in known or "F" in status,
            "folders": list(dict.fromkeys(folders)) if self._mailbox.rules.has_labels else folders[:1],
        }

    def _folder(self, label: str) -> str:
        if label.casefold() in _LABELS:
            return self._mailbox.folder_for(_LABELS[label.casefold()])
        found = next((one.id for one in self._mailbox.folders.values() if one.name == label), None)
        if found is not None:
            return found
        rules = self._mailbox.rules
        text = f"folder {self._mailbox.grant.email} {label}"
        made = label if rules.folder_id_is_name else self._sandbox.identifiers.derived(rules.folder_id_shape, text)
        parent = self._mailbox.root if rules.has_parents else None
        return self._mailbox.add_folder(Folder(made, label, parent_id=parent)).id
