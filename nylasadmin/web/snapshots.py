"""Snapshots: the dialog that plans and starts one, its page, the history, and the decisions about held runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from nylasadmin.domain.plan import Direction, ReceiverOnly
from nylasadmin.domain.privileges import Privilege
from nylasadmin.domain.runs import RunState
from nylasadmin.errors import InvalidInput, NotFound, Refused
from nylasadmin.services.views import SnapshotQuery, SnapshotState, SnapshotView
from nylasadmin.web import htmx
from nylasadmin.web.current import actor, services
from nylasadmin.web.security import needs

blueprint = Blueprint("snapshots", __name__)


# --- history -----------------------------------------------------------------------------------------------------


@blueprint.get("/snapshots")
@needs(Privilege.VIEW)
def page() -> ResponseReturnValue:
    return render_template("snapshots/page.html", **_history_values())


@blueprint.get("/panels/snapshots")
@needs(Privilege.VIEW)
def panel() -> ResponseReturnValue:
    shown_at = None if htmx.refreshes_itself() else url_for(".page", **request.args)
    return htmx.panel("snapshots/_panel.html", page_url=shown_at, **_history_values())


def _history_values() -> dict[str, Any]:
    query, console = _read_query(request.args), services().console
    rows = console.snapshots(query)
    pages = max(1, -(-console.count_snapshots(query) // query.size))
    return {
        "snapshots": rows,
        "query": query,
        "pages": pages,
        "targets": console.targets(),
        "is_live": any(row.state is SnapshotState.RUNNING for row in rows),
    }


def _read_query(args: Mapping[str, str]) -> SnapshotQuery:
    direction, target, page = args.get("direction", ""), args.get("target_id", ""), args.get("page", "")
    return SnapshotQuery(
        target_id=int(target) if target.isdecimal() else None,
        direction=Direction(direction) if direction in list(Direction) else None,
        page=max(1, int(page)) if page.isdecimal() else 1,
    )


# --- one snapshot ------------------------------------------------------------------------------------------------


@blueprint.get("/snapshots/<int:snapshot_id>")
@needs(Privilege.VIEW)
def one(snapshot_id: int) -> ResponseReturnValue:
    return render_template("snapshots/one.html", **_values(snapshot_id))


@blueprint.get("/panels/snapshots/<int:snapshot_id>")
@needs(Privilege.VIEW)
def details(snapshot_id: int) -> ResponseReturnValue:
    shown_at = None if htmx.refreshes_itself() else url_for(".one", snapshot_id=snapshot_id, **request.args)
    return htmx.panel("snapshots/_details.html", page_url=shown_at, **_values(snapshot_id))


def _values(snapshot_id: int) -> dict[str, Any]:
    console, args = services().console, request.args
    snapshot = console.snapshot(snapshot_id)
    state = args.get("state", "")
    states = {RunState(state)} if state in list(RunState) else None
    runs_page, failures_page = _page(args.get("page", "")), _page(args.get("failures", ""))
    return {
        "snapshot": snapshot,
        "state": state if states else "",
        "runs": console.runs(snapshot_id, states=states, page=runs_page),
        "held_runs": console.runs(snapshot_id, states={RunState.HELD}) if _has_held(snapshot) else [],
        "failures": console.failures(snapshot_id=snapshot_id, page=failures_page),
        "runs_page": runs_page,
        "failures_page": failures_page,
    }


def _page(text: str) -> int:
    return max(1, int(text)) if text.isdecimal() and len(text) < 9 else 1


def _has_held(snapshot: SnapshotView) -> bool:
    return bool(snapshot.links_by_state.get(RunState.HELD))


@blueprint.post("/snapshots/<int:snapshot_id>/cancel")
@needs(Privilege.MANAGE)
def cancel(snapshot_id: int) -> ResponseReturnValue:
    services().snapshots.cancel(actor(), snapshot_id)
    return htmx.done(url_for(".one", snapshot_id=snapshot_id), snapshotsChanged={}, linksChanged={})


@blueprint.post("/snapshots/<int:snapshot_id>/retry")
@needs(Privilege.MANAGE)
def retry(snapshot_id: int) -> ResponseReturnValue:
    again = services().snapshots.retry(actor(), snapshot_id)
    return htmx.go(url_for(".one", snapshot_id=again.id))


# --- asking for one: options, the plan's counts, then the word to start -------------------------------------------


@blueprint.get("/snapshots/new")
@needs(Privilege.MANAGE)
def new() -> ResponseReturnValue:
    asked = _asked(request.args)
    preview_id = request.args.get("preview_id", type=int)
    plan = services().console.snapshot(preview_id) if preview_id else None
    return htmx.form("snapshots/_new.html", plan=plan, refused=None, **asked)


@blueprint.post("/snapshots/plan")
@needs(Privilege.MANAGE)
def preview() -> ResponseReturnValue:
    """Plan with the options as they are now; a plan made before with other options is given up."""
    asked, snapshots = _asked(request.form), services().snapshots
    _give_up(request.form.get("preview_id", type=int))
    try:
        plan = snapshots.request(actor(), **asked["request"], is_preview=True)
    except Refused as error:
        return _section(409, plan=None, refused=error, **asked)
    if not htmx.is_htmx():
        return htmx.see_other(url_for(".new", preview_id=plan.id, **asked["plain"]))
    return _section(200, plan=plan, refused=None, **asked)


@blueprint.get("/panels/snapshots/<int:snapshot_id>/plan")
@needs(Privilege.MANAGE)
def plan(snapshot_id: int) -> ResponseReturnValue:
    return _section(200, plan=services().console.snapshot(snapshot_id), refused=None, **_asked(request.args))


def _section(status: int, **values: Any) -> ResponseReturnValue:
    return make_response(render_template("snapshots/_plan.html", **values), status)


@blueprint.post("/snapshots")
@needs(Privilege.MANAGE)
def start() -> ResponseReturnValue:
    asked = _asked(request.form)
    preview_id = request.form.get("preview_id", type=int)
    plan = services().console.snapshot(preview_id) if preview_id else None
    try:
        snapshot = services().snapshots.request(actor(), **asked["request"])
    except Refused as error:
        return htmx.form("snapshots/_new.html", 409, plan=plan, refused=error, **asked)
    back = url_for(".one", snapshot_id=snapshot.id)
    return htmx.done(back, snapshotsChanged={}, linksChanged={}, targetsChanged={})


def _give_up(preview_id: int | None) -> None:
    if preview_id is None:
        return
    view = services().console.snapshot(preview_id)
    if view.is_preview and view.is_live:
        services().snapshots.cancel(actor(), preview_id)


def _asked(given: Mapping[str, str]) -> dict[str, Any]:
    """Read what is asked for: direction, one target or one link, and the options."""
    if given.get("direction") not in list(Direction):
        abort(404)
    direction = Direction(given["direction"])
    remove = given.get("receiver_only") == ReceiverOnly.REMOVE
    receiver_only = ReceiverOnly.REMOVE if remove else ReceiverOnly.KEEP
    target_id, link_id = (given.get(k, "") for k in ("target_id", "link_id"))
    if link_id.isdecimal():
        link, ids = services().console.link(int(link_id)), {"link_id": int(link_id)}
        target = link.target
    elif target_id.isdecimal():
        link, ids = None, {"target_id": int(target_id)}
        target = services().console.target(int(target_id))
    else:
        abort(404)
    request_ = {"direction": direction, "receiver_only": receiver_only, "reason": given.get("reason", "").strip(), **ids}
    plain = {"direction": direction.value, "receiver_only": receiver_only.value, **ids}
    return {"direction": direction, "target": target, "link": link, "ids": ids, "receiver_only": receiver_only,
            "reason": request_["reason"], "request": request_, "plain": plain}
