"""Mailboxes of the company's people: each one's copies of the conversations, filed and read as people do."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from nylasadmin.sandbox.company.correspondence import CUSTOMER, NOTICE, Conversation, Correspondence, Letter, Name
from nylasadmin.sandbox.company.people import Person
from nylasadmin.sandbox.company.phrases import MAIL_FOLDERS
from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.identifiers import Identifiers
from nylasadmin.sandbox.mail.folders import Folder
from nylasadmin.sandbox.mail.letters import blank_message
from nylasadmin.sandbox.mail.mailboxes import Mailbox
from nylasadmin.sandbox.mail.rules import ARCHIVE, INBOX, SENT
from nylasadmin.sandbox.wire import Json

_DAY_S = 86_400
_READ_AFTER_S = 14 * _DAY_S
_FILED_AFTER_S = 60 * _DAY_S


class Mailboxes:
    """Fills the mailbox of anybody of the staff, the same every time."""

    def __init__(
        self, identifiers: Identifiers, seed: int, now: int, staff: Sequence[Person], mail: Correspondence
    ) -> None:
        self._identifiers = identifiers
        self._seed = seed
        self._now = now
        self._mail = mail
        self._people = {person.email: person for person in staff}

    def fill(self, grant: Grant, mailbox: Mailbox) -> None:
        """Put a person's copies of all conversations into the mailbox."""
        person = self._people.get(grant.email)
        conversations = self._mail.of(person) if person is not None else []
        if not conversations:
            return
        rng = Random(f"{self._seed} mailbox {grant.email}")
        folders = self._folders(mailbox)
        # In the order of the dates, as mail arrives: each message then goes to the end of the box.
        letters = [
            (letter.date, conversation, number, letter)
            for conversation in conversations
            for number, letter in enumerate(conversation.letters)
        ]
        for _, conversation, number, letter in sorted(letters, key=lambda one: (one[0], one[1].key, one[2])):
            self._put(mailbox, conversation, number, letter, folders, rng)

    def _put(
        self,
        mailbox: Mailbox,
        conversation: Conversation,
        number: int,
        letter: Letter,
        folders: dict[str, str],
        rng: Random,
    ) -> None:
        key = f"{mailbox.grant.email} {conversation.key}"
        message_id = self._message_id(mailbox, key, number)
        message = blank_message(mailbox, message_id, self._thread_id(mailbox, key), letter.date, letter.body)
        message["subject"] = conversation.subject if number == 0 else f"Re: {conversation.subject}"
        message |= {"from": [_shown(letter.sender)], "to": _all(letter.to), "cc": _all(letter.cc)}
        message |= self._state(mailbox, conversation, letter, folders, rng)
        if letter.file is not None:
            message["attachments"] = [self._attachment(message_id, mailbox, letter.file)]
        if mailbox.rules.may_lack_sender and conversation.kind == NOTICE and rng.random() < 0.1:
            del message["from"]
        rfc_id = f"<{self._identifiers.derived('uuid', f'{conversation.key} {number}')}@mail.brightwater.example>"
        mailbox.put(message, rfc_id)

    def _message_id(self, mailbox: Mailbox, key: str, number: int) -> str:
        return self._identifiers.derived(mailbox.rules.message_id_shape, f"message {key} {number}")

    def _thread_id(self, mailbox: Mailbox, key: str) -> str:
        shape = mailbox.rules.thread_id_shape
        return self._message_id(mailbox, key, 0) if shape is None else self._identifiers.derived(shape, f"thread {key}")

    def _folders(self, mailbox: Mailbox) -> dict[str, str]:
        rules, made = mailbox.rules, {}
        for name in MAIL_FOLDERS:
            text = f"folder {mailbox.grant.email} {name}"
            made[name] = name if rules.folder_id_is_name else self._identifiers.derived(rules.folder_id_shape, text)
            mailbox.add_folder(Folder(made[name], name, parent_id=mailbox.root if rules.has_parents else None))
        return made

    def _state(
        self, mailbox: Mailbox, conversation: Conversation, letter: Letter, folders: dict[str, str], rng: Random
    ) -> Json:
        age, chance, second = self._now - letter.date, rng.random(), rng.random()
        if letter.sender[1] == mailbox.grant.email:
            return {"folders": [mailbox.folder_for(SENT)]}
        unread = chance < (0.5 if age < _READ_AFTER_S else 0.25 if conversation.kind == NOTICE else 0.02)
        is_new = age < _FILED_AFTER_S and second < 0.8
        places = [mailbox.folder_for(INBOX)] if is_new else self._filed(mailbox, conversation, folders)
        if mailbox.rules.has_labels:
            places = [*places, "CATEGORY_UPDATES" if conversation.kind == NOTICE else "CATEGORY_PERSONAL"]
        return {"unread": unread, "starred": second < 0.04, "folders": places}

    def _filed(self, mailbox: Mailbox, conversation: Conversation, folders: dict[str, str]) -> list[str]:
        if conversation.kind == CUSTOMER:
            return [folders["Customers"]]
        if conversation.kind == NOTICE:
            return [folders["Newsletters"]]
        # Archived means without any label where there are labels.
        return [] if mailbox.rules.has_labels else [mailbox.folder_for(ARCHIVE)]

    def _attachment(self, message_id: str, mailbox: Mailbox, file: tuple[str, str, int]) -> Json:
        name, kind, size = file
        shown: Json = {"id": self._identifiers.derived("google", f"attachment {message_id}")}
        shown |= {"grant_id": mailbox.grant.id, "filename": name, "content_type": kind, "size": size}
        return shown | {"is_inline": False, "content_disposition": "attachment"}


def _shown(name: Name) -> Json:
    return {"name": name[0], "email": name[1]}


def _all(names: tuple[Name, ...]) -> list[Json]:
    return [_shown(one) for one in names]
