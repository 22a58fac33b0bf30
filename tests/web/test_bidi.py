"""Titles and names that would rearrange the page: isolated wherever they are shown, and harmless in files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from flask import Flask, render_template_string
from markupsafe import Markup

from nylasadmin.domain.plan import Direction
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.web import files
from nylasadmin.web.bidi import isolated, visible
from tests.web.stage import Stage
from tests.web.test_held import Held
from tests.web.test_plans import edit, own_items
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]
TURNED = "\u202egpj.exe \u05d2 (4)\x1b"
SHOWN = "\ufffdgpj.exe \u05d2 (4)\ufffd"
ACTING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
NOT_LOOSE = re.compile("<bdi>[^<]*</bdi>|<[^>]*>")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Budget", "Budget"),
        ("שלום (Q4) 10 - 20", "שלום (Q4) 10 - 20"),
        ("two\nlines\tof text", "two\nlines\tof text"),
        (TURNED, SHOWN),
        ("\u202a+49 30 1234\u202c", "+49 30 1234"),
        ("left\u2069open\u2066", "leftopen"),
        ("family \U0001f468\u200d\U0001f469", "family \U0001f468\u200d\U0001f469"),
    ],
)
def test_only_characters_that_act_on_their_surroundings_are_replaced(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert isolated(text) == f"<bdi>{shown}</bdi>"


def test_markup_in_a_title_stays_text() -> None:
    assert isolated("<b>\u202e") == Markup("<bdi>&lt;b&gt;\ufffd</bdi>")


def test_no_template_can_forget_it(app: Flask) -> None:
    with app.test_request_context():
        assert render_template_string('<i title="{{ t }}">{{ t }}</i>{{ 7 }}', t=TURNED) == (
            f'<i title="{SHOWN}">{SHOWN}</i>7'
        )


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", "＝1+1"])
def test_no_cell_of_a_file_is_a_formula(text: str) -> None:
    assert files.harmless(text) == f"'{text}"
    assert files.harmless(f"a{text}") == f"a{text}"


def hostile(bare: Stage) -> Held:
    """Give a held snapshot of people whose names, and whose first meetings' titles, hold such characters."""
    users = [{"type": "user", "id": g.id, "name": f"{TURNED} {g.name}", "email": g.email} for g in bare.box.grants]
    assert not bare.product.services.crm.load(COMMAND_LINE, [json.dumps(user) for user in users]).problems
    bare.add_users = lambda: None  # type: ignore[method-assign]
    bare.discover()
    for grant in bare.box.grants:
        calendar = bare.box.calendar(grant.id)
        for row in [row for _, row in calendar.events.rows() if not row.cancelled and "_" not in row.id][:3]:
            bare.box.change_event(calendar, row.id, {"title": TURNED, "location": TURNED})
    return Held(bare)


def test_such_titles_and_names_are_isolated_on_every_page(bare: Stage, visit: Visit) -> None:
    held, services = hostile(bare), bare.product.services
    bare.box.sandbox.faults.add({"kind": "status", "status": 400, "method": "PUT", "count": None})
    edit(bare, own_items(bare)[-1], title=TURNED, location="Room 9")
    sent = bare.send().id
    plan = services.snapshots.request(COMMAND_LINE, direction=Direction.SEND, target_id=bare.target.id, is_preview=True)
    target, olga = f"/targets/{bare.target.id}", visit("olga")
    texts = {
        path: (visit("adam") if path == "/audit" else olga).get(path).text
        for path in (
            target,
            f"{target}/links/{held.emptied[0]}",
            f"/snapshots/{held.id}",
            f"/snapshots/{held.id}/held",
            f"/snapshots/{held.id}/approve",
            f"/snapshots/{sent}",
            f"/snapshots/{sent}/unwritten",
            f"/plans/{plan.id}",
            "/snapshots",
            "/failed",
            "/audit",
        )
    }
    assert {path for path, text in texts.items() if ACTING.search(text)} == set()
    assert {path for path, text in texts.items() if SHOWN in NOT_LOOSE.sub("", text)} == set()
    assert f"<bdi>{SHOWN}</bdi>" in texts[f"/snapshots/{held.id}/held"]
