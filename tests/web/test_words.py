"""How links, runs and snapshots are put into words."""

from __future__ import annotations

import pytest

from nylasadmin.domain.progress import Progress, estimate
from nylasadmin.domain.runs import Counters
from nylasadmin.services.wording import folder_name as folder
from nylasadmin.services.wording import with_article as article
from nylasadmin.web.words import pulse, time_left, write_words, written


@pytest.mark.parametrize(
    ("counters", "words"),
    [
        (Counters(to_create=1911, to_update=402, to_delete=3), "Create 1,911, overwrite 402 and delete 3 in the CRM"),
        (Counters(to_create=1911, to_update=402), "Create 1,911 and overwrite 402 in the CRM"),
        (Counters(to_delete=7), "Delete 7 in the CRM"),
        (Counters(unchanged=7), "Run anyway: nothing to write"),
    ],
)
def test_the_button_says_what_will_happen(counters: Counters, words: str) -> None:
    assert write_words(counters, "the CRM") == words


def test_only_the_crm_has_an_article() -> None:
    assert (article("CRM"), article("Nylas")) == ("the CRM", "Nylas")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Team calendar", "Team calendar"),
        ("anna@northbank.example", "Calendar"),
        ("Anna Berg · anna@northbank.example", "Anna Berg · Calendar"),
        ("Anna Berg · Team @ work", "Anna Berg · Team @ work"),
    ],
)
def test_a_calendar_named_after_its_owner_is_just_the_calendar(name: str, words: str) -> None:
    assert folder(name) == words


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (estimate(1, 10, 100, 101), "estimating time left"),
        (estimate(0, 10, 100, 160), "estimating time left"),
        (estimate(5, 10, 100, 160), "≈ 1 min left"),
        (estimate(10, 10, 100, 160), "almost done"),
    ],
)
def test_the_time_left_is_told_once_it_can_be(progress: Progress, words: str) -> None:
    assert time_left(progress) == words


def test_what_was_written_leaves_out_what_was_not() -> None:
    assert written(Counters(created=1200, failed=2)) == ["1,200 created", "2 failed"]


def test_a_panel_asks_every_second_while_something_moves_and_less_often_with_many_links() -> None:
    assert (pulse(True), pulse(False), pulse(True, 9_999), pulse(True, 100_000)) == ("1s", "5s", "1s", "11s")
