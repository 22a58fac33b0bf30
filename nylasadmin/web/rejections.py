"""Answers that are remembered for a link: items that operators refused to delete."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from nylasadmin.domain.privileges import Privilege
from nylasadmin.web import htmx, numbers
from nylasadmin.web.current import actor, services
from nylasadmin.web.navigation import may
from nylasadmin.web.security import needs

blueprint = Blueprint("rejections", __name__)

SIZE = 50


@blueprint.get("/links/<int:link_id>/rejections")
@needs(Privilege.VIEW)
def page(link_id: int) -> ResponseReturnValue:
    """List what is remembered, newest first."""
    link = services().console.link(link_id)
    found = services().answers.rejections(link_id, numbers.page(request.args), SIZE)
    return render_template(
        "rejections/page.html",
        link=link,
        found=found,
        is_masked=not may(Privilege.MANAGE),
        page_address=lambda number: url_for(".page", link_id=link_id, page=number),
    )


@blueprint.post("/links/<int:link_id>/rejections/<int:rejection_id>/forget")
@needs(Privilege.MANAGE)
def forget(link_id: int, rejection_id: int) -> ResponseReturnValue:
    services().answers.forget(actor(), link_id, rejection_id)
    return htmx.go(url_for(".page", link_id=link_id))
