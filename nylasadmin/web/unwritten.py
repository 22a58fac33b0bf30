"""What a snapshot did not write: items it cannot write, that changed meanwhile, that were kept, or that a
held run would delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from nylasadmin.domain.plan import ActionKind, Reason
from nylasadmin.domain.privileges import Privilege
from nylasadmin.services.plan_views import PlanQuery
from nylasadmin.services.views import SnapshotView
from nylasadmin.web import numbers
from nylasadmin.web.current import services
from nylasadmin.web.navigation import may
from nylasadmin.web.security import needs

blueprint = Blueprint("unwritten", __name__)

SIZE = 50
_KINDS = (ActionKind.SKIP, ActionKind.KEEP, ActionKind.DELETE)


@blueprint.get("/snapshots/<int:snapshot_id>/unwritten")
@needs(Privilege.VIEW)
def page(snapshot_id: int) -> ResponseReturnValue:
    """List the items, filtered by kind, reason and link."""
    snapshot, query = services().console.snapshot(snapshot_id), _query(snapshot_id)
    items = services().plans.page(query, is_masked=_is_masked())
    reasons = {kind: services().plans.reasons(snapshot_id, kind) for kind in _KINDS}
    values = {"snapshot": snapshot, "items": items, "reasons": reasons, "query": query}
    return render_template("unwritten/page.html", page_address=_page_address(query), **values)


def _page_address(query: PlanQuery) -> Callable[[int], str]:
    given: dict[str, Any] = {"kind": query.kind, "reason": query.reason, "link_id": query.link_id}
    return lambda number: url_for(".page", snapshot_id=query.plan_id, page=number, **given)


def _query(snapshot_id: int) -> PlanQuery:
    kind, why = request.args.get("kind", ""), request.args.get("reason", "")
    return PlanQuery(
        plan_id=snapshot_id,
        kind=ActionKind(kind) if kind in _KINDS else ActionKind.SKIP,
        reason=Reason(why) if why in list(Reason) else None,
        link_id=numbers.optional(request.args, "link_id"),
        page=numbers.page(request.args),
        size=SIZE,
    )


def unwritable(snapshot: SnapshotView) -> dict[Reason, int]:
    """Count by reason what a snapshot did not write; most snapshots have nothing of that and are not asked."""
    counters = snapshot.counters
    return services().plans.unwritten(snapshot.id) if counters.skipped or counters.moved or counters.kept else {}


def _is_masked() -> bool:
    return not may(Privilege.MANAGE)
