"""Series in depth: stories of edits in the CRM, sent version by version; stories at Nylas, got and sent on.

After each step every single occurrence is compared with what the sandbox's own API shows, the next run writes nothing,
and a fresh CRM that gets the account holds the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import pytest
import requests
from msgspec.structs import replace

from nylasadmin.domain.fidelity import fingerprint, meet, occurrence
from nylasadmin.domain.items import ChangedOccurrence, ItemId, ScheduleItem, moment_seconds
from nylasadmin.domain.providers import rules_for
from nylasadmin.domain.recurrence import occurrences
from nylasadmin.sandbox.testing import RunningSandbox
from nylasadmin.services.rows import CrmItem
from nylasadmin.services.views import SnapshotState
from tests.sandbox.openapi import judged_sandbox
from tests.series import STORIES, WEEKLY, Version, at
from tests.series_at_nylas import STORIES as NYLAS_STORIES
from tests.series_at_nylas import Hand
from tests.services.worlds import OLGA, Json, World, add_target, opened

PROVIDERS = ["google", "microsoft", "icloud"]
FROM, TO = at("2026-12-01T00:00"), at("2028-06-01T00:00")


class Shown(NamedTuple):
    """One occurrence as a person sees it; times in Unix seconds or days, the end exclusive."""

    start: int | date
    end: int | date
    title: str
    location: str
    is_busy: bool
    people: tuple[str, ...]


def in_window(item: ScheduleItem) -> list[Shown]:
    """Follow a CRM item through the window."""
    if not item.rules:
        return [_shown(item)]
    starts = takewhile(lambda m: moment_seconds(m) < TO, occurrences(item.rules, item.when))
    changes = {e.original_start: e.item for e in item.exceptions}
    living = [m for m in starts if m not in item.cancelled or m in changes]
    return [_shown(changes.get(m) or occurrence(item, m)) for m in living]


def _shown(item: ScheduleItem) -> Shown:
    people = tuple(sorted(a.email for a in item.attendees))
    return Shown(item.when.start, item.when.end, item.title, item.location, item.busy, people)


def at_nylas(box: RunningSandbox) -> dict[str, list[Shown]]:
    """List all occurrences in the window as any client sees them, by the story in their description."""
    is_inclusive = rules_for(box.sandbox.provider).is_end_inclusive
    found: dict[str, dict[str, Shown]] = {}
    for begin in range(FROM, TO, 300 * 86_400):
        for event in _expanded(box, begin, min(begin + 300 * 86_400, TO)):
            found.setdefault(event["description"], {})[event["id"]] = _seen(event, is_inclusive=is_inclusive)
    return {story: sorted(shown.values(), key=repr) for story, shown in found.items()}


def _expanded(box: RunningSandbox, start: int, end: int) -> Iterator[Json]:
    calendar = box.calendar(box.grants[0].id)
    query = {"calendar_id": calendar.id, "start": start, "end": end, "expand_recurring": "true", "limit": 200}
    token: str | None = None
    while True:
        page = requests.get(
            f"{box.url}/v3/grants/{box.grants[0].id}/events",
            params=query | ({"page_token": token} if token else {}),
            headers={"Authorization": f"Bearer {box.api_key}"},
            timeout=30,
        ).json()
        yield from page["data"]
        token = page.get("next_cursor")
        if not token:
            return


def _seen(event: Json, *, is_inclusive: bool) -> Shown:
    when = event["when"]
    people = tuple(sorted(p["email"] for p in event.get("participants") or ()))
    words = (event.get("title", ""), event.get("location") or "", event.get("busy") is not False, people)
    if "start_time" in when:
        return Shown(when["start_time"], when["end_time"], *words)
    first = date.fromisoformat(when.get("start_date") or when["date"])
    last = date.fromisoformat(when.get("end_date") or when["date"])
    is_last = is_inclusive or "date" in when
    return Shown(first, last + timedelta(days=1) if is_last else last, *words)


def put(world: World, story: str, version: Version) -> None:
    """Bring the CRM to a version of a story."""
    mine = {i: item for i, item in world.items().items() if item.item.notes == story}
    for name, item in version.items():
        item_id = ItemId(f"{story}-{name}")
        known = mine.pop(item_id, None)
        uid = known.item.uid if known else None
        organizer = known.item.organizer if known else None
        told = tuple(replace(e, item=replace(e.item, notes=story, organizer=organizer)) for e in item.exceptions)
        whole = replace(item, notes=story, uid=uid, organizer=organizer, exceptions=told)
        world.services.crm.put(OLGA, CrmItem(id=item_id, user_id="u0", collection="primary", item=whole))
    for item_id in mine:
        world.services.crm.delete(OLGA, item_id)


def wanted(world: World) -> dict[str, list[Shown]]:
    found: dict[str, list[Shown]] = {}
    for item in world.items().values():
        found.setdefault(item.item.notes, []).extend(s for s in in_window(item.item))
    return {story: sorted(shown, key=repr) for story, shown in found.items() if shown}


def contents(world: World) -> list[tuple[str, bytes]]:
    provider = rules_for(world.box.sandbox.provider)
    fidelity = meet(provider.reports, provider.accepts)
    return sorted((i.item.notes, fingerprint(i.item, fidelity)) for i in world.items().values())


def differences(mine: dict[str, list[Shown]], theirs: dict[str, list[Shown]]) -> dict[str, object]:
    return {
        story: {"only here": set(mine.get(story, [])) - set(theirs.get(story, [])),
                "only there": set(theirs.get(story, [])) - set(mine.get(story, []))}
        for story in mine.keys() | theirs.keys()
        if mine.get(story) != theirs.get(story)
    }  # fmt: skip


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_version_of_every_story_arrives_and_is_told_once(provider: str, tmp_path: Path) -> None:
    stories = {story.__name__: story() for story in STORIES}
    with judged_sandbox(users=1, provider=provider) as box, opened(tmp_path / "first", box) as world:
        for step in range(max(map(len, stories.values()))):
            for name, versions in stories.items():
                if step < len(versions):
                    put(world, name, versions[step])

            sent = world.send()

            assert (step, [(row["crm_id"], row["cause"], row["detail"]) for row in world.rows("failures")]) == (
                step,
                [],
            )
            assert sent.state is SnapshotState.DONE
            assert differences(wanted(world), at_nylas(box)) == {}, step
            for again in (world.send(), world.get()):
                assert (again.counters.to_write, again.counters.moved) == (0, 0), (step, again.direction)
            with opened(tmp_path / f"fresh-{step}", box) as fresh:
                fresh.get()
                assert contents(fresh) == contents(world), step
                assert fresh.send().counters.to_write == 0, step


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_people_do_at_nylas_arrives_and_goes_on_to_an_empty_account(provider: str, tmp_path: Path) -> None:
    with (
        judged_sandbox(users=1, provider=provider) as box,
        judged_sandbox(users=1, provider=provider) as empty,
        opened(tmp_path / "first", box) as world,
    ):
        for story in NYLAS_STORIES:
            story(Hand(box, story.__name__))

        got = world.get()

        assert (got.state, got.counters.failed, got.counters.skipped) == (SnapshotState.DONE, 0, 0)
        assert differences(wanted(world), at_nylas(box)) == {}
        for again in (world.get(), world.send()):
            assert (again.counters.to_write, again.counters.moved) == (0, 0), again.direction

        target = add_target(world.product, empty, "Second", requests_per_s=200.0)
        for writes in (got.counters.created, 0):
            sent = world.send(target_id=target.id)
            assert (sent.counters.to_write, sent.counters.failed) == (writes, 0)
        assert differences(at_nylas(box), at_nylas(empty)) == {}
        with opened(tmp_path / "fresh", empty) as fresh:
            fresh.get()
            assert contents(fresh) == contents(world)


def test_what_no_provider_takes_is_told_and_harms_nothing_else(tmp_path: Path) -> None:
    """An exception of no occurrence, and added days, which Nylas has no place for."""
    outside = replace(
        WEEKLY, exceptions=(ChangedOccurrence(WEEKLY.when.start + 86_400, ScheduleItem(when=WEEKLY.when)),)
    )
    added = replace(WEEKLY, rules=(*WEEKLY.rules, "RDATE:20270303T080000Z"))
    with judged_sandbox(users=1) as box, opened(tmp_path, box) as world:
        put(world, "outside", {"it": outside})
        put(world, "added", {"it": added})
        put(world, "good", {"it": WEEKLY})

        for number in (1, 2):
            sent = world.send()

            assert (sent.counters.failed, sent.counters.moved) == (2, 0)
            told = {row["crm_id"]: row["detail"] for row in world.rows("failures")}
            assert "no such occurrence" in told["outside-it"]
            assert "RRULE and EXDATE only" in told["added-it"]
            assert len(world.rows("failures")) == 2 * number
            assert wanted(world)["good"] == at_nylas(box)["good"]
        assert len(world.events()) == 2
