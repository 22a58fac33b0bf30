"""Links: the list of a target's links with its search, filters and pages, and the folder panel of one link."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from nylasadmin.domain.items import ItemType
from nylasadmin.domain.kinds import supported
from nylasadmin.domain.links import Link, OffReason
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.privileges import Privilege
from nylasadmin.errors import InvalidInput, Refused, StaleVersion
from nylasadmin.services.views import LinkDetails, LinkPage, LinkQuery, LinkSort, LinkState, SnapshotState
from nylasadmin.services.wording import DIRECTIONS, off_reason
from nylasadmin.web import htmx, numbers, policies
from nylasadmin.web.current import actor, services
from nylasadmin.web.format import plural
from nylasadmin.web.security import needs

blueprint = Blueprint("links", __name__)

COLUMNS = (
    (LinkSort.NAME, "Name", ""),
    (LinkSort.OWNER, "Folder owner", "owner wide-only"),
    (None, "Inbound", "mid"),
    (None, "Outbound", "mid"),
    (LinkSort.ITEMS, "Items", "num items wide-only"),
    (LinkSort.LAST_SYNC, "Last sync", "sync wide-only"),
    (None, "State", "state"),
)
OUTBOUND_IS_BACK = "Outbound is on again. A Send snapshot closes the gap; inbound catches up by itself."
OUTBOUND_WRITES_NOTHING = "Outbound is on, but the calendar is read-only at the provider: nothing can be written there."
MOST_AT_ONCE = 1_000_000
CHANGES = {
    "inbound-on": (Direction.GET, True),
    "inbound-off": (Direction.GET, False),
    "outbound-on": (Direction.SEND, True),
    "outbound-off": (Direction.SEND, False),
}


# --- the list ----------------------------------------------------------------------------------------------------


@blueprint.get("/panels/targets/<int:target_id>/links")
@needs(Privilege.VIEW)
def panel(target_id: int) -> ResponseReturnValue:
    query, selected = read_query(target_id, request.args), request.args.get("link", type=numbers.number)
    target = services().console.target(target_id)
    values = panel_values(query, selected)
    shown_at = None if htmx.refreshes_itself() else page_url(query, selected)
    return htmx.panel("links/_panel.html", page_url=shown_at, target=target, **values)


def read_query(target_id: int, args: Mapping[str, str]) -> LinkQuery:
    """Read the query out of an address. What makes no sense counts as not given."""
    state, sort = args.get("state", ""), args.get("sort", "")
    return LinkQuery(
        target_id=target_id,
        search=args.get("search", "").strip()[:100],
        state=LinkState(state) if state in list(LinkState) else None,
        item_type=args.get("type", "") if args.get("type") in list(ItemType) else "",
        sort=LinkSort(sort) if sort in list(LinkSort) else LinkSort.NAME,
        descending=bool(args.get("down")),
        page=numbers.page(args),
    )


def panel_values(query: LinkQuery, selected: int | None) -> dict[str, Any]:
    """Give what the links panel shows. A page beyond the last shows the last; no selection selects the first link."""
    found = services().console.links(query)
    if not found.rows and query.page > found.pages:
        found = services().console.links(msgspec.structs.replace(query, page=found.pages))
    if selected is None and found.rows:
        selected = found.rows[0].id
    return {
        "links": found,
        "selected_link": selected,
        "link_columns": COLUMNS,
        "link_states": _states(found),
        "links_types": tuple(t for t in ItemType if supported(t)),
        "links_steps": _steps(found),
        "links_are_live": bool(found.by_state.get(LinkState.RUNNING)),
        "said": "",
        **_addresses(found.query, selected),
    }


def _states(found: LinkPage) -> list[tuple[LinkState | None, int]]:
    """Name the filters to offer: every state that some link has, and the chosen one."""
    present = [s for s in LinkState if found.by_state.get(s) or s is found.query.state]
    return [(None, found.total), *((s, found.by_state.get(s, 0)) for s in reversed(present))]


def _steps(found: LinkPage) -> list[tuple[int | None, str]]:
    page, pages = found.query.page, found.pages
    return [
        (1 if page > 2 else None, "First"),
        (page - 1 if page > 1 else None, "Previous"),
        (page + 1 if page < pages else None, "Next"),
        (pages if page < pages - 1 else None, "Last"),
    ]


def _addresses(query: LinkQuery, selected: int | None) -> dict[str, Callable[..., Any]]:
    """Give the templates their addresses: of this list with one thing changed, of its page, and of a link in it."""

    def links_url(**changes: Any) -> str:
        return url_for("links.panel", target_id=query.target_id, link=selected, **_args(query, changes))

    def links_page_url(**changes: Any) -> str:
        return page_url(query, selected, **changes)

    def link_href(link_id: int) -> str:
        return page_url(query, link_id)

    def links_switch_url() -> str:
        return url_for("links.switch", target_id=query.target_id, link=selected, **_args(query, {}))

    def links_hidden() -> Iterable[tuple[str, str]]:
        kept = _args(query, {"search": "", "type": "", "page": 1}) | ({"link": str(selected)} if selected else {})
        return kept.items()

    return {f.__name__: f for f in (links_url, links_page_url, links_switch_url, link_href, links_hidden)}


def page_url(query: LinkQuery, selected: int | None, **changes: Any) -> str:
    """Give the address of the page that shows this list with that link selected."""
    return url_for("targets.page", target_id=query.target_id, link_id=selected, **_args(query, changes))


def _args(query: LinkQuery, changes: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "search": query.search,
        "state": query.state or "",
        "type": query.item_type,
        "sort": query.sort,
        "down": query.descending,
        "page": query.page,
    } | changes
    plain = {"sort": LinkSort.NAME.value, "page": 1}
    return {k: "1" if v is True else str(v) for k, v in values.items() if v and plain.get(k) != v}


@blueprint.post("/targets/<int:target_id>/links/switch")
@needs(Privilege.MANAGE)
def switch(target_id: int) -> ResponseReturnValue:
    """Switch a direction on or off for all selected links."""
    direction, on = CHANGES.get(request.form.get("change", ""), (None, False))
    if direction is None:
        return _switched(target_id, "That is no switch of a link: nothing was changed. Use the buttons below the list.")
    ids = _chosen(target_id)
    if not ids:
        return _switched(target_id, "No link is selected: nothing was changed.")
    changed = services().links.switch_many(actor(), ids, direction, on)
    barred = services().links.without_outbound(ids) if on and direction is Direction.SEND else 0
    way = f"{'Inbound' if direction is Direction.GET else 'Outbound'} is {'on' if on else 'off'}"
    said = f"{way} for {plural(len(ids) - barred, 'link')}; {changed} changed."
    if barred:
        said += f" {plural(barred, 'link')} left out: mail is only copied from Nylas to the CRM."
    return _switched(target_id, said, linksChanged={})


def _chosen(target_id: int) -> list[int]:
    """Give the ticked links, or all that match the search and filters of the list."""
    if "all_matching" not in request.form:
        return request.form.getlist("ids", type=numbers.number)
    query = msgspec.structs.replace(read_query(target_id, request.args), page=1, size=MOST_AT_ONCE)
    return [row.id for row in services().console.links(query).rows]


def _switched(target_id: int, said: str, **events: dict[str, Any]) -> ResponseReturnValue:
    query, selected = read_query(target_id, request.args), request.args.get("link", type=numbers.number)
    if not htmx.is_htmx():
        return htmx.see_other(page_url(query, selected))
    target = services().console.target(target_id)
    values = panel_values(query, selected) | {"said": said}
    return htmx.panel("links/_panel.html", events=tuple(events), target=target, **values)


# --- one link ----------------------------------------------------------------------------------------------------


@blueprint.get("/panels/links/<int:link_id>/folder")
@needs(Privilege.VIEW)
def folder(link_id: int) -> ResponseReturnValue:
    return htmx.panel("links/_folder.html", **folder_values(link_id))


def folder_values(link_id: int) -> dict[str, Any]:
    """Give what the folder panel shows: the link, each way with what keeps it off, and its own snapshot if one runs."""
    details = services().console.link(link_id)
    console = services().console
    snapshot = console.live_snapshot(details.link.target_id, link_id)
    return {
        "link": details,
        "ways": _ways(details),
        "folder_snapshot": snapshot,
        "folder_rejections": services().answers.remembered(link_id),
        **policies.timeline_values(link_id),
        "folder_is_live": details.state is LinkState.RUNNING
        or (snapshot is not None and snapshot.state is SnapshotState.RUNNING),
    }


def _ways(details: LinkDetails) -> list[tuple[str, bool, list[str], str, bool]]:
    """Give both directions: name, switch, what keeps it off, route, and whether there is anything to switch."""
    ways = (
        ("Inbound", Direction.GET, details.link.inbound, details.inbound_off),
        ("Outbound", Direction.SEND, details.link.outbound, details.outbound_off),
    )
    return [
        (
            title,
            on,
            [off_reason(direction, reason) for reason in off],
            DIRECTIONS[direction].route,
            OffReason.INBOUND_ONLY not in off,
        )
        for title, direction, on, off in ways
    ]


@blueprint.get("/links/<int:link_id>/edit")
@needs(Privilege.MANAGE)
def edit(link_id: int) -> ResponseReturnValue:
    details = services().console.link(link_id)
    return _form(details, details.link.inbound, details.link.outbound)


@blueprint.post("/links/<int:link_id>/edit")
@needs(Privilege.MANAGE)
def save(link_id: int) -> ResponseReturnValue:
    inbound, outbound = "inbound" in request.form, "outbound" in request.form
    version = request.form.get("version", 0, type=numbers.number)
    before = services().console.link(link_id).link
    try:
        link = services().links.edit(actor(), link_id, version, inbound=inbound, outbound=outbound)
    except StaleVersion:
        return _form(services().console.link(link_id), inbound, outbound, status=409)
    except InvalidInput as error:
        return _form(services().console.link(link_id), inbound, outbound, status=422, problems=error.fields)
    said = _outbound_words(link) if link.outbound and not before.outbound else ""
    return htmx.done(url_for("targets.page", target_id=link.target_id, link_id=link.id), said, linksChanged={})


def _outbound_words(link: Link) -> str:
    return OUTBOUND_WRITES_NOTHING if link.is_read_only else OUTBOUND_IS_BACK


def _form(
    details: LinkDetails, inbound: bool, outbound: bool, status: int = 200, problems: Mapping[str, str] | None = None
) -> ResponseReturnValue:
    values = {"inbound": inbound, "outbound": outbound, "is_stale": status == 409, "problems": problems or {}}
    return htmx.form("links/edit.html", status, link=details, ways=_ways(details), **values)


@blueprint.get("/links/<int:link_id>/remove")
@needs(Privilege.MANAGE)
def remove(link_id: int) -> ResponseReturnValue:
    return _remove_form(services().console.link(link_id))


@blueprint.post("/links/<int:link_id>/remove")
@needs(Privilege.MANAGE)
def delete(link_id: int) -> ResponseReturnValue:
    details = services().console.link(link_id)
    try:
        services().links.remove(actor(), link_id, request.form.get("version", 0, type=numbers.number))
    except StaleVersion:
        return _remove_form(details, 409, is_stale=True)
    except Refused as error:
        return _remove_form(details, 409, refused=error)
    return htmx.go(url_for("targets.page", target_id=details.link.target_id))


def _remove_form(details: LinkDetails, status: int = 200, **more: Any) -> ResponseReturnValue:
    values = {"refused": None, "is_stale": False} | more
    return htmx.form("links/remove.html", status, link=details, **values)
