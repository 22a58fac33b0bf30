"""After a Send both sides are equal: a Get right after it has nothing to write."""

from __future__ import annotations

import pytest

from nylasadmin.domain.items import Attendee, ChangedOccurrence, Person, Reminder, ScheduleItem
from tests.services.conftest import Worlds
from tests.services.worlds import DAY, NOON, World, timed

DAILY = ("RRULE:FREQ=DAILY;COUNT=5",)
MOVED = ChangedOccurrence(NOON + DAY, ScheduleItem(when=timed(26), title="Later that day"))


@pytest.mark.parametrize("provider", ["google", "microsoft", "icloud"])
def test_a_get_right_after_a_send_has_nothing_to_write(worlds: Worlds, provider: str) -> None:
    world = worlds(provider=provider)
    world.put("Plain")
    world.put("With people", attendees=(Attendee("bruno@brightwater.example", "Bruno"),), location="Room 9")
    world.put("Reminded", reminders=(Reminder(10),), notes="Bring the figures", private_notes="mine", priority=1)
    world.put("Series", rules=DAILY, cancelled=(NOON + 2 * DAY,), exceptions=(MOVED,))

    sent, back = world.send(), world.get()

    assert (sent.counters.created, sent.counters.failed) == (4, 0)
    assert (back.counters.to_write, back.counters.unchanged) == (0, 4)
    assert world.send().counters.to_write == 0


def test_what_nylas_gave_a_new_item_is_in_the_crm_and_the_rest_stays(world: World) -> None:
    world.put("One", private_notes="mine", priority=1)

    world.send()

    item = world.named("One").item
    (event,) = world.events().values()
    assert item.organizer is not None
    assert (item.organizer.email, item.uid) == (event["organizer"]["email"], event["ical_uid"])
    assert (item.private_notes, item.priority) == ("mine", 1)
    assert [c["origin"] for c in world.rows("crm_changes")] == ["user u0", "run 1"]


def test_an_organizer_that_the_crm_knows_stays(world: World) -> None:
    boss = Person("boss@elsewhere.example", "Boss")
    world.put("One", organizer=boss, uid="mine")

    world.send()

    assert (world.named("One").item.organizer, world.named("One").item.uid) == (boss, "mine")
