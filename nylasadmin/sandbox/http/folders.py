"""`/v3/grants/{grant}/folders`: the folders or labels of an account, in one flat list."""

from __future__ import annotations

from flask import Blueprint, Response, request

from nylasadmin.sandbox.events.cursors import Cursor, decode_cursor, encode_cursor
from nylasadmin.sandbox.events.queries import MAX_LIMIT, boolean, limit_of
from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.http.mailboxes import mailbox_of, many, one
from nylasadmin.sandbox.http.pages import page_size
from nylasadmin.sandbox.mail.folders import Folder
from nylasadmin.sandbox.mail.mailboxes import Mailbox
from nylasadmin.sandbox.mail.writes import FolderCounts, create_folder, delete_folder, folder_wire, update_folder
from nylasadmin.sandbox.state import Sandbox

_LIST = "/v3/grants/<segment:grant_name>/folders"
_ONE = f"{_LIST}/<segment:folder_id>"


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes of folders."""
    blueprint = Blueprint("folders", __name__)
    _reading(blueprint, sandbox)
    _writing(blueprint, sandbox)
    return blueprint


def _reading(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.get(_LIST)
    def list_folders(grant_name: str) -> Response:
        limit = page_size(limit_of(request.args, MAX_LIMIT))
        with sandbox.lock:
            return _page(mailbox_of(sandbox, grant_name), limit)

    @blueprint.get(_ONE)
    def find_folder(grant_name: str, folder_id: str) -> Response:
        with sandbox.lock:
            mailbox = mailbox_of(sandbox, grant_name)
            return one(folder_wire(mailbox, mailbox.folder(folder_id)))


def _writing(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.post(_LIST)
    def create(grant_name: str) -> Response:
        body = replies.body()
        with sandbox.lock:
            mailbox = mailbox_of(sandbox, grant_name)
            return one(folder_wire(mailbox, create_folder(sandbox, mailbox, body)))

    @blueprint.put(_ONE)
    def update(grant_name: str, folder_id: str) -> Response:
        body = replies.body()
        with sandbox.lock:
            mailbox = mailbox_of(sandbox, grant_name)
            folder = update_folder(sandbox, mailbox, mailbox.folder(folder_id), body)
            return one(folder_wire(mailbox, folder))

    @blueprint.delete(_ONE)
    def delete(grant_name: str, folder_id: str) -> Response:
        with sandbox.lock:
            mailbox = mailbox_of(sandbox, grant_name)
            delete_folder(sandbox, mailbox, mailbox.folder(folder_id))
        return replies.done()


def _page(mailbox: Mailbox, limit: int) -> Response:
    scope, token = f"folders {mailbox.grant.id}", request.args.get("page_token")
    first = max(decode_cursor(token, scope, parts=1).key[0], 0) if token else 0
    shown = [one for one in FolderCounts(mailbox).wires() if _is_wanted(mailbox, mailbox.folder(one["id"]))]
    stop = first + limit
    return many(shown[first:stop], encode_cursor(Cursor(scope, (stop,))) if stop < len(shown) else None)


def _is_wanted(mailbox: Mailbox, folder: Folder) -> bool:
    rules, args = mailbox.rules, request.args
    if folder.hidden and not boolean(args, "include_hidden_folders"):
        return False
    if args.get("parent_id") and rules.has_parents:
        return folder.parent_id == args["parent_id"]
    is_single = rules.has_hidden_folders and boolean(args, "single_level")
    return not is_single or folder.parent_id == mailbox.root
