"""`/sandbox/webhooks/`: the log of deliveries, their switches and faults, and a way to wait for quiet."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, request

from nylasadmin.sandbox.errors import bad_request
from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.webhooks.announcements import Webhooks
from nylasadmin.sandbox.webhooks.triggers import TRIGGERS
from nylasadmin.sandbox.wire import Json

_LONGEST_WAIT_S = 60.0


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes about deliveries."""
    blueprint = Blueprint("deliveries", __name__, url_prefix="/sandbox/webhooks")
    _announcing(blueprint, sandbox)
    _log_routes(blueprint, sandbox.webhooks)
    _setting_routes(blueprint, sandbox.webhooks)
    _fault_routes(blueprint, sandbox.webhooks)
    return blueprint


def _announcing(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.post("/announce")
    def announce() -> Response:
        """Notify what the sandbox itself never does: bounces, bookings, anything."""
        wish = replies.body()
        trigger, grant_name, obj = (wish.get(name) for name in ("trigger", "grant", "object"))
        if trigger not in TRIGGERS:
            raise bad_request("trigger is unknown", trigger="is unknown")
        if not isinstance(obj, dict):
            raise bad_request("object must be an object", object="must be an object")
        with sandbox.lock:
            grant = None if grant_name is None else sandbox.grants.find(str(grant_name))
            sandbox.changes.announce(str(trigger), grant, obj)
        return replies.reply({})


def _log_routes(blueprint: Blueprint, webhooks: Webhooks) -> None:
    @blueprint.get("/log")
    def log() -> Response:
        found = [entry for entry in webhooks.courier.log.entries() if _is_wanted(entry)]
        return replies.reply({"data": found, "alerts": webhooks.courier.log.alerts()})

    @blueprint.get("/notifications")
    def notifications() -> Response:
        return replies.reply({"data": webhooks.courier.log.notifications()})

    @blueprint.delete("/log")
    def forget_log() -> Response:
        webhooks.courier.log.clear()
        return replies.reply({})

    @blueprint.get("/schedule")
    def schedule() -> Response:
        return replies.reply({"now": webhooks.clock.now(), "due": webhooks.schedule.waiting()})

    @blueprint.post("/settle")
    def settle() -> Response:
        try:
            wanted = float(request.args.get("timeout_s", 10))
        except ValueError as problem:
            raise bad_request("timeout_s must be a number", timeout_s="must be a number") from problem
        return replies.reply({"quiet": webhooks.settle(min(wanted, _LONGEST_WAIT_S))})


def _setting_routes(blueprint: Blueprint, webhooks: Webhooks) -> None:
    @blueprint.get("/settings")
    def settings() -> Response:
        return replies.reply({"data": webhooks.settings.wire()})

    @blueprint.post("/settings")
    def change_settings() -> Response:
        with webhooks.lock:
            webhooks.settings.change(replies.body())
            return replies.reply({"data": webhooks.settings.wire()})


def _fault_routes(blueprint: Blueprint, webhooks: Webhooks) -> None:
    @blueprint.get("/faults")
    def faults() -> Response:
        return replies.reply({"data": [asdict(fault) for fault in webhooks.faults.all()]})

    @blueprint.post("/faults")
    def add_fault() -> Response:
        return replies.reply({"data": asdict(webhooks.faults.add(replies.body()))})

    @blueprint.delete("/faults")
    def clear_faults() -> Response:
        webhooks.faults.clear()
        return replies.reply({})

    @blueprint.delete("/faults/<int:fault_id>")
    def clear_fault(fault_id: int) -> Response:
        webhooks.faults.clear(fault_id)
        return replies.reply({})


def _is_wanted(entry: Json) -> bool:
    names = ("type", "webhook_id", "grant_id", "notification_id")
    return all(request.args[name] == entry[name] for name in names if name in request.args)
