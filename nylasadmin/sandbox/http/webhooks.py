"""`/v3/webhooks`: destinations of notifications. Whatever is wrong, the answer is 400 with a number for a type."""

from __future__ import annotations

from flask import Blueprint, Response

from nylasadmin.sandbox.errors import Refusal
from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.webhooks.management import Management, as_webhook_error

_LIST = "/v3/webhooks"
_ONE = f"{_LIST}/<segment:webhook_id>"
_SENT_FROM = {"ip_addresses": ["127.0.0.1", "::1"], "updated_at": 1_767_225_600}


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes of webhooks."""
    blueprint = Blueprint("webhooks", __name__)
    management = Management(sandbox.webhooks)
    _collection(blueprint, management)
    _members(blueprint, management)
    _examples(blueprint, management)

    @blueprint.errorhandler(Refusal)
    def refused(problem: Refusal) -> Response:
        return replies.refusal(as_webhook_error(problem))

    return blueprint


def _collection(blueprint: Blueprint, management: Management) -> None:
    @blueprint.get(_LIST)
    def list_webhooks() -> Response:
        return replies.one(management.all())

    @blueprint.post(_LIST)
    def create_webhook() -> Response:
        return replies.one(management.create(replies.body()))

    @blueprint.get(f"{_LIST}/ip-addresses")
    def ip_addresses() -> Response:
        return replies.one(_SENT_FROM)


def _members(blueprint: Blueprint, management: Management) -> None:
    @blueprint.get(_ONE)
    def find_webhook(webhook_id: str) -> Response:
        return replies.one(management.find(webhook_id))

    @blueprint.put(_ONE)
    def update_webhook(webhook_id: str) -> Response:
        return replies.one(management.change(webhook_id, replies.body()))

    @blueprint.delete(_ONE)
    def delete_webhook(webhook_id: str) -> Response:
        management.remove(webhook_id)
        return replies.one({"status": "success"})

    # The vendor's file and the Node client say POST, the Python client says PUT on another path.
    @blueprint.post(f"{_LIST}/rotate-secret/<segment:webhook_id>")
    @blueprint.put(f"{_ONE}/rotate-secret")
    def rotate_secret(webhook_id: str) -> Response:
        return replies.one(management.rotate(webhook_id))


def _examples(blueprint: Blueprint, management: Management) -> None:
    @blueprint.post(f"{_LIST}/mock-payload")
    def mock_payload() -> Response:
        return replies.one(management.example(replies.body()))

    @blueprint.post(f"{_LIST}/send-test-event")
    def send_test_event() -> Response:
        management.send_example(replies.body())
        return replies.one("success")
