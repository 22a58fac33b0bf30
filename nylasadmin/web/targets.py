"""Targets: the page with the four panels, the targets and server panels, and the dialogs that change a target."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from nylasadmin.domain.policies import MOST_SYNC_DAYS
from nylasadmin.domain.privileges import Privilege
from nylasadmin.domain.targets import Target
from nylasadmin.errors import InvalidInput, NylasError, Refused, StaleVersion
from nylasadmin.services.targets import form_of
from nylasadmin.services.views import SnapshotState
from nylasadmin.web import htmx, links, numbers, target_form
from nylasadmin.web.current import actor, services
from nylasadmin.web.security import needs

blueprint = Blueprint("targets", __name__)


@blueprint.get("/targets")
@blueprint.get("/targets/<int:target_id>")
@blueprint.get("/targets/<int:target_id>/links/<int:link_id>")
@needs(Privilege.VIEW)
def page(target_id: int | None = None, link_id: int | None = None) -> ResponseReturnValue:
    values = targets_values(target_id)
    chosen = target_id or next((row.id for row in values["target_rows"]), None)
    if chosen is None:
        return render_template("targets/page.html", **values, target=None)
    values |= targets_values(chosen, values["target_rows"]) | server_values(chosen)
    values |= links.panel_values(links.read_query(chosen, request.args), link_id)
    return render_template("targets/page.html", **values, **_folder(chosen, values["selected_link"]))


def _folder(target_id: int, link_id: int | None) -> dict[str, Any]:
    if link_id is None:
        return {"link": None}
    values = links.folder_values(link_id)
    if values["link"].target.id != target_id:
        abort(404)
    return values


@blueprint.get("/panels/targets")
@needs(Privilege.VIEW)
def panel() -> ResponseReturnValue:
    return htmx.panel("targets/_panel.html", **targets_values(request.args.get("target", type=numbers.number)))


@blueprint.get("/panels/targets/<int:target_id>/server")
@needs(Privilege.VIEW)
def server(target_id: int) -> ResponseReturnValue:
    return htmx.panel("targets/_server.html", **server_values(target_id))


def targets_values(selected: int | None, rows: Any = None) -> dict[str, Any]:
    """Give what the targets panel shows."""
    rows = services().console.targets() if rows is None else rows
    is_live = any(row.percent is not None for row in rows)
    return {"target_rows": rows, "selected_target": selected, "targets_are_live": is_live}


def server_values(target_id: int) -> dict[str, Any]:
    """Give what the server panel shows: the target, and the snapshot that runs or ran last."""
    console = services().console
    target = console.target(target_id)
    snapshot = console.live_snapshot(target_id) or console.last_snapshot(target_id)
    return {
        "target": target,
        "most_sync_days": MOST_SYNC_DAYS[target.policies.plan],
        "server_snapshot": snapshot,
        "kept": services().undo.kept(target_id),
        "server_is_live": snapshot is not None and snapshot.state is SnapshotState.RUNNING,
    }


# --- dialogs -----------------------------------------------------------------------------------------------------


@blueprint.get("/targets/add")
@needs(Privilege.MANAGE)
def add() -> ResponseReturnValue:
    return _form(None, target_form.blank())


@blueprint.post("/targets/add")
@needs(Privilege.MANAGE)
def create() -> ResponseReturnValue:
    form, wrong = target_form.parse(request.form)
    if form is None:
        return _form(None, request.form, wrong)
    try:
        target = services().targets.add(actor(), form)
    except InvalidInput as error:
        return _form(None, request.form, error.fields)
    return htmx.go(url_for(".page", target_id=target.id))


@blueprint.get("/targets/<int:target_id>/edit")
@needs(Privilege.MANAGE)
def edit(target_id: int) -> ResponseReturnValue:
    target = services().targets.get(target_id)
    return _form(target, target_form.stored(target))


@blueprint.post("/targets/<int:target_id>/edit")
@needs(Privilege.MANAGE)
def save(target_id: int) -> ResponseReturnValue:
    form, wrong = target_form.parse(request.form)
    target = services().targets.get(target_id)
    if form is None:
        return _form(target, request.form, wrong)
    try:
        services().targets.edit(actor(), target_id, request.form.get("version", 0, type=numbers.number), form)
    except InvalidInput as error:
        return _form(target, request.form, error.fields)
    except StaleVersion:
        return _stale(services().targets.get(target_id))
    return htmx.done(url_for(".page", target_id=target_id), targetsChanged={})


def _form(target: Target | None, typed: Any, wrong: dict[str, str] | None = None) -> ResponseReturnValue:
    version = request.form.get("version", target.version if target else 0, type=numbers.number)
    problems = target_form.told(wrong or {}, typed)
    values = {"typed": typed, "wrong": problems, "stored": {}, "version": version}
    return htmx.form("targets/edit.html", 422 if wrong else 200, target=target, **values)


def _stale(target: Target) -> ResponseReturnValue:
    stored = target_form.differing(request.form, target_form.stored(target))
    values = {"typed": request.form, "wrong": {}, "stored": stored, "version": target.version}
    return htmx.form("targets/edit.html", 409, target=target, **values)


@blueprint.post("/targets/<int:target_id>/disabled")
@needs(Privilege.MANAGE)
def switch(target_id: int) -> ResponseReturnValue:
    """Disable a target or put it into use again; the other fields stay as they are."""
    target = services().targets.get(target_id)
    form = msgspec.structs.replace(form_of(target), is_disabled=request.form.get("to") == "disabled")
    services().targets.edit(actor(), target_id, request.form.get("version", 0, type=numbers.number), form)
    return htmx.done(url_for(".page", target_id=target_id), targetsChanged={}, linksChanged={})


@blueprint.get("/targets/<int:target_id>/remove")
@needs(Privilege.MANAGE)
def remove(target_id: int) -> ResponseReturnValue:
    return _remove_form(services().targets.get(target_id))


@blueprint.post("/targets/<int:target_id>/remove")
@needs(Privilege.MANAGE)
def delete(target_id: int) -> ResponseReturnValue:
    target = services().targets.get(target_id)
    try:
        services().targets.remove(actor(), target_id, request.form.get("typed_name", ""))
    except InvalidInput as error:
        return _remove_form(target, 422, error.fields)
    except Refused as error:
        return _remove_form(target, 409, refused=error)
    return htmx.go(url_for(".page"))


def _remove_form(
    target: Target, status: int = 200, wrong: dict[str, str] | None = None, refused: Refused | None = None
) -> ResponseReturnValue:
    links_left = next((row.links for row in services().console.targets() if row.id == target.id), 0)
    values = {"typed": request.form, "wrong": wrong or {}, "refused": refused, "links_left": links_left}
    return htmx.form("targets/remove.html", status, target=target, **values)


# --- answers of Nylas, shown in the server panel -------------------------------------------------------------------


@blueprint.post("/targets/<int:target_id>/test")
@needs(Privilege.MANAGE)
def test(target_id: int) -> ResponseReturnValue:
    probe = services().targets.test(actor(), target_id)
    return htmx.form("targets/probe.html", probe=probe, target=services().targets.get(target_id))


@blueprint.post("/targets/<int:target_id>/discover")
@needs(Privilege.MANAGE)
def discover(target_id: int) -> ResponseReturnValue:
    try:
        found, error = services().targets.discover(actor(), target_id), None
    except NylasError as trouble:
        found, error = None, trouble
    answer = htmx.form("targets/discovery.html", found=found, error=error, target=services().targets.get(target_id))
    return htmx.wake(answer, targetsChanged={}, linksChanged={})
