"""The top bar: which pages an operator is offered. What is offered here is still guarded at the page itself."""

from __future__ import annotations

import msgspec
from flask import Flask, request, url_for

from nylasadmin.domain.privileges import Privilege
from nylasadmin.web import current


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the navigation; ``noun`` is the blueprint whose pages belong to it."""

    label: str
    noun: str
    endpoint: str
    privilege: Privilege


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    url: str
    is_current: bool


_ENTRIES = (
    Entry(label="Targets", noun="targets", endpoint="targets.page", privilege=Privilege.VIEW),
    Entry(label="Snapshots", noun="snapshots", endpoint="snapshots.page", privilege=Privilege.VIEW),
    Entry(label="Operators", noun="operators", endpoint="operators.page", privilege=Privilege.OPERATORS),
    Entry(label="Audit", noun="audit", endpoint="audit.page", privilege=Privilege.OPERATORS),
)
_BELONGS_TO = {"links": "targets", "plans": "snapshots"}


def init(app: Flask) -> None:
    app.jinja_env.globals.update(navigation=navigation, operator=current.operator, may=may)


def navigation() -> list[Shown]:
    """Give the entries the operator may open."""
    return [
        Shown(label=entry.label, url=url_for(entry.endpoint), is_current=entry.noun == _noun())
        for entry in _ENTRIES
        if may(entry.privilege) and entry.endpoint in current.app().view_functions
    ]


def home_url() -> str | None:
    """Give the page an operator with ``nylas:NylasView`` starts at; None for the others."""
    return navigation()[0].url if may(Privilege.VIEW) and navigation() else None


def may(privilege: Privilege | str) -> bool:
    """Say whether the signed-in operator holds a privilege: for templates, to offer only what would be done."""
    who = current.operator()
    return who is not None and who.may(Privilege(privilege))


def _noun() -> str:
    noun = request.blueprint or ""
    return _BELONGS_TO.get(noun, noun)
