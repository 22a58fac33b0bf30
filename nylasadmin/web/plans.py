"""A plan's page: what a snapshot would do to every item, what is left out of it, and carrying out exactly that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec
from flask import Blueprint, Response, make_response, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from nylasadmin.domain.binding import PlanItemState
from nylasadmin.domain.items import ItemType
from nylasadmin.domain.plan import WRITES, ActionKind, Reason
from nylasadmin.domain.privileges import Privilege
from nylasadmin.domain.runs import Counters
from nylasadmin.errors import InvalidInput, NotFound, Refused
from nylasadmin.services.plan_views import Forecast, PlanPage, PlanQuery, PlanView
from nylasadmin.services.views import SnapshotView
from nylasadmin.web import files, htmx, numbers, plan_files
from nylasadmin.web.current import actor, services
from nylasadmin.web.navigation import may
from nylasadmin.web.security import needs

blueprint = Blueprint("plans", __name__)

SIZE = 50
LINKS = 20
_FILTERS = ("kind", "reason", "state", "left_out", "link_id", "search")
_NO_FILTER = dict.fromkeys((*_FILTERS, "page"), "")
_MOST_REVEALED = 50


# --- looking -----------------------------------------------------------------------------------------------------


@blueprint.get("/plans/<int:plan_id>")
@needs(Privilege.VIEW)
def page(plan_id: int) -> ResponseReturnValue:
    return render_template("plans/page.html", **_values(plan_id))


@blueprint.get("/panels/plans/<int:plan_id>")
@needs(Privilege.VIEW)
def panel(plan_id: int) -> ResponseReturnValue:
    shown_at = None if htmx.refreshes_itself() else _page_url(plan_id)
    return htmx.panel("plans/_plan.html", page_url=shown_at, **_values(plan_id))


@blueprint.get("/plans/<int:plan_id>.csv")
@needs(Privilege.VIEW)
def csv(plan_id: int) -> Response:
    """Give the items that match the filters as a file; masked where the page is."""
    plan, items = services().plans.get(plan_id), services().plans.export(_query(plan_id), is_masked=_is_masked(plan_id))
    return files.download(plan_files.csv_lines(plan, items), f"plan-{plan_id}.csv", "text/csv")


@blueprint.get("/plans/<int:plan_id>.json")
@needs(Privilege.VIEW)
def json(plan_id: int) -> Response:
    is_masked = _is_masked(plan_id)
    plan, items = services().plans.get(plan_id), services().plans.export(_query(plan_id), is_masked=is_masked)
    return files.download(
        plan_files.json_parts(plan, items, is_masked=is_masked), f"plan-{plan_id}.json", "application/json"
    )


@blueprint.post("/plans/<int:plan_id>/reveal")
@needs(Privilege.VIEW)
def reveal(plan_id: int) -> ResponseReturnValue:
    """Show titles and people to somebody who may only look; that leaves a row in the audit trail."""
    services().plans.reveal(actor(), plan_id)
    session["revealed"] = [*_revealed(), plan_id][-_MOST_REVEALED:]
    return _changed(plan_id, said="Titles and people are shown; the audit trail says so.")


def _is_masked(plan_id: int) -> bool:
    return not may(Privilege.MANAGE) and plan_id not in _revealed()


def _revealed() -> list[int]:
    revealed: list[int] = session.get("revealed", [])
    return revealed


# --- deciding ----------------------------------------------------------------------------------------------------


@blueprint.post("/plans/<int:plan_id>/items")
@needs(Privilege.MANAGE)
def include(plan_id: int) -> ResponseReturnValue:
    """Leave out what was unticked and take in what was ticked since the page was shown; the rest stays as it is."""
    was, now = keys("was"), keys("included")
    plans, changed = services().plans, []
    try:
        for items, is_excluded, words in ((was - now, True, "left out"), (now - was, False, "taken in again")):
            if items:
                count = plans.exclude(actor(), plan_id, sorted(items), is_excluded=is_excluded)
                changed.append(f"{count:,} {words}")
    except Refused as error:
        return _refused(plan_id, error)
    return _changed(plan_id, said=", ".join(changed))


def keys(name: str) -> set[tuple[int, int]]:
    """Read the items a form names, each as ``run-number``; what is none is passed over."""
    found = set()
    for text in request.form.getlist(name):
        run, _, seq = text.partition("-")
        with suppress(ValueError):
            found.add((numbers.number(run), numbers.number(seq)))
    return found


@blueprint.post("/plans/<int:plan_id>/run")
@needs(Privilege.MANAGE)
def run(plan_id: int) -> ResponseReturnValue:
    plan = services().plans.get(plan_id)
    try:
        reason = request.form.get("reason", "")
        started = services().plans.run(actor(), plan_id, typed_deletes=typed_deletes(plan), reason=reason)
    except InvalidInput as error:
        return _answer(plan_id, 422, wrong=error.fields)
    except Refused as error:
        return _refused(plan_id, error)
    return htmx.go(url_for("snapshots.one", snapshot_id=started.id))


def typed_deletes(plan: PlanView) -> int | None:
    """Give the number of deletions a form says, where there are any; a number that none has where it says nothing."""
    return request.form.get("typed_deletes", -1, type=numbers.number) if plan.to_delete else None


@blueprint.post("/plans/<int:plan_id>/again")
@needs(Privilege.MANAGE)
def again(plan_id: int) -> ResponseReturnValue:
    """Plan the same anew, from what both sides hold now."""
    preview = services().plans.get(plan_id).preview
    if preview.undoes_id is not None:
        made = services().undo.plan(actor(), preview.undoes_id)
        return htmx.go(url_for(".page", plan_id=made.id))
    made = services().snapshots.request(
        actor(),
        direction=preview.direction,
        target_id=None if preview.link_id else preview.target_id,
        link_id=preview.link_id,
        receiver_only=preview.receiver_only,
        reason=preview.reason,
        is_preview=True,
        filter=preview.filter,
    )
    return htmx.go(url_for(".page", plan_id=made.id))


def _refused(plan_id: int, error: Refused) -> ResponseReturnValue:
    return _answer(plan_id, 409, refused=error)


def _changed(plan_id: int, said: str) -> ResponseReturnValue:
    return _answer(plan_id, 200, said=said) if htmx.is_htmx() else htmx.see_other(_page_url(plan_id))


def _answer(plan_id: int, status: int, **more: Any) -> ResponseReturnValue:
    template = "plans/_plan.html" if htmx.is_htmx() else "plans/page.html"
    return make_response(render_template(template, **_values(plan_id, **more)), status)


# --- what the templates show -------------------------------------------------------------------------------------


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """A number of the plan. One with a ``kind`` narrows the list to it."""

    css: str
    count: int
    text: str
    kind: ActionKind | None = None


def _values(
    plan_id: int, *, said: str = "", wrong: Mapping[str, str] | None = None, refused: Refused | None = None
) -> dict[str, Any]:
    plan, query = services().plans.get(plan_id), _query(plan_id)
    links_pages = max(1, -(-plan.preview.links // LINKS))
    links_page = min(numbers.page(request.args, "links"), links_pages)
    return {
        "plan": plan,
        "preview": plan.preview,
        "direction": plan.preview.direction,
        "query": query,
        "items": _items(query),
        "tiles": _tiles(plan),
        "reasons": _reasons(plan, query.kind),
        "forecast": services().plans.forecast(plan_id) if plan.to_delete and not plan.executed_by else Forecast(),
        "links": services().plans.links(plan_id, links_page, LINKS) if plan.preview.links > 1 else [],
        "links_page": links_page,
        "links_pages": links_pages,
        "can_trim": may(Privilege.MANAGE) and plan.executed_by is None and not plan.has_expired,
        "writes": WRITES,
        "writes_meetings": _writes_meetings(plan.preview),
        "typed": request.form,
        "said": said,
        "wrong": wrong or {},
        "refused": refused,
        **_addresses(plan_id),
    }


def _writes_meetings(preview: SnapshotView) -> bool:
    """Say whether there may be attendees: contacts and mail have none."""
    if preview.filter and preview.filter.item_types:
        return ItemType.EVENT in preview.filter.item_types
    if preview.link_id is None:
        return True
    try:
        return services().console.link(preview.link_id).link.item_type is ItemType.EVENT
    except NotFound:  # removed since it was planned: nothing can be carried out
        return False


def _items(query: PlanQuery) -> PlanPage:
    """Give the page that is asked for, or the last one there is."""
    plans, is_masked = services().plans, _is_masked(query.plan_id)
    found = plans.page(query, is_masked=is_masked)
    if query.page <= found.pages:
        return found
    return plans.page(msgspec.structs.replace(query, page=found.pages), is_masked=is_masked)


def _tiles(plan: PlanView) -> list[Tile]:
    counters, limit = plan.preview.counters, "filter" if plan.preview.filter else "window"
    if plan.preview.undoes_id is not None:
        return _undo_tiles(counters)
    return [
        Tile(css="create", count=counters.to_create, text="create in {loser}", kind=ActionKind.CREATE),
        Tile(css="update", count=counters.to_update, text="overwrite in {loser}", kind=ActionKind.UPDATE),
        Tile(css="delete", count=counters.to_delete, text="delete in {loser}", kind=ActionKind.DELETE),
        Tile(css="", count=counters.unchanged, text="equal already"),
        Tile(css="unable", count=counters.skipped, text="cannot be written", kind=ActionKind.SKIP),
        Tile(css="", count=counters.kept, text="kept in {loser}", kind=ActionKind.KEEP),
        Tile(css="", count=counters.outside, text=f"outside the {limit}", kind=ActionKind.OUTSIDE),
    ]


def _undo_tiles(counters: Counters) -> list[Tile]:
    return [
        Tile(css="create", count=counters.to_create, text="come back to {loser}", kind=ActionKind.CREATE),
        Tile(css="update", count=counters.to_update, text="get their earlier version", kind=ActionKind.UPDATE),
        Tile(css="delete", count=counters.to_delete, text="are deleted again", kind=ActionKind.DELETE),
        Tile(css="", count=counters.unchanged, text="as before already"),
        Tile(css="unable", count=counters.skipped, text="left as they are", kind=ActionKind.SKIP),
    ]


def _reasons(plan: PlanView, kind: ActionKind | None) -> list[tuple[Reason, int]]:
    """Count the items per reason, of one kind or of all; most first."""
    counts: dict[Reason, int] = {}
    for total in plan.totals:
        if kind in (None, total.kind):
            counts[total.reason] = counts.get(total.reason, 0) + total.items
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))


def _query(plan_id: int) -> PlanQuery:
    args = request.args
    kind, reason, state = (args.get(name, "") for name in ("kind", "reason", "state"))
    return PlanQuery(
        plan_id=plan_id,
        kind=ActionKind(kind) if kind in list(ActionKind) else None,
        reason=Reason(reason) if reason in list(Reason) else None,
        state=PlanItemState(state) if state in list(PlanItemState) else None,
        only_excluded=args.get("left_out") == "yes",
        link_id=numbers.optional(args, "link_id"),
        search=args.get("search", "").strip()[:200],
        page=numbers.page(args),
        size=SIZE,
    )


def _given(**changes: Any) -> dict[str, Any]:
    """Give the filters of this address, with changes, without what is empty or the first page."""
    values = {name: request.args.get(name, "") for name in (*_FILTERS, "page", "links")} | changes
    return {k: v for k, v in values.items() if v and not (k in ("page", "links") and str(v) == "1")}


def _page_url(plan_id: int, **changes: Any) -> str:
    return url_for(".page", plan_id=plan_id, **_given(**changes))


def _addresses(plan_id: int) -> dict[str, Callable[..., Any]]:
    """Give the template its addresses: of the page and of its panel, each with something changed."""

    def at(endpoint: str, **changes: Any) -> str:
        return url_for(f".{endpoint}", plan_id=plan_id, **_given(**changes))

    return {
        "plan_url": at,
        "items_page_url": lambda number: at("page", page=number),
        "links_page_url": lambda number: at("page", links=number),
        "plan_hidden": lambda: [(k, v) for k, v in _given(page="", search="").items()],
        "is_filtered": lambda: any(request.args.get(name) for name in _FILTERS),
        "no_filter": lambda: _NO_FILTER,
        "only_moved": lambda: _NO_FILTER | {"state": PlanItemState.MOVED.value},
    }
