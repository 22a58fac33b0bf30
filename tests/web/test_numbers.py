"""Odd addresses: numbers no row can have, and names in a query that mean something to the program itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from nylasadmin.web.numbers import LARGEST, decimal, number, page, whole
from tests.web.stage import Stage
from tests.web.test_security import calls
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]
NINES = "9" * 30
ODD = (NINES, "9" * 5000, str(LARGEST + 1), "-1", "0x10", "１２", "²", "")


def test_an_address_with_a_number_no_row_can_have_is_not_found(app: Flask, visit: Visit) -> None:
    person = {name: visit(name) for name in ("olga", "adam")}
    faults = []
    for method, path, rule in calls(app):
        if "987654" not in path:
            continue
        who = person["adam" if "Operator" in str(rule.privilege) else "olga"]
        address = path.replace("987654", NINES)
        answer = who.get(address) if method == "GET" else who.post(address)
        faults += [] if answer.status_code == 404 else [(method, path, answer.status_code)]
    assert faults == []


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "address",
    [
        "/snapshots?target_id={}",
        "/snapshots?page={}",
        "/panels/targets?target={}",
        "/panels/targets/{target}/links?link={}",
        "/panels/targets/{target}/links?page={}",
        "/targets/{target}?page={}",
        "/snapshots/new?direction=get&target_id={target}&preview_id={}",
    ],
)
def test_a_query_with_such_a_number_counts_as_not_given(visit: Visit, stage: Stage, address: str, odd: str) -> None:
    assert visit("olga").get(address.replace("{target}", str(stage.target.id)).replace("{}", odd)).status_code == 200


def test_the_list_of_what_was_not_written_passes_over_such_a_number(visit: Visit, stage: Stage) -> None:
    olga, page = visit("olga"), f"/snapshots/{stage.get(stage.link.id).id}/unwritten"
    answers = {olga.get(f"{page}?{name}={odd}").status_code for odd in ODD for name in ("page", "link_id")}
    assert answers == {200}


@pytest.mark.parametrize("odd", ODD)
def test_a_dialog_for_such_a_number_is_not_found(visit: Visit, odd: str) -> None:
    assert visit("olga").get(f"/snapshots/new?direction=get&target_id={odd}").status_code == 404


@pytest.mark.parametrize("odd", ODD)
def test_a_form_with_such_a_number_is_refused_and_never_fails(visit: Visit, stage: Stage, odd: str) -> None:
    olga, target, link = visit("olga"), f"/targets/{stage.target.id}", f"/links/{stage.link.id}"
    assert olga.post(f"{target}/links/switch?link={odd}", {"ids": [odd], "change": "inbound-off"}).status_code == 303
    assert olga.post(f"{link}/edit", {"version": odd, "inbound": "on"}).status_code == 409
    assert olga.post(f"{link}/remove", {"version": odd}).status_code == 409
    assert olga.post(f"{target}/disabled", {"version": odd, "to": "disabled"}).status_code == 409
    assert all(row.inbound for row in stage.rows)


@pytest.mark.parametrize(
    "name", ["endpoint", "_method", "_external", "_scheme", "_anchor", "snapshot_id", "values", "self"]
)
def test_a_name_in_a_query_that_means_something_to_the_program_means_nothing(
    visit: Visit, stage: Stage, name: str
) -> None:
    vera, snapshot = visit("vera"), stage.get().id
    for address in ("/snapshots", "/panels/snapshots", f"/snapshots/{snapshot}", f"/panels/snapshots/{snapshot}"):
        answer = vera.get(f"{address}?{name}=evil.example")
        assert (answer.status_code, "evil.example" in answer.text) == (200, False)
    assert vera.get(f"/targets/{stage.target.id}?{name}=evil.example").status_code == 200


def test_the_largest_number_a_database_holds_is_a_number() -> None:
    assert number(str(LARGEST)) == LARGEST
    with pytest.raises(ValueError, match="not a number of a row"):
        number(str(LARGEST + 1))


def test_a_page_that_makes_no_sense_is_the_first() -> None:
    assert [page({"page": text}) for text in ("", "0", "-3", "x", "٣", NINES, "7")] == [1, 1, 1, 1, 1, 1, 7]


@pytest.mark.parametrize("odd", ["1_000", "１２", "²", "1e3", "nan", "inf", "0x10", "", " ", "1,000", "9" * 5000])
def test_what_python_alone_takes_for_a_number_is_none(odd: str) -> None:
    for read in (whole, decimal):
        with pytest.raises(ValueError, match="number"):
            read(odd)
    assert (whole("-12"), decimal("0.5"), decimal("7")) == (-12, 0.5, 7)
