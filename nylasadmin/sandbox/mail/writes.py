"""Changing and deleting messages, threads and folders by the provider's rules. The caller holds the sandbox's lock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nylasadmin.sandbox.errors import Refusal, bad_request, not_found
from nylasadmin.sandbox.events.fields import checked_metadata
from nylasadmin.sandbox.mail.folders import STARRED, UNREAD, Folder, changed_folder
from nylasadmin.sandbox.mail.mailboxes import Mailbox
from nylasadmin.sandbox.mail.rows import Extras, MessageRow
from nylasadmin.sandbox.mail.rules import TRASH
from nylasadmin.sandbox.wire import Json, decoded

if TYPE_CHECKING:
    from nylasadmin.sandbox.state import Sandbox

_FLAGS = ("unread", "starred")


def store_message(sandbox: Sandbox, mailbox: Mailbox, message: Json, rfc_id: str, extras: Extras | None = None) -> Json:
    """Put a new message into its mailbox and announce it, and the reply that it may be."""
    before = mailbox.thread(message["thread_id"])
    mailbox.put(message, rfc_id, extras)
    stored = decoded(mailbox.row(message["id"]).body)
    sandbox.changes.announce("message.created", mailbox.grant, stored)
    own = mailbox.grant.email.casefold()
    if before and all((one.get("email") or "").casefold() != own for one in stored.get("from") or ()):
        sandbox.changes.announce("thread.replied", mailbox.grant, _reply(sandbox, before, stored))
    return stored


def update_message(sandbox: Sandbox, mailbox: Mailbox, row: MessageRow, body: Json) -> Json:
    """Change what a body names, each field replaced as a whole, and return the message."""
    fields = _checked(body, mailbox)
    if body.get("metadata") is not None:
        fields["metadata"] = checked_metadata(body["metadata"])
    return _change(sandbox, mailbox, row, fields)


def delete_message(sandbox: Sandbox, mailbox: Mailbox, row: MessageRow, *, hard: bool) -> None:
    """Move a message to the trash; out of the trash, or if asked for, delete it for good."""
    if hard or mailbox.is_in_trash(row):
        _remove(sandbox, mailbox, row)
    else:
        _change(sandbox, mailbox, row, {"folders": [mailbox.folder_for(TRASH)]})


def update_thread(sandbox: Sandbox, mailbox: Mailbox, thread: list[MessageRow], body: Json) -> None:
    """Change the flags and the folders of all messages of a thread."""
    fields = _checked(body, mailbox)
    for row in thread:
        _change(sandbox, mailbox, row, dict(fields))


def delete_thread(sandbox: Sandbox, mailbox: Mailbox, thread: list[MessageRow]) -> None:
    """Move all messages of a thread to the trash."""
    for row in thread:
        delete_message(sandbox, mailbox, row, hard=False)


def create_folder(sandbox: Sandbox, mailbox: Mailbox, body: Json) -> Folder:
    """Make a folder or a label."""
    if body.get("name") is None:
        raise bad_request("name is required", name="is required")
    rules, known = mailbox.rules, frozenset({*mailbox.folders, mailbox.root})
    blank = Folder("", "", parent_id=mailbox.root if rules.has_parents else None)
    folder = changed_folder(blank, body, rules, known)
    folder_id = folder.name if rules.folder_id_is_name else sandbox.identifiers.fresh(rules.folder_id_shape)
    if any(one.name == folder.name and one.parent_id == folder.parent_id for one in mailbox.folders.values()):
        raise bad_request("a folder with this name exists", name="is taken")
    folder = mailbox.add_folder(replace(folder, id=folder_id))
    sandbox.changes.announce("folder.created", mailbox.grant, folder_wire(mailbox, folder))
    return folder


def update_folder(sandbox: Sandbox, mailbox: Mailbox, folder: Folder, body: Json) -> Folder:
    """Change what a body names."""
    known = frozenset({*mailbox.folders, mailbox.root})
    changed = mailbox.add_folder(changed_folder(folder, body, mailbox.rules, known))
    sandbox.changes.announce("folder.updated", mailbox.grant, folder_wire(mailbox, changed))
    return changed


def delete_folder(sandbox: Sandbox, mailbox: Mailbox, folder: Folder) -> None:
    """Delete a folder with its messages and the folders in it; of a label only the label goes."""
    if folder.is_system:
        raise bad_request("a system folder cannot be deleted")
    for child in [one for one in mailbox.folders.values() if one.parent_id == folder.id]:
        delete_folder(sandbox, mailbox, child)
    for row in [row for row in mailbox.newest_first() if folder.id in row.folders]:
        rest = [one for one in row.folders if one != folder.id]
        if mailbox.rules.has_labels:
            _change(sandbox, mailbox, row, {"folders": rest})
        else:
            _remove(sandbox, mailbox, row)
    mailbox.remove_folder(folder.id)
    gone: Json = {"grant_id": mailbox.grant.id, "id": folder.id, "name": folder.name, "object": "folder"}
    sandbox.changes.announce("folder.deleted", mailbox.grant, gone | {"system_folder": False})


@dataclass(frozen=True, slots=True)
class FolderCounts:
    """Counts of all folders of a mailbox, made in one go."""

    mailbox: Mailbox

    def wires(self) -> list[Json]:
        """Return all folders as the service shows them."""
        counts = self.mailbox.counts()
        inside = [one.parent_id for one in self.mailbox.folders.values()]
        return [
            one.wire(
                self.mailbox.grant.id,
                self.mailbox.rules,
                (counts[one.id, False], counts[one.id, True], inside.count(one.id)),
            )
            for one in self.mailbox.folders.values()
        ]


def folder_wire(mailbox: Mailbox, folder: Folder) -> Json:
    """Return one folder as the service shows it."""
    return next(one for one in FolderCounts(mailbox).wires() if one["id"] == folder.id)


def thread_rows(mailbox: Mailbox, thread_id: str, oldest: int) -> list[MessageRow]:
    """Return the messages of a thread; 404 if there is none."""
    rows = mailbox.thread(thread_id, oldest)
    if not rows:
        raise not_found("The thread was not found")
    return rows


def _change(sandbox: Sandbox, mailbox: Mailbox, row: MessageRow, fields: Json) -> Json:
    before = decoded(row.body)
    mailbox.put(before | fields, row.rfc_id)
    after = decoded(mailbox.row(row.id).body)
    if any(after.get(name) != before.get(name) for name in (*_FLAGS, "folders")):
        sandbox.changes.announce("message.updated", mailbox.grant, after)
    return after


def _remove(sandbox: Sandbox, mailbox: Mailbox, row: MessageRow) -> None:
    metadata = decoded(row.body).get("metadata")
    mailbox.remove(row.id)
    gone: Json = {"grant_id": mailbox.grant.id, "id": row.id, "object": "message"}
    sandbox.changes.announce("message.deleted", mailbox.grant, gone | ({"metadata": metadata} if metadata else {}))


def _checked(body: Json, mailbox: Mailbox) -> Json:
    fields: Json = {}
    for name in _FLAGS:
        if body.get(name) is not None:
            if not isinstance(body[name], bool):
                raise _invalid(name, "must be true or false")
            fields[name] = body[name]
    if body.get("folders") is not None:
        fields["folders"] = _folders(body["folders"], mailbox)
        if mailbox.rules.has_labels:
            named = {"unread": UNREAD, "starred": STARRED}
            fields |= {flag: True for flag, label in named.items() if label in fields["folders"] and flag not in body}
    return fields


def _folders(value: object, mailbox: Mailbox) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _invalid("folders", "must be a list of folder ids")
    unknown = [one for one in value if one not in mailbox.folders]
    if unknown:
        raise _invalid("folders", f"{unknown[0]} is no folder of this account")
    if not mailbox.rules.has_labels and len(value) != 1:
        raise _invalid("folders", "must be exactly one at this provider")
    return list(dict.fromkeys(value))


def _reply(sandbox: Sandbox, before: list[MessageRow], reply: Json) -> Json:
    return {
        "grant_id": reply["grant_id"],
        "message_id": reply["id"],
        "root_message_id": before[0].id,
        "thread_id": reply["thread_id"],
        "label": "",
        "reply_data": {"count": len(before)},
        "sender_app_id": sandbox.application_id,
        "timestamp": reply["date"],
    }


def _invalid(name: str, problem: str) -> Refusal:
    return bad_request(f"{name} {problem}", **{name: problem})
