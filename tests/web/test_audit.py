"""The audit page: newest first, search, pages, old and new values, verification, export."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from sqlalchemy import text

from nylasadmin.bootstrap import Product
from nylasadmin.domain.privileges import Actor, Privilege
from nylasadmin.web.format import Change, changes
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]


def note(product: Product, count: int, subject: str = "link") -> None:
    """Put entries into the trail."""
    actor = Actor(name="olga", address="203.0.113.9")
    for number in range(count):
        product.services.audit.denied(actor, "links.edit", f"{subject} {number}")


def test_the_newest_entry_comes_first_with_who_where_what_and_outcome(visit: Visit, product: Product) -> None:
    note(product, 3)
    page = visit("adam").get("/audit").text
    assert page.index("operator · sign in") < page.index("link 2") < page.index("link 1") < page.index("link 0")
    for word in ("olga", "203.0.113.9", "links · edit", "Denied"):
        assert word in page


def test_old_and_new_values_are_readable(visit: Visit, product: Product) -> None:
    vera = product.services.operators.by_name("vera")
    adam = Actor(name="adam")
    product.services.operators.set_privileges(adam, vera.id, {Privilege.MANAGE})
    product.services.operators.set_disabled(adam, vera.id, True)
    page = visit("adam").get("/audit").text
    assert "<del><bdi>nylas:NylasView</bdi></del><ins><bdi>nylas:NylasManage</bdi></ins>" in page
    assert "<dt>Is disabled</dt><dd><del><bdi>no</bdi></del><ins><bdi>yes</bdi></ins></dd>" in page


def test_a_page_holds_fifty_entries_and_leads_to_the_next(visit: Visit, product: Product) -> None:
    note(product, 60)
    person = visit("adam")
    first, second = person.get("/audit").text, person.get("/audit?page=2").text
    assert first.count('<tr id="audit-') == 50
    assert 'href="/audit?page=2"' in first
    assert "link 0<" in second
    assert "link 0<" not in first
    assert 'href="/audit?page=1"' in second


@pytest.mark.parametrize("page", ["0", "-3", "9999", "x"])
def test_a_page_number_that_does_not_exist_shows_one_that_does(visit: Visit, page: str) -> None:
    assert "Sign out" in visit("adam").get(f"/audit?page={page}").text


def test_a_search_finds_by_subject_and_keeps_its_words_on_the_next_page(visit: Visit, product: Product) -> None:
    note(product, 55, subject="needle")
    note(product, 5, subject="straw")
    page = visit("adam").get("/audit?search=needle").text
    assert "straw" not in page
    assert 'value="needle"' in page
    assert "page=2&amp;search=needle" in page


def test_a_search_takes_percent_and_underscore_literally(visit: Visit, product: Product) -> None:
    note(product, 1, subject="100%_sure")
    page = visit("adam").get("/audit?search=%25_s").text
    assert page.count('<tr id="audit-') == 1


def test_a_search_that_finds_nothing_says_so_and_offers_all(visit: Visit) -> None:
    page = visit("adam").get("/audit?search=<nothing>").text
    assert "No entry matches" in page
    assert "&lt;nothing&gt;" in page


def test_the_panel_tells_the_browser_the_address_of_its_page(visit: Visit) -> None:
    answer = visit("adam").ask("/panels/audit?search=olga")
    assert answer.text.startswith('<section class="panel" id="audit"')
    assert answer.headers["HX-Push-Url"] == "/audit?page=1&search=olga"


def test_a_whole_trail_is_verified(visit: Visit, product: Product) -> None:
    note(product, 3)
    answer = visit("adam").ask("/panels/audit/verification").text
    assert "The trail is whole" in answer


def test_an_entry_that_was_changed_in_the_database_is_named(visit: Visit, product: Product) -> None:
    note(product, 3)
    changed = product.services.audit.rows(size=2)[1].id
    with product.engine.begin() as connection:
        connection.execute(text("UPDATE audit SET subject = 'nothing to see' WHERE id = :id"), {"id": changed})
    page = visit("adam").get("/audit/verification").text
    assert "was tampered with" in page
    assert f"Entry {changed} does not follow" in page


def test_the_export_holds_every_entry_once_newest_first(visit: Visit, product: Product) -> None:
    note(product, 7)
    answer = visit("adam").get("/audit.csv")
    assert answer.mimetype == "text/csv"
    assert "audit.csv" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [int(row["id"]) for row in rows] == [row.id for row in product.services.audit.rows(size=500)]
    assert rows[-1]["hash"] == product.services.audit.rows(size=500)[-1].hash


def test_the_export_of_a_search_holds_what_it_finds(visit: Visit, product: Product) -> None:
    note(product, 4, subject="needle")
    answer = visit("adam").get("/audit.csv?search=needle")
    assert len(list(csv.DictReader(io.StringIO(answer.text)))) == 4


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_the_export_never_starts_a_cell_like_a_formula(visit: Visit, product: Product, name: str) -> None:
    visit().sign_in(name, "not it at all")
    rows = list(csv.DictReader(io.StringIO(visit("adam").get("/audit.csv").text)))
    assert f"'{name}" in {row["actor"] for row in rows}


@pytest.mark.parametrize("path", ["/audit", "/audit.csv", "/audit/verification", "/panels/audit"])
def test_the_trail_is_for_administrators_only(visit: Visit, path: str) -> None:
    assert visit().get(path).status_code in (303, 401)
    assert visit("olga").get(path).status_code == 403


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("", "", []),
        ("", '{"links": 3}', [Change("links", None, "3")]),
        ('{"host": "a", "name": "x"}', '{"host": "b", "name": "x"}', [Change("host", "a", "b")]),
        ('{"is_disabled": false}', '{"is_disabled": true}', [Change("is disabled", "no", "yes")]),
        ('["a"]', '["a", "b"]', [Change("", "a", "a, b")]),
        ('{"reason": "x"}', '{"reason": ""}', [Change("reason", "x", "(empty)")]),
        ('"word"', "", [Change("", "word", None)]),
    ],
)
def test_values_are_taken_apart_field_by_field(old: str, new: str, found: list[Change]) -> None:
    assert changes(old, new) == found


def test_an_entry_with_many_fields_shows_the_first_and_folds_the_rest(visit: Visit, product: Product) -> None:
    fields = {f"field_{letter}": letter for letter in "abcdefgh"}
    product.services.audit.refused(Actor(name="olga"), "target.add", "target X", why=fields)
    page = visit("adam").get("/audit").text
    assert page.index("Field d") < page.index("4 more fields") < page.index("Field e")
