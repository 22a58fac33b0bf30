"""The top bar: which pages an operator is offered. What is offered here is still guarded at the page itself."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from flask import Flask, request, url_for

from nylasadmin.domain.privileges import Privilege
from nylasadmin.services.failed import MOST_COUNTED
from nylasadmin.web import current


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the navigation; ``noun`` is the blueprint whose pages belong to it."""

    label: str
    noun: str
    endpoint: str
    privilege: Privilege
    count: Callable[[], int] = int


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    url: str
    is_current: bool
    count: str = ""


def _failed() -> int:
    return current.services().failed.count_open()


_ENTRIES = (
    Entry(label="Targets", noun="targets", endpoint="targets.page", privilege=Privilege.VIEW),
    Entry(label="Accounts", noun="accounts", endpoint="accounts.page", privilege=Privilege.VIEW),
    Entry(label="Snapshots", noun="snapshots", endpoint="snapshots.page", privilege=Privilege.VIEW),
    Entry(label="Failed items", noun="failed", endpoint="failed.page", privilege=Privilege.VIEW, count=_failed),
    Entry(label="Operators", noun="operators", endpoint="operators.page", privilege=Privilege.OPERATORS),
    Entry(label="Audit", noun="audit", endpoint="audit.page", privilege=Privilege.OPERATORS),
)
_BELONGS_TO = {
    "explain": "targets",
    "held": "snapshots",
    "invitations": "targets",
    "links": "targets",
    "pauses": "snapshots",
    "plans": "snapshots",
    "rejections": "targets",
    "unwritten": "snapshots",
}


def init(app: Flask) -> None:
    app.jinja_env.globals.update(navigation=navigation, operator=current.operator, may=may)


def navigation() -> list[Shown]:
    """Give the entries the operator may open."""
    return [
        Shown(
            label=entry.label,
            url=url_for(entry.endpoint),
            is_current=entry.noun == _noun(),
            count=_short(entry.count()),
        )
        for entry in _ENTRIES
        if may(entry.privilege) and entry.endpoint in current.app().view_functions
    ]


def _short(count: int) -> str:
    """Say a number in a few letters: nothing for none, 999+ for what is not counted to its end."""
    if count >= MOST_COUNTED:
        return f"{MOST_COUNTED - 1}+"
    return str(count) if count else ""


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
