"""`/sandbox/`: the control API. It needs no key, speaks JSON, and is meant for tests and curious people."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, request

from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.state import Sandbox


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes of the control API."""
    blueprint = Blueprint("control", __name__, url_prefix="/sandbox")
    _state_routes(blueprint, sandbox)
    _fault_routes(blueprint, sandbox)
    return blueprint


def _state_routes(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.get("/health")
    def health() -> Response:
        return replies.reply({"status": "ok", "application_id": sandbox.application_id, "grants": len(sandbox.grants)})

    @blueprint.get("/requests")
    def requests() -> Response:
        found = [entry for entry in sandbox.requests.entries() if _is_wanted(entry)]
        return replies.reply({"data": found, "highest_in_flight": sandbox.requests.highest_in_flight()})

    @blueprint.delete("/requests")
    def forget_requests() -> Response:
        sandbox.requests.clear()
        return replies.reply({})

    @blueprint.get("/mailed")
    def mailed() -> Response:
        return replies.reply({"data": sandbox.mailed.entries})

    @blueprint.delete("/mailed")
    def forget_mailed() -> Response:
        sandbox.mailed.entries.clear()
        return replies.reply({})

    @blueprint.get("/report")
    def report() -> Response:
        return replies.reply({"data": sandbox.report})


def _fault_routes(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.get("/faults")
    def faults() -> Response:
        return replies.reply({"data": [asdict(fault) for fault in sandbox.faults.all()]})

    @blueprint.post("/faults")
    def add_fault() -> Response:
        return replies.reply({"data": asdict(sandbox.faults.add(replies.body()))})

    @blueprint.delete("/faults")
    def clear_faults() -> Response:
        sandbox.faults.clear()
        return replies.reply({})

    @blueprint.delete("/faults/<int:fault_id>")
    def clear_fault(fault_id: int) -> Response:
        sandbox.faults.clear(fault_id)
        return replies.reply({})


def _is_wanted(entry: dict[str, object]) -> bool:
    method, part, grant = (request.args.get(name) for name in ("method", "path_contains", "grant"))
    if method is not None and entry["method"] != method.upper():
        return False
    if grant is not None and entry["grant"] != grant:
        return False
    return part is None or part in str(entry["path"])
