"""`/v3/grants/{grant}/threads`: the conversations of an account."""

from __future__ import annotations

from itertools import islice

from flask import Blueprint, Response, request

from nylasadmin.sandbox.events.queries import limit_of
from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.http.mailboxes import mailbox_of, many, one
from nylasadmin.sandbox.http.pages import page_size
from nylasadmin.sandbox.mail.mailboxes import Mailbox
from nylasadmin.sandbox.mail.queries import matching_threads, next_token, oldest_cached, thread_query
from nylasadmin.sandbox.mail.rows import MessageRow
from nylasadmin.sandbox.mail.views import shown_thread
from nylasadmin.sandbox.mail.writes import delete_thread, thread_rows, update_thread
from nylasadmin.sandbox.state import Sandbox

_LIST = "/v3/grants/<segment:grant_name>/threads"
_ONE = f"{_LIST}/<segment:thread_id>"
_DEFAULT_LIMIT, _MAX_LIMIT = 20, 50


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes of threads."""
    blueprint = Blueprint("threads", __name__)

    @blueprint.get(_LIST)
    def list_threads(grant_name: str) -> Response:
        limit = page_size(limit_of(request.args, _MAX_LIMIT, _DEFAULT_LIMIT))
        with sandbox.lock:
            mailbox = mailbox_of(sandbox, grant_name)
            query = thread_query(request.args, mailbox, sandbox.clock.now())
            found = list(islice(matching_threads(mailbox, query), limit + 1))
            cursor = next_token(found[limit][0], query) if len(found) > limit else None
            return many([shown_thread(mailbox, rows) for _, rows in found[:limit]], cursor)

    @blueprint.get(_ONE)
    def find_thread(grant_name: str, thread_id: str) -> Response:
        with sandbox.lock:
            mailbox = mailbox_of(sandbox, grant_name)
            return one(shown_thread(mailbox, _rows(sandbox, mailbox, thread_id)))

    @blueprint.put(_ONE)
    def update(grant_name: str, thread_id: str) -> Response:
        body = replies.body()
        with sandbox.lock:
            mailbox = mailbox_of(sandbox, grant_name)
            update_thread(sandbox, mailbox, _rows(sandbox, mailbox, thread_id), body)
            return one(shown_thread(mailbox, _rows(sandbox, mailbox, thread_id)))

    @blueprint.delete(_ONE)
    def delete(grant_name: str, thread_id: str) -> Response:
        with sandbox.lock:
            mailbox = mailbox_of(sandbox, grant_name)
            delete_thread(sandbox, mailbox, _rows(sandbox, mailbox, thread_id))
        return replies.done()

    return blueprint


def _rows(sandbox: Sandbox, mailbox: Mailbox, thread_id: str) -> list[MessageRow]:
    return thread_rows(mailbox, thread_id, oldest_cached(mailbox, sandbox.clock.now()))
