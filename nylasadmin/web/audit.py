"""The audit trail: read, search, export, and verify that no entry was changed or taken out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec
from flask import Blueprint, Response, make_response, render_template, request, url_for

from nylasadmin.domain.privileges import Privilege
from nylasadmin.services.views import AuditRow
from nylasadmin.web import current, files, format, htmx, numbers
from nylasadmin.web.security import needs

if TYPE_CHECKING:
    from nylasadmin.services.audit import Audit

blueprint = Blueprint("audit", __name__)
_SIZE = 50
_CHUNK = 1000
_COLUMNS = ("id", "at", "actor", "address", "action", "subject", "old", "new", "outcome", "hash")


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the trail under a search."""

    rows: list[AuditRow]
    count: int
    search: str
    page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.count // _SIZE))

    @property
    def address(self) -> Callable[[int], str]:
        return lambda page: url_for("audit.page", page=page, search=self.search or None)


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What verifying the chain found: the first entry that does not follow the one before, if any."""

    count: int
    first_broken: int | None


@blueprint.get("/audit")
@needs(Privilege.OPERATORS)
def page() -> Response:
    return make_response(render_template("audit/page.html", listing=_listing(), verification=None))


@blueprint.get("/panels/audit")
@needs(Privilege.OPERATORS)
def panel() -> Response:
    listing = _listing()
    return htmx.panel("audit/_panel.html", listing=listing, page_url=listing.address(listing.page))


@blueprint.get("/audit/verification")
@needs(Privilege.OPERATORS)
def verification_page() -> Response:
    return make_response(render_template("audit/page.html", listing=_listing(), verification=_verify()))


@blueprint.get("/panels/audit/verification")
@needs(Privilege.OPERATORS)
def verification() -> Response:
    return htmx.panel("audit/_verification.html", verification=_verify())


@blueprint.get("/audit.csv")
@needs(Privilege.OPERATORS)
def export() -> Response:
    """Give the whole trail (or what a search finds) as a file, newest first."""
    return files.download(_lines(_audit(), _search()), "audit.csv", "text/csv")


def _audit() -> Audit:
    return current.services().audit


def _search() -> str:
    return request.args.get("search", "").strip()[:200]


def _listing() -> Listing:
    search, count = _search(), _audit().count(_search())
    last = max(1, -(-count // _SIZE))
    page = min(numbers.page(request.args), last)
    return Listing(rows=_audit().rows(page, _SIZE, search), count=count, search=search, page=page)


def _verify() -> Verification:
    return Verification(count=_audit().count(), first_broken=_audit().first_broken())


def _lines(audit: Audit, search: str) -> Iterator[str]:
    """Write the trail as CSV, a page at a time; entries that are added meanwhile are left out."""
    yield files.line(_COLUMNS)
    last, page = None, 1
    while rows := audit.rows(page, _CHUNK, search):
        for row in rows:
            if last is None or row.id < last:
                last = row.id
                yield files.line(_cell(row, column) for column in _COLUMNS)
        page += 1


def _cell(row: AuditRow, column: str) -> str:
    return format.iso(row.at) if column == "at" else str(getattr(row, column))
