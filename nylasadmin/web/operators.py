"""Operators: who may sign in and what each of them may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, make_response, render_template, request, url_for

from nylasadmin.domain.privileges import Privilege
from nylasadmin.errors import InvalidInput, NotFound
from nylasadmin.services.views import OperatorRow
from nylasadmin.web import current, htmx
from nylasadmin.web.security import needs

if TYPE_CHECKING:
    from nylasadmin.services.operators import Operators

blueprint = Blueprint("operators", __name__)


@blueprint.get("/operators")
@needs(Privilege.OPERATORS)
def page() -> Response:
    return make_response(render_template("operators/page.html", rows=_rows()))


@blueprint.get("/panels/operators")
@needs(Privilege.OPERATORS)
def panel() -> Response:
    return htmx.panel("operators/_panel.html", rows=_rows())


@blueprint.get("/operators/add")
@needs(Privilege.OPERATORS)
def add_form() -> Response:
    return _add_form(200, "", frozenset(), {})


@blueprint.post("/operators/add")
@needs(Privilege.OPERATORS)
def add() -> Response:
    username, privileges = request.form.get("username", "").strip(), _privileges()
    try:
        _operators().add(current.actor(), username, _password(), privileges)
    except InvalidInput as problem:
        return _add_form(422, username, privileges, problem.fields)
    return _done("add", username)


@blueprint.get("/operators/<int:id>/privileges")
@needs(Privilege.OPERATORS)
def privileges_form(id: int) -> Response:
    row = _row(id)
    return _privileges_form(200, row, frozenset(row.privileges), {})


@blueprint.post("/operators/<int:id>/privileges")
@needs(Privilege.OPERATORS)
def set_privileges(id: int) -> Response:
    row, privileges = _row(id), _privileges()
    try:
        _operators().set_privileges(current.actor(), id, privileges)
    except InvalidInput as problem:
        return _privileges_form(422, row, privileges, problem.fields)
    return _done("privileges", row.username)


@blueprint.get("/operators/<int:id>/password")
@needs(Privilege.OPERATORS)
def password_form(id: int) -> Response:
    return _password_form(200, _row(id), {})


@blueprint.post("/operators/<int:id>/password")
@needs(Privilege.OPERATORS)
def set_password(id: int) -> Response:
    row = _row(id)
    try:
        _operators().set_password(current.actor(), id, _password())
    except InvalidInput as problem:
        return _password_form(422, row, problem.fields)
    return _done("password", row.username)


@blueprint.get("/operators/<int:id>/<any(disable, enable):what>")
@needs(Privilege.OPERATORS)
def switch_form(id: int, what: str) -> Response:
    return _switch_form(200, _row(id), what, {})


@blueprint.post("/operators/<int:id>/<any(disable, enable):what>")
@needs(Privilege.OPERATORS)
def switch(id: int, what: str) -> Response:
    row = _row(id)
    try:
        _operators().set_disabled(current.actor(), id, what == "disable")
    except InvalidInput as problem:
        return _switch_form(422, row, what, problem.fields)
    return _done(what, row.username)


def _operators() -> Operators:
    return current.services().operators


def _rows() -> list[OperatorRow]:
    return _operators().rows()


def _row(id: int) -> OperatorRow:
    for row in _rows():
        if row.id == id:
            return row
    raise NotFound("operator", id)


def _privileges() -> frozenset[Privilege]:
    """Give the ticked privileges; a name that is none is left out."""
    known = {privilege.value for privilege in Privilege}
    return frozenset(Privilege(name) for name in request.form.getlist("privileges") if name in known)


def _password() -> str:
    """Give the new password. Raises InvalidInput where the two entries differ."""
    password = request.form.get("password", "")
    if password != request.form.get("again", ""):
        raise InvalidInput({"again": "The two entries differ. Enter the same password twice."})
    return password


def _done(what: str, username: str) -> Response:
    said = render_template("operators/_done.html", what=what, username=username)
    return htmx.done(url_for("operators.page"), said, operatorsChanged={})


def _add_form(status: int, username: str, privileges: frozenset[Privilege], problems: dict[str, str]) -> Response:
    return htmx.form("operators/add.html", status, username=username, privileges=privileges, problems=problems)


def _privileges_form(
    status: int, row: OperatorRow, privileges: frozenset[Privilege], problems: dict[str, str]
) -> Response:
    return htmx.form("operators/privileges.html", status, row=row, privileges=privileges, problems=problems)


def _password_form(status: int, row: OperatorRow, problems: dict[str, str]) -> Response:
    return htmx.form("operators/password.html", status, row=row, problems=problems)


def _switch_form(status: int, row: OperatorRow, what: str, problems: dict[str, str]) -> Response:
    return htmx.form("operators/switch.html", status, row=row, what=what, problems=problems)
