"""Held runs: what they would delete, and an operator's answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from msgspec.structs import replace

from nylasadmin.domain.plan import ActionKind
from nylasadmin.domain.privileges import Privilege
from nylasadmin.domain.runs import RunState
from nylasadmin.errors import InvalidInput, Refused
from nylasadmin.services.answers import Rejected
from nylasadmin.services.hold_wording import after_rejecting
from nylasadmin.services.plan_views import PlanPage, PlanQuery
from nylasadmin.services.rows import HeldRun
from nylasadmin.services.views import SnapshotView
from nylasadmin.web import htmx, numbers
from nylasadmin.web.current import actor, services
from nylasadmin.web.format import plural
from nylasadmin.web.navigation import may
from nylasadmin.web.plans import keys
from nylasadmin.web.security import needs

blueprint = Blueprint("held", __name__)

SIZE = 50
MOST_LISTED = 20
_FILTERS = ("link_id", "left_out", "search", "page")


# --- on the snapshot's page --------------------------------------------------------------------------------------


def panel_values(snapshot: SnapshotView) -> dict[str, Any]:
    """Give what a snapshot's page says about its held runs."""
    runs = services().answers.held(snapshot.id) if snapshot.links_by_state.get(RunState.HELD) else []
    return {"held_runs": runs, "held_shown": MOST_LISTED, **_about(snapshot, runs)}


def _about(snapshot: SnapshotView, runs: Sequence[HeldRun], run_id: int | None = None) -> dict[str, Any]:
    first = PlanQuery(plan_id=snapshot.id, kind=ActionKind.DELETE, only_held=True, size=MOST_LISTED)
    return {
        "rest": sum(held.rest for held in runs),
        "left_out": sum(held.left_out for held in runs),
        "deciders": services().answers.deciders(actor(), snapshot.id, run_id) if runs else None,
        "victims": services().plans.page(first, is_masked=not may(Privilege.MANAGE)) if runs else None,
    }


# --- what would be deleted ---------------------------------------------------------------------------------------


@blueprint.get("/snapshots/<int:snapshot_id>/held")
@needs(Privilege.VIEW)
def page(snapshot_id: int) -> ResponseReturnValue:
    return render_template("held/page.html", **_values(snapshot_id))


@blueprint.get("/panels/snapshots/<int:snapshot_id>/held")
@needs(Privilege.VIEW)
def panel(snapshot_id: int) -> ResponseReturnValue:
    shown_at = None if htmx.refreshes_itself() else url_for(".page", snapshot_id=snapshot_id, **_given())
    return htmx.panel("held/_items.html", page_url=shown_at, **_values(snapshot_id))


@blueprint.post("/snapshots/<int:snapshot_id>/held/items")
@needs(Privilege.MANAGE)
def narrowed(snapshot_id: int) -> ResponseReturnValue:
    """Leave out what was unticked and take in what was ticked since the page was shown; the rest stays as it is."""
    was, now = keys("was"), keys("included")
    said = []
    try:
        for items, is_left_out, words in ((was - now, True, "left out"), (now - was, False, "taken in again")):
            if items:
                changed = services().answers.narrow(actor(), snapshot_id, sorted(items), is_left_out=is_left_out)
                said.append(f"{changed:,} {words}")
    except Refused as error:
        return _answer(snapshot_id, 409, refused=error)
    if not htmx.is_htmx():
        return htmx.see_other(url_for(".page", snapshot_id=snapshot_id, **_given()))
    return _answer(snapshot_id, 200, said=", ".join(said))


def _answer(snapshot_id: int, status: int, **more: Any) -> ResponseReturnValue:
    template = "held/_items.html" if htmx.is_htmx() else "held/page.html"
    return make_response(render_template(template, **_values(snapshot_id) | more), status)


def _values(snapshot_id: int) -> dict[str, Any]:
    snapshot, runs = services().console.snapshot(snapshot_id), services().answers.held(snapshot_id)
    items = _items(snapshot_id)
    return {
        "snapshot": snapshot,
        "runs": runs,
        "items": items,
        "query": items.query,
        "said": "",
        "refused": None,
        "can_narrow": may(Privilege.MANAGE) and bool(runs),
        **_about(snapshot, runs),
        **_addresses(snapshot_id),
    }


def _items(snapshot_id: int) -> PlanPage:
    """Give the page that is asked for, or the last one there is."""
    args, plans = request.args, services().plans
    query = PlanQuery(
        plan_id=snapshot_id,
        kind=ActionKind.DELETE,
        only_held=True,
        only_excluded=args.get("left_out") == "yes",
        link_id=numbers.optional(args, "link_id"),
        search=args.get("search", "").strip()[:200],
        page=numbers.page(args),
        size=SIZE,
    )
    is_masked = not may(Privilege.MANAGE)
    found = plans.page(query, is_masked=is_masked)
    if query.page <= found.pages:
        return found
    return plans.page(replace(query, page=found.pages), is_masked=is_masked)


def _given(**changes: Any) -> dict[str, Any]:
    """Give the filters of this address, with changes, without what is empty or the first page."""
    values = {name: request.args.get(name, "") for name in _FILTERS} | changes
    return {k: v for k, v in values.items() if v and not (k == "page" and str(v) == "1")}


def _addresses(snapshot_id: int) -> dict[str, Callable[..., Any]]:
    def at(endpoint: str, **changes: Any) -> str:
        return url_for(f".{endpoint}", snapshot_id=snapshot_id, **_given(**changes))

    return {
        "held_url": at,
        "held_page_url": lambda number: at("page", page=number),
        "held_hidden": lambda: [(k, v) for k, v in _given(page="", search="").items()],
    }


# --- answers -----------------------------------------------------------------------------------------------------


@blueprint.get("/snapshots/<int:snapshot_id>/runs/<int:run_id>/approve")
@needs(Privilege.MANAGE)
def approve(snapshot_id: int, run_id: int) -> ResponseReturnValue:
    return _approve_form(snapshot_id, run_id)


@blueprint.get("/snapshots/<int:snapshot_id>/approve")
@needs(Privilege.MANAGE)
def approve_all(snapshot_id: int) -> ResponseReturnValue:
    return _approve_form(snapshot_id)


@blueprint.post("/snapshots/<int:snapshot_id>/runs/<int:run_id>/approve")
@needs(Privilege.MANAGE)
def approved(snapshot_id: int, run_id: int) -> ResponseReturnValue:
    """Let a held run go on with exactly the deletes it was held for."""
    reason = request.form.get("reason", "")
    try:
        services().answers.approve(actor(), run_id, _typed(), reason, snapshot_id=snapshot_id)
    except InvalidInput as error:
        return _approve_form(snapshot_id, run_id, error.fields)
    return _changed(snapshot_id)


@blueprint.post("/snapshots/<int:snapshot_id>/approve")
@needs(Privilege.MANAGE)
def all_approved(snapshot_id: int) -> ResponseReturnValue:
    try:
        services().answers.approve_all(actor(), snapshot_id, _typed(), request.form.get("reason", ""))
    except InvalidInput as error:
        return _approve_form(snapshot_id, None, error.fields)
    return _changed(snapshot_id)


@blueprint.get("/snapshots/<int:snapshot_id>/runs/<int:run_id>/reject")
@needs(Privilege.MANAGE)
def reject(snapshot_id: int, run_id: int) -> ResponseReturnValue:
    return _reject_form(snapshot_id, run_id)


@blueprint.get("/snapshots/<int:snapshot_id>/reject")
@needs(Privilege.MANAGE)
def reject_all(snapshot_id: int) -> ResponseReturnValue:
    return _reject_form(snapshot_id)


@blueprint.post("/snapshots/<int:snapshot_id>/runs/<int:run_id>/reject")
@needs(Privilege.MANAGE)
def rejected(snapshot_id: int, run_id: int) -> ResponseReturnValue:
    """Keep what a held run would delete, and remember that."""
    reason = request.form.get("reason", "")
    try:
        outcome = services().answers.reject(actor(), run_id, reason, snapshot_id=snapshot_id)
    except InvalidInput as error:
        return _reject_form(snapshot_id, run_id, error.fields)
    return _changed(snapshot_id, _said(outcome))


@blueprint.post("/snapshots/<int:snapshot_id>/reject")
@needs(Privilege.MANAGE)
def all_rejected(snapshot_id: int) -> ResponseReturnValue:
    try:
        outcome = services().answers.reject_all(actor(), snapshot_id, request.form.get("reason", ""))
    except InvalidInput as error:
        return _reject_form(snapshot_id, None, error.fields)
    return _changed(snapshot_id, _said(outcome))


def _typed() -> int | None:
    return request.form.get("typed_deletes", type=numbers.number)


def _said(outcome: Rejected) -> str:
    again = f"; {outcome.again:,} will be created at the source again" if outcome.again else ""
    return f"{plural(outcome.items, 'item')} will not be deleted{again}"


def _approve_form(
    snapshot_id: int, run_id: int | None = None, wrong: dict[str, str] | None = None
) -> ResponseReturnValue:
    snapshot, runs = _meant(snapshot_id, run_id)
    values = {"runs": runs, "run_id": run_id, **_about(snapshot, runs, run_id)}
    return _form("approve", snapshot, wrong, values)


def _reject_form(
    snapshot_id: int, run_id: int | None = None, wrong: dict[str, str] | None = None
) -> ResponseReturnValue:
    snapshot, runs = _meant(snapshot_id, run_id)
    answers = services().answers
    items = sum(held.rest for held in runs)
    then = after_rejecting(snapshot.direction, items, answers.copies(runs), answers.off(runs))
    return _form("reject", snapshot, wrong, {"runs": runs, "run_id": run_id, "then": then, **_about(snapshot, runs)})


def _form(name: str, snapshot: SnapshotView, wrong: dict[str, str] | None, values: dict[str, Any]) -> Response:
    shown = {"snapshot": snapshot, "typed": request.form, "wrong": wrong or {}, **values}
    return htmx.form(f"held/{name}.html", 422 if wrong else 200, **shown)


def _meant(snapshot_id: int, run_id: int | None) -> tuple[SnapshotView, list[HeldRun]]:
    """Give the held runs that an answer is about: one, or all of a snapshot."""
    snapshot, held = services().console.snapshot(snapshot_id), services().answers.held(snapshot_id)
    runs = held if run_id is None else [run for run in held if run.run_id == run_id]
    if not runs:
        raise Refused("nothing_held" if run_id is None else "not_held")
    return snapshot, runs


def _changed(snapshot_id: int, said: str = "") -> ResponseReturnValue:
    return htmx.done(url_for("snapshots.one", snapshot_id=snapshot_id), said, snapshotsChanged={}, linksChanged={})
