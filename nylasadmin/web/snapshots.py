"""Snapshots: the dialog that plans and starts one, its page, the history, and the decisions about held runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from flask import Blueprint, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from nylasadmin.domain.links import OffReason
from nylasadmin.domain.plan import Direction, ReceiverOnly
from nylasadmin.domain.privileges import Privilege
from nylasadmin.domain.runs import PAUSABLE, RunState
from nylasadmin.errors import InvalidInput, NotFound, Refused
from nylasadmin.services.views import LinkDetails, RunSort, SnapshotState, SnapshotView
from nylasadmin.services.wording import link_off
from nylasadmin.web import filters, held, histories, htmx, numbers, plots, unwritten
from nylasadmin.web.current import actor, now, services
from nylasadmin.web.plans import typed_deletes
from nylasadmin.web.security import needs

blueprint = Blueprint("snapshots", __name__)

SIZE = 50
RUNS = 20
_COLUMNS = (
    ("link", "Link", ""),
    ("state", "State", ""),
    ("written", "Done", ""),
    ("", "Read", "num"),
    ("", "Created", "num"),
    ("", "Updated", "num"),
    ("", "Deleted", "num"),
    ("", "Unchanged", "num"),
    ("", "Skipped", "num"),
    ("failed", "Failed", "num"),
    ("", "Took", ""),
)
_DETAILS = frozenset({"state", "sort", "page", "failures"})


# --- history -----------------------------------------------------------------------------------------------------


@blueprint.get("/snapshots")
@needs(Privilege.VIEW)
def page() -> ResponseReturnValue:
    return render_template("snapshots/page.html", **_history_values())


@blueprint.get("/panels/snapshots")
@needs(Privilege.VIEW)
def panel() -> ResponseReturnValue:
    shown_at = None if htmx.refreshes_itself() else url_for(".page", **_given(histories.NAMES))
    return htmx.panel("snapshots/_panel.html", page_url=shown_at, **_history_values())


def _history_values() -> dict[str, Any]:
    filters, console = histories.read(request.args), services().console
    count = console.count_snapshots(filters.query)
    pages = _pages(count, filters.query.size)
    query = msgspec.structs.replace(filters.query, page=min(filters.query.page, pages))
    rows = console.snapshots(query)
    return {
        "snapshots": rows,
        "count": count,
        "query": query,
        "filters": filters,
        "states": tuple(SnapshotState),
        "pages": pages,
        "targets": console.targets(),
        "is_live": any(row.state is SnapshotState.RUNNING for row in rows),
        "history_url": lambda: url_for(".panel", **_given(histories.NAMES)),
        "history_page_url": lambda number: url_for(".page", **_given(histories.NAMES, page=number)),
    }


def _given(names: frozenset[str], **changes: Any) -> dict[str, Any]:
    """Give the known part of this address' query again, with changes, without what is empty or the first page."""
    values = {k: v for k, v in request.args.items() if k in names} | changes
    return {k: v for k, v in values.items() if v and not (k in ("page", "failures") and str(v) == "1")}


def _pages(count: int, size: int) -> int:
    return max(1, -(-count // size))


# --- one snapshot ------------------------------------------------------------------------------------------------


@blueprint.get("/snapshots/<int:snapshot_id>")
@needs(Privilege.VIEW)
def one(snapshot_id: int) -> ResponseReturnValue:
    """Show a snapshot; a preview has a page of its own, the plan's."""
    values = _values(snapshot_id)
    if values["snapshot"].is_preview:
        return htmx.see_other(url_for("plans.page", plan_id=snapshot_id))
    return render_template("snapshots/one.html", **values)


@blueprint.get("/panels/snapshots/<int:snapshot_id>")
@needs(Privilege.VIEW)
def details(snapshot_id: int) -> ResponseReturnValue:
    shown_at = None if htmx.refreshes_itself() else url_for(".one", snapshot_id=snapshot_id, **_given(_DETAILS))
    return htmx.panel("snapshots/_details.html", page_url=shown_at, **_values(snapshot_id))


def _values(snapshot_id: int) -> dict[str, Any]:
    console, text = services().console, request.args.get("state", "")
    snapshot = console.snapshot(snapshot_id)
    state = RunState(text) if text in list(RunState) else None
    states, sort = (state,) if state else (), _sort(request.args.get("sort", ""))
    runs_pages = _pages(snapshot.links_by_state.get(state, 0) if state else snapshot.links, RUNS)
    failures_pages = _pages(snapshot.counters.failed, SIZE)
    runs_page = min(numbers.page(request.args), runs_pages)
    failures_page = min(numbers.page(request.args, "failures"), failures_pages)
    return {
        "snapshot": snapshot,
        "target": console.target(snapshot.target_id),
        "state": state or "",
        "run_states": _run_states(snapshot),
        **held.panel_values(snapshot),
        "sort": sort,
        "run_columns": _COLUMNS,
        "pausable_states": [str(state) for state in PAUSABLE],
        "runs": console.runs(snapshot_id, states=states, page=runs_page, size=RUNS, sort=sort),
        "figure": plots.figure(snapshot, console.samples(snapshot_id), now()),
        "unwritable": unwritten.unwritable(snapshot),
        "failures": console.failures(snapshot_id=snapshot_id, page=failures_page, size=SIZE),
        "runs_page": runs_page,
        "runs_pages": runs_pages,
        "failures_page": failures_page,
        "failures_pages": failures_pages,
        **_addresses(snapshot_id),
    }


def _sort(text: str) -> RunSort:
    return RunSort(text) if text in list(RunSort) else RunSort.STATE


def _run_states(snapshot: SnapshotView) -> list[tuple[str, int]]:
    present = [(str(s), n) for s in RunState if (n := snapshot.links_by_state.get(s, 0))]
    return [("", snapshot.links), *present] if len(present) > 1 else [("", snapshot.links)]


def _addresses(snapshot_id: int) -> dict[str, Callable[..., str]]:
    """Give the template its addresses: of this panel and of its page, each with one thing changed."""

    def one_url(**changes: Any) -> str:
        return url_for(".details", snapshot_id=snapshot_id, **_given(_DETAILS, **changes))

    def one_page_url(**changes: Any) -> str:
        return url_for(".one", snapshot_id=snapshot_id, **_given(_DETAILS, **changes))

    return {
        "one_url": one_url,
        "one_page_url": one_page_url,
        "one_runs_url": lambda number: one_page_url(page=number),
        "one_failures_url": lambda number: one_page_url(failures=number),
    }


@blueprint.post("/snapshots/<int:snapshot_id>/cancel")
@needs(Privilege.MANAGE)
def cancel(snapshot_id: int) -> ResponseReturnValue:
    services().snapshots.cancel(actor(), snapshot_id)
    return _changed(snapshot_id)


@blueprint.post("/snapshots/<int:snapshot_id>/runs/<int:run_id>/cancel")
@needs(Privilege.MANAGE)
def cancel_run(snapshot_id: int, run_id: int) -> ResponseReturnValue:
    services().snapshots.cancel_run(actor(), run_id, snapshot_id=snapshot_id)
    return _changed(snapshot_id)


@blueprint.post("/snapshots/<int:snapshot_id>/retry")
@needs(Privilege.MANAGE)
def retry(snapshot_id: int) -> ResponseReturnValue:
    again = services().snapshots.retry(actor(), snapshot_id)
    return htmx.go(url_for(".one", snapshot_id=again.id))


def _changed(snapshot_id: int) -> ResponseReturnValue:
    return htmx.done(url_for(".one", snapshot_id=snapshot_id), snapshotsChanged={}, linksChanged={})


# --- asking for one: options, the plan's counts, then the word to start -------------------------------------------


@blueprint.get("/snapshots/new")
@needs(Privilege.MANAGE)
def new() -> ResponseReturnValue:
    """Open the dialog; one link that is off in that direction has nothing to choose, only a reason to be read."""
    asked = _asked(request.args)
    if off := _off(asked["link"], asked["direction"]):
        return htmx.form("snapshots/off.html", 409, refused=link_off(asked["direction"], off), off=off, **asked)
    return _new(200, plan=_preview_of(request.args), **asked)


def _off(link: LinkDetails | None, direction: Direction) -> tuple[OffReason, ...]:
    if link is None:
        return ()
    return link.inbound_off if direction is Direction.GET else link.outbound_off


@blueprint.post("/snapshots/plan")
@needs(Privilege.MANAGE)
def preview() -> ResponseReturnValue:
    """Plan with the options as they are now; a plan made before with other options is given up."""
    asked, snapshots = _asked(request.form), services().snapshots
    answer = _section if htmx.is_htmx() else _new
    _give_up(request.form.get("preview_id", type=numbers.number))
    if asked["wrong_filter"]:
        return answer(422, plan=None, refused=None, **asked)
    try:
        made = snapshots.request(actor(), **asked["wanted"], is_preview=True)
    except InvalidInput as error:
        return answer(422, plan=None, refused=None, **asked | {"wrong": error.fields})
    except Refused as error:
        return answer(409, plan=None, refused=error, **asked)
    if not htmx.is_htmx():
        return htmx.see_other(url_for(".new", preview_id=made.id, **asked["plain"]))
    return _section(200, plan=services().console.snapshot(made.id), refused=None, **asked)


@blueprint.get("/panels/snapshots/<int:snapshot_id>/plan")
@needs(Privilege.MANAGE)
def plan(snapshot_id: int) -> ResponseReturnValue:
    return _section(200, plan=services().console.snapshot(snapshot_id), refused=None, **_asked(request.args))


def _new(status: int, refused: Refused | None = None, **values: Any) -> ResponseReturnValue:
    return htmx.form("snapshots/new.html", status, refused=refused, **values)


def _section(status: int, **values: Any) -> ResponseReturnValue:
    return make_response(render_template("snapshots/_plan.html", **values), status)


@blueprint.post("/snapshots")
@needs(Privilege.MANAGE)
def start() -> ResponseReturnValue:
    """Carry out the plan the operator saw: it must be of exactly these options."""
    asked = _asked(request.form)
    if asked["wrong_filter"]:
        return _new(422, plan=None, **asked)
    plan = _preview_of(request.form)
    if plan is None or not _is_plan_of(plan, asked["wanted"]):
        return _new(409, plan=None, **asked | {"is_outdated": True})
    try:
        typed = typed_deletes(services().plans.get(plan.id))
        snapshot = services().plans.run(
            actor(), plan.id, typed_deletes=typed, reason=asked["reason"], allows_empty=True
        )
    except InvalidInput as error:
        return _new(422, plan=plan, **asked | {"wrong": error.fields})
    except Refused as error:
        return _new(409, plan=plan, refused=error, **asked)
    back = url_for(".one", snapshot_id=snapshot.id)
    return htmx.done(back, snapshotsChanged={}, linksChanged={}, targetsChanged={})


def _preview_of(given: Mapping[str, str]) -> SnapshotView | None:
    """Give the preview that a form or an address names; another snapshot's number stands for none."""
    preview_id = numbers.optional(given, "preview_id")
    found = services().console.snapshot(preview_id) if preview_id else None
    return found if found is not None and found.is_preview else None


def _is_plan_of(plan: SnapshotView, wanted: Mapping[str, Any]) -> bool:
    """Say whether that is a finished plan of these options."""
    if not plan.is_preview or plan.state in (SnapshotState.RUNNING, SnapshotState.CANCELLED):
        return False
    link_id = wanted.get("link_id")
    target_id = None if plan.link_id else plan.target_id
    planned = (plan.direction, plan.receiver_only, plan.link_id, target_id, plan.filter)
    asked_for = (wanted["direction"], wanted["receiver_only"], link_id, wanted.get("target_id"), wanted["filter"])
    return planned == asked_for


def _give_up(preview_id: int | None) -> None:
    if preview_id is None:
        return
    view = services().console.snapshot(preview_id)
    if view.is_preview and view.is_live:
        services().snapshots.cancel(actor(), preview_id)


def _asked(given: MultiDict[str, str]) -> dict[str, Any]:
    """Read what is asked for: direction, one target or one link, and the options with the filter."""
    if given.get("direction") not in list(Direction):
        raise NotFound("direction", given.get("direction"))
    direction, ids = Direction(given["direction"]), _ids(given)
    remove = given.get("receiver_only") == ReceiverOnly.REMOVE
    receiver_only, reason = ReceiverOnly.REMOVE if remove else ReceiverOnly.KEEP, given.get("reason", "").strip()
    link = services().console.link(ids["link_id"]) if "link_id" in ids else None
    asked = filters.read(given)
    return {
        "direction": direction,
        "receiver_only": receiver_only,
        "reason": reason,
        "ids": ids,
        "is_outdated": False,
        "typed": given.get("typed_deletes", ""),
        "wrong": {},
        "link": link,
        "target": link.target if link else services().console.target(ids["target_id"]),
        "filter_form": asked.form,
        "wrong_filter": asked.wrong,
        "filter_labels": filters.FIELDS,
        "offered_types": [] if link else filters.offered_types(direction),
        "wanted": {
            "direction": direction,
            "receiver_only": receiver_only,
            "reason": reason,
            "filter": asked.filter,
            **ids,
        },
        "plain": {
            "direction": direction.value,
            "receiver_only": receiver_only.value,
            **filters.plain(asked.filter),
            **ids,
        },
    }


def _ids(given: Mapping[str, str]) -> dict[str, int]:
    """Give the one target or one link that is meant."""
    for name in ("link_id", "target_id"):
        found = numbers.optional(given, name)
        if found is not None:
            return {name: found}
    raise NotFound("link or target", "")
