"""Why an item is not here: the answer about one item of a link, or the items that may be meant."""

from __future__ import annotations

from flask import Blueprint, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from nylasadmin.domain.privileges import Privilege
from nylasadmin.services.explain_views import Explained
from nylasadmin.services.explaining import LONGEST_WANTED
from nylasadmin.web import htmx
from nylasadmin.web.current import actor, services
from nylasadmin.web.navigation import may
from nylasadmin.web.security import needs

blueprint = Blueprint("explain", __name__)

_MOST_REVEALED = 50
_KEY = "revealed_links"


@blueprint.get("/links/<int:link_id>/explain")
@needs(Privilege.VIEW)
def page(link_id: int) -> ResponseReturnValue:
    """Answer for the item that ``item`` names; without it, only ask."""
    wanted = request.args.get("item", "").strip()[:LONGEST_WANTED]
    found = services().explaining.item(link_id, wanted, is_masked=_is_masked(link_id))
    return render_template("explain/page.html", found=found, tone=_tone(found), longest=LONGEST_WANTED)


@blueprint.post("/links/<int:link_id>/explain/reveal")
@needs(Privilege.VIEW)
def reveal(link_id: int) -> ResponseReturnValue:
    """Show titles and people to somebody who may only look; that leaves a row in the audit trail."""
    services().explaining.reveal(actor(), link_id)
    session[_KEY] = [*_revealed(), link_id][-_MOST_REVEALED:]
    wanted = request.form.get("item", "").strip()[:LONGEST_WANTED]
    return htmx.go(url_for(".page", link_id=link_id, item=wanted or None))


def _is_masked(link_id: int) -> bool:
    return not may(Privilege.MANAGE) and link_id not in _revealed()


def _revealed() -> list[int]:
    revealed: list[int] = session.get(_KEY, [])
    return revealed


def _tone(found: Explained) -> str:
    """Give the colour of the answer: all is well, nobody could tell, or something keeps the item away."""
    if found.explanation is None or found.nylas_error:
        return ""
    is_well = found.facts.at_crm is not None and found.facts.at_nylas is not None and found.facts.is_equal
    return "ok" if is_well else "warn"
