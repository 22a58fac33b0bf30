"""The start page, and the answer that says the process is alive."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, make_response, render_template

from nylasadmin.domain.privileges import Privilege
from nylasadmin.web import current, htmx
from nylasadmin.web.navigation import home_url
from nylasadmin.web.security import public, signed_in

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
@signed_in
def home() -> Response:
    """Lead on to the targets; without the privilege to see them, say who can assign it."""
    url = home_url()
    if url:
        return htmx.see_other(url)
    holders = current.services().operators.holders(Privilege.OPERATORS)
    return make_response(render_template("pages/home.html", privilege=Privilege.MANAGE, holders=holders))


@blueprint.get("/healthz")
@public
def healthz() -> Response:
    return jsonify(status="ok")
