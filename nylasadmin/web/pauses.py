"""Pause and resume a snapshot or one of its runs, and ask again for one link."""

from __future__ import annotations

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from nylasadmin.domain.privileges import Privilege
from nylasadmin.web import htmx
from nylasadmin.web.current import actor, services
from nylasadmin.web.security import needs

blueprint = Blueprint("pauses", __name__)


@blueprint.post("/snapshots/<int:snapshot_id>/pause")
@needs(Privilege.MANAGE)
def pause(snapshot_id: int) -> ResponseReturnValue:
    services().pauses.pause(actor(), snapshot_id)
    return _changed(snapshot_id)


@blueprint.post("/snapshots/<int:snapshot_id>/resume")
@needs(Privilege.MANAGE)
def resume(snapshot_id: int) -> ResponseReturnValue:
    services().pauses.resume(actor(), snapshot_id)
    return _changed(snapshot_id)


@blueprint.post("/snapshots/<int:snapshot_id>/runs/<int:run_id>/pause")
@needs(Privilege.MANAGE)
def pause_run(snapshot_id: int, run_id: int) -> ResponseReturnValue:
    services().pauses.pause_run(actor(), run_id, snapshot_id=snapshot_id)
    return _changed(snapshot_id)


@blueprint.post("/snapshots/<int:snapshot_id>/runs/<int:run_id>/resume")
@needs(Privilege.MANAGE)
def resume_run(snapshot_id: int, run_id: int) -> ResponseReturnValue:
    services().pauses.resume_run(actor(), run_id, snapshot_id=snapshot_id)
    return _changed(snapshot_id)


@blueprint.post("/snapshots/<int:snapshot_id>/runs/<int:run_id>/retry")
@needs(Privilege.MANAGE)
def retry_run(snapshot_id: int, run_id: int) -> ResponseReturnValue:
    """Ask for the same again for one link, and lead to that snapshot."""
    again = services().snapshots.retry_run(actor(), run_id, snapshot_id=snapshot_id)
    return htmx.go(url_for("snapshots.one", snapshot_id=again.id))


def _changed(snapshot_id: int) -> ResponseReturnValue:
    return htmx.done(url_for("snapshots.one", snapshot_id=snapshot_id), snapshotsChanged={}, linksChanged={})
