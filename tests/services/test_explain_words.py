"""Every finding is said in a whole sentence, and belongs to a check or to none on purpose."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from nylasadmin.domain.explaining import Finding, ItemFacts, explain
from nylasadmin.domain.items import ItemType
from nylasadmin.domain.links import Account, CrmUser, Link
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.policies import Policies, freeze
from nylasadmin.domain.targets import SenderChannel, Target
from nylasadmin.domain.verdicts import Dated, Rule, sync_verdict
from nylasadmin.services.explain_checks import about, checks
from nylasadmin.services.explain_doings import doing
from nylasadmin.services.explain_views import Subject, Weight
from nylasadmin.services.explain_wording import Teller, possessive
from nylasadmin.services.item_records import Named
from nylasadmin.services.views import LinkDetails, LinkState
from tests.domain.test_explaining import BESIDE, CASES, at_nylas

CONNECTED = int(datetime(2026, 6, 14, 15, tzinfo=UTC).timestamp())
MAY_3 = int(datetime(2026, 5, 3, 9, tzinfo=UTC).timestamp())
DAYS_30 = Policies(sync_days=30)


def details(item_type: ItemType = ItemType.EVENT, policy: Policies = DAYS_30) -> LinkDetails:
    return LinkDetails(
        link=Link(id=1, target_id=1, account_id=1, user_id="u", item_type=item_type, folder_id="f", folder_name="F"),
        target=Target(id=1, name="T", host="h", sender=SenderChannel(name="", base_url=""), policies=policy),
        account=Account(
            id=1,
            target_id=1,
            user_id="u",
            email="anna@example.com",
            provider="google",
            grant_id="g",
            connected_at=CONNECTED,
            policy=freeze(policy, CONNECTED),
        ),
        user=CrmUser(id="u", name="Anna", email="anna@example.com"),
        state=LinkState.HEALTHY,
        items=0,
        last_get_at=None,
        last_send_at=None,
        inbound_off=(),
        outbound_off=(),
        runs=(),
        failures=(),
    )


def ended(at: int, policy: Policies = DAYS_30) -> ItemFacts:
    """Give the facts of a single event that Nylas has and that ended at a moment."""
    frozen = freeze(policy, CONNECTED)
    return replace(at_nylas(), sync=sync_verdict(Dated(rule=Rule.EVENT_END, start=at - 3600, end=at), frozen))


def test_an_old_event_is_explained_with_its_day_the_cut_off_and_whose_it_is() -> None:
    facts = ended(MAY_3)
    words = Teller(details(), facts).headline(explain(facts))
    assert words.title == (
        "This event is not in the CRM because it ended on 3 May 2026, 12 days before the cut-off of 15 May 2026 "
        "that Anna’s account froze when it connected."
    )
    assert words.advice == (
        "With 42 days instead of 30 it would take part. The plan entry allows 30 at most. "
        "A policy that is changed now applies to accounts that connect afterwards."
    )


def test_the_days_are_those_of_the_zone_that_was_frozen_and_an_end_at_midnight_is_of_the_day_before() -> None:
    vienna = Policies(sync_days=30, zone="Europe/Vienna")
    late = ended(MAY_3 + 14 * 3600, vienna)  # 23:00 UTC, one o'clock in Vienna
    assert "it ended on 4 May 2026" in Teller(details(policy=vienna), late).headline(explain(late)).title
    midnight = ended(MAY_3 + 15 * 3600)
    assert "it ended on 3 May 2026" in Teller(details(), midnight).headline(explain(midnight)).title


@pytest.mark.parametrize("facts", [facts for facts, _, _ in CASES + BESIDE])
@pytest.mark.parametrize("item_type", [ItemType.EVENT, ItemType.CONTACT])
def test_every_finding_is_a_sentence_and_every_check_has_its_words(facts: ItemFacts, item_type: ItemType) -> None:
    link, explanation = details(item_type), explain(facts)
    told = Teller(link, facts, nylas_error="Nothing answers.")
    words = told.headline(explanation)
    assert words.title.endswith(".")
    assert words.title[0].isupper()
    assert "None" not in f"{words.title} {words.advice}"
    for found in explanation.all:
        assert told.because(found).title
    table = checks(link, Named(), facts, told, explanation)
    assert [check.subject for check in table] == list(Subject)
    assert all(check.text for check in table)


def test_the_reason_is_marked_in_the_table_and_what_was_not_asked_too() -> None:
    facts = ended(MAY_3)
    table = checks(details(), Named(), facts, Teller(details(), facts), explain(facts))
    weights = {check.subject: check.weight for check in table}
    assert weights[Subject.SYNC_POLICY] is Weight.REASON
    assert weights[Subject.CRM] is Weight.MISSING
    assert weights[Subject.WEBHOOK_POLICY] is Weight.NOT_ASKED


def test_only_what_no_check_can_tell_belongs_to_none() -> None:
    found = [(f, facts) for facts, _, _ in CASES + BESIDE for f in explain(facts).all]
    without = {f.finding for f, facts in found if not about(f, facts)}
    assert without == {Finding.GONE, Finding.NEVER_SEEN, Finding.UNKNOWN}


@pytest.mark.parametrize("direction", list(Direction))
def test_what_a_snapshot_would_do_is_said_also_where_nobody_can_tell(direction: Direction) -> None:
    assert doing(direction, None, is_known=False).title == "Nobody can tell"
    assert doing(direction, None, is_known=True).title == "Nothing"


def test_a_name_that_ends_in_s_takes_an_apostrophe_only() -> None:
    assert [possessive("Anna"), possessive("Niklas")] == ["Anna’s", "Niklas’"]
