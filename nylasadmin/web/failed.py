"""Failed items of all targets: find them, try them again, put them aside with a reason."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from nylasadmin.domain import limits
from nylasadmin.domain.privileges import Privilege
from nylasadmin.errors import InvalidInput, Refused
from nylasadmin.services.failed_views import Asked, FailedQuery
from nylasadmin.services.wording import sentence
from nylasadmin.web import htmx, numbers
from nylasadmin.web.current import actor, services
from nylasadmin.web.format import plural
from nylasadmin.web.list_addresses import ListAddresses
from nylasadmin.web.navigation import may
from nylasadmin.web.security import needs

blueprint = Blueprint("failed", __name__)

SIZE = 50
_ADDRESSES = ListAddresses(
    "failed", frozenset({"target_id", "link_id", "snapshot_id", "cause", "search", "show", "page"})
)


@blueprint.get("/failed")
@needs(Privilege.VIEW)
def page() -> ResponseReturnValue:
    return render_template("failed/page.html", **_values())


@blueprint.get("/panels/failed")
@needs(Privilege.VIEW)
def panel() -> ResponseReturnValue:
    shown_at = None if htmx.refreshes_itself() else url_for(".page", **_ADDRESSES.given())
    return htmx.panel("failed/_panel.html", page_url=shown_at, **_values())


@blueprint.post("/failed/retry")
@needs(Privilege.MANAGE)
def retry() -> ResponseReturnValue:
    """Try one item again, the ticked ones, or all that match."""
    chosen = _chosen()
    if chosen is None:
        return _answer(409, said="No item is selected: nothing is tried.")
    try:
        asked = services().failed.retry(actor(), chosen)
    except Refused as error:
        return _answer(409, said=sentence(error), left_out=error.facts.get("skipped", ()))
    return _answer(200, asked=asked, said=_asked_words(asked), left_out=asked.left_out)


@blueprint.post("/failed/dismiss")
@needs(Privilege.MANAGE)
def dismiss() -> ResponseReturnValue:
    """Put the ticked items aside, or all that match."""
    chosen = _chosen()
    if chosen is None:
        return _answer(409, said="No item is selected: nothing was dismissed.")
    try:
        count = services().failed.dismiss(actor(), chosen, request.form.get("reason", ""))
    except InvalidInput as error:
        return _answer(422, wrong=error.fields)
    except Refused as error:
        return _answer(409, said=sentence(error))
    return _answer(200, said=f"{plural(count, 'item')} dismissed. The next failure of an item brings it back.")


def _chosen() -> FailedQuery | None:
    """Read what is meant: the one item whose button was pressed, all that match, or the ticked ones."""
    one = numbers.optional(request.form, "one")
    if one is not None:
        return FailedQuery(ids=(one,), dismissed=_query().dismissed)
    if "all_matching" in request.form:
        return _query()
    ids = tuple(request.form.getlist("ids", type=numbers.number))
    return FailedQuery(ids=ids, dismissed=_query().dismissed) if ids else None


def _asked_words(asked: Asked) -> str:
    left_out = f" {plural(len(asked.left_out), 'link')} cannot be copied now." if asked.left_out else ""
    return f"{plural(asked.items, 'item')} will be tried again.{left_out}"


def _answer(status: int, *, said: str = "", **more: Any) -> ResponseReturnValue:
    """Give the list again, with what was done or why not; what was typed and ticked stays when nothing was done."""
    if status == 200 and not htmx.is_htmx():
        flash(said)
        return htmx.see_other(url_for(".page", **_ADDRESSES.given()))
    template = "failed/_panel.html" if htmx.is_htmx() else "failed/page.html"
    return make_response(render_template(template, **_values(said=said, is_done=status == 200, **more)), status)


def _values(**more: Any) -> dict[str, Any]:
    is_kept = request.method == "POST" and not more.get("is_done")
    console = services().console
    found = services().failed.page(_query(), is_masked=not may(Privilege.MANAGE))
    link_id = found.query.link_id
    return {
        "failed": found,
        "query": found.query,
        "targets": console.targets(),
        "link": console.link(link_id) if link_id is not None else None,
        "ticked": set(request.form.getlist("ids", type=numbers.number)) if is_kept else set(),
        "takes_all": is_kept and "all_matching" in request.form,
        "reason": request.form.get("reason", "") if is_kept else "",
        "limits": limits,
        "said": "",
        "is_done": False,
        "asked": None,
        "left_out": (),
        "wrong": {},
        **_ADDRESSES.for_templates(),
        **more,
    }


def _query() -> FailedQuery:
    args = request.args
    return FailedQuery(
        target_id=numbers.optional(args, "target_id"),
        link_id=numbers.optional(args, "link_id"),
        snapshot_id=numbers.optional(args, "snapshot_id"),
        cause=args.get("cause", "")[:1000],
        search=args.get("search", "").strip()[:200],
        dismissed=args.get("show") == "dismissed",
        page=numbers.page(args),
        size=SIZE,
    )
