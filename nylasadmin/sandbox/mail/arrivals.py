"""Mail that arrives from outside, as a test or a person looking in wants it: what is left out is filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nylasadmin.sandbox.mail.letters import blank_message, thread_id_for
from nylasadmin.sandbox.mail.mailboxes import Mailbox
from nylasadmin.sandbox.mail.rules import INBOX, SENT
from nylasadmin.sandbox.mail.writes import store_message
from nylasadmin.sandbox.wire import Json

if TYPE_CHECKING:
    from nylasadmin.sandbox.state import Sandbox


def receive_message(sandbox: Sandbox, mailbox: Mailbox, message: Json, reply_to: str | None = None) -> Json:
    """Store a message; from others it is unread and in the inbox, from the owner it was sent."""
    own = mailbox.grant.email
    message_id = message.get("id") or sandbox.identifiers.fresh(mailbox.rules.message_id_shape)
    ancestors = frozenset() if reply_to is None else frozenset((mailbox.row(reply_to).rfc_id,))
    thread_id = message.get("thread_id") or thread_id_for(sandbox, mailbox, message_id, ancestors)
    date = message.get("date", sandbox.clock.now())
    whole = blank_message(mailbox, message_id, thread_id, date, message.get("body") or "")
    whole["to"] = [{"email": own, "name": mailbox.grant.name}]
    is_own = any(one.get("email") == own for one in message.get("from") or ())
    whole |= {"unread": not is_own, "folders": [mailbox.folder_for(SENT if is_own else INBOX)]}
    rfc_id = f"<{sandbox.identifiers.fresh('uuid')}@mail.sandbox.example>"
    return store_message(sandbox, mailbox, whole | message, rfc_id)
