"""What the routes of messages, threads and folders share: whose mailbox a path means, and their pages."""

from __future__ import annotations

from flask import Response, request

from nylasadmin.sandbox.events.listings import selected
from nylasadmin.sandbox.events.queries import selection
from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.http.pages import leading_on
from nylasadmin.sandbox.mail.mailboxes import Mailbox
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.wire import Json, encoded


def mailbox_of(sandbox: Sandbox, grant_name: str) -> Mailbox:
    """Return the mailbox of the account a path names; refuse expired ones. Called with the lock held."""
    grant = sandbox.grants.find(grant_name)
    grant.require_valid()
    return sandbox.mail.of(grant)


def one(obj: Json) -> Response:
    """Answer with one object, as far as it was selected."""
    return replies.one(selected(obj, selection(request.args)))


def many(objects: list[Json], cursor: str | None) -> Response:
    """Answer with a page of objects, as far as they were selected."""
    names = selection(request.args)
    return replies.many_encoded([encoded(selected(obj, names)) for obj in objects], leading_on(cursor))
