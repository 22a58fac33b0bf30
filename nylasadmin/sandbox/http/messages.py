"""`/v3/grants/{grant}/messages`: the mail of an account, and sending."""

from __future__ import annotations

from itertools import islice

from flask import Blueprint, Response, request

from nylasadmin.sandbox.events.queries import MAX_LIMIT, boolean, limit_of
from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.http.mailboxes import mailbox_of, many, one
from nylasadmin.sandbox.http.pages import page_size
from nylasadmin.sandbox.http.sendings import Replays, asked_letter
from nylasadmin.sandbox.mail.letters import send_message
from nylasadmin.sandbox.mail.mailboxes import Mailbox
from nylasadmin.sandbox.mail.queries import matching, message_query, next_token, oldest_seen
from nylasadmin.sandbox.mail.views import checked_shape, shown_message
from nylasadmin.sandbox.mail.writes import delete_message, update_message
from nylasadmin.sandbox.state import Sandbox

_LIST = "/v3/grants/<segment:grant_name>/messages"
_ONE = f"{_LIST}/<segment:message_id>"


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes of messages."""
    blueprint = Blueprint("messages", __name__)
    _reading(blueprint, sandbox)
    _writing(blueprint, sandbox)
    _sending(blueprint, sandbox)
    return blueprint


def _reading(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.get(_LIST)
    def list_messages(grant_name: str) -> Response:
        limit, shape = page_size(limit_of(request.args, MAX_LIMIT)), _shape()
        with sandbox.lock:
            mailbox = mailbox_of(sandbox, grant_name)
            query = message_query(request.args, mailbox, sandbox.clock.now())
            rows = list(islice(matching(mailbox, query), limit + 1))
            cursor = next_token(rows[limit], query) if len(rows) > limit else None
            return many([shown_message(mailbox, row, shape) for row in rows[:limit]], cursor)

    @blueprint.get(_ONE)
    def find_message(grant_name: str, message_id: str) -> Response:
        shape = _shape()
        with sandbox.lock:
            mailbox = mailbox_of(sandbox, grant_name)
            return one(shown_message(mailbox, mailbox.row(message_id, _oldest(sandbox, mailbox)), shape))


def _writing(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.put(_ONE)
    def update(grant_name: str, message_id: str) -> Response:
        body = replies.body()
        with sandbox.lock:
            mailbox = mailbox_of(sandbox, grant_name)
            row = mailbox.row(message_id, _oldest(sandbox, mailbox))
            return one(update_message(sandbox, mailbox, row, body))

    @blueprint.delete(_ONE)
    def delete(grant_name: str, message_id: str) -> Response:
        hard = boolean(request.args, "hard_delete")
        with sandbox.lock:
            mailbox = mailbox_of(sandbox, grant_name)
            delete_message(sandbox, mailbox, mailbox.row(message_id), hard=hard)
        return replies.done()


def _sending(blueprint: Blueprint, sandbox: Sandbox) -> None:
    replays = Replays()

    @blueprint.post(f"{_LIST}/send")
    def send(grant_name: str) -> Response:
        letter = asked_letter()
        with sandbox.lock:
            mailbox = mailbox_of(sandbox, grant_name)
            known = replays.answer_to(mailbox.grant.id, letter, sandbox.clock.now())
            if known is not None:
                return known
            answer = replies.one(send_message(sandbox, mailbox, *letter))
            replays.keep(mailbox.grant.id, letter, sandbox.clock.now(), answer)
            return answer


def _shape() -> str:
    return checked_shape(request.args.get("fields", "standard"))


def _oldest(sandbox: Sandbox, mailbox: Mailbox) -> int:
    return oldest_seen(request.args, mailbox, sandbox.clock.now())
