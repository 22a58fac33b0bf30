"""More that may happen in a story: taking back, filters, answers to held runs, pauses in mid-run, tries again.

What holds then is checked without the product's own planner, on both sides as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from nylasadmin.domain.filters import Filter, Kinds
from nylasadmin.domain.plan import ActionKind, Direction
from nylasadmin.errors import NotFound, Refused
from nylasadmin.services.failed_views import FailedQuery
from tests.faults.machine import DIRECTIONS, MOMENTS, PICKS, Story
from tests.services.worlds import NOON, OLGA

Sight = Mapping[str, Any]
"""One side's items by title: every title is made once."""

FIRST_DAY = datetime.fromtimestamp(NOON, UTC).date()


class Deed(NamedTuple):
    """What a snapshot did: the destination before it and after it, the ids by titles that it left, its writes."""

    direction: Direction
    before: Sight
    after: Sight
    ids: dict[str, str]
    writes: int


class WiderStory(Story):
    """A story in which operators also think again."""

    def _sight(self, direction: Direction) -> dict[str, Any]:
        """Give the destination of a direction as it is."""
        if direction is Direction.GET:
            return {c.item.title: c.item for c in self.world.items().values()}
        return self.watch.events_by_title()

    def _ids(self, direction: Direction) -> dict[str, str]:
        """Give the ids of the destination's items by their titles."""
        if direction is Direction.GET:
            return {c.item.title: i for i, c in self.world.items().items()}
        return {e["title"]: i for i, e in self.world.events().items() if not e.get("master_event_id")}

    def _last_snapshot(self) -> int:
        return max((s["id"] for s in self.world.rows("snapshots") if not s["is_preview"]), default=0)

    def _snapshot(self, direction: Direction, remove: bool, dies_after: int | None) -> None:
        last, before = self._last_snapshot(), self._sight(direction)
        super()._snapshot(direction, remove, dies_after)
        if self._last_snapshot() > last:
            self.deeds = getattr(self, "deeds", {})
            self.deeds[self._last_snapshot()] = self._deed(direction, before)

    def _deed(self, direction: Direction, before: Sight) -> Deed:
        writes = self._writes_of(self._last_snapshot())
        return Deed(direction, before, self._sight(direction), self._ids(direction), writes)

    def _writes_of(self, snapshot_id: int) -> int:
        runs = {r["id"] for r in self.world.rows("runs") if r["snapshot_id"] == snapshot_id}
        return sum(w["run_id"] in runs for w in self.world.rows("writes"))

    # taking back

    @precondition(lambda self: getattr(self, "deeds", None))
    @rule(pick=PICKS, dies_after=MOMENTS, is_well=st.booleans(), is_touched=st.booleans())
    def a_snapshot_is_taken_back(self, pick: int, dies_after: int | None, is_well: bool, is_touched: bool) -> None:
        snapshot_id = sorted(self.deeds)[-1 - pick % min(3, len(self.deeds))]
        deed = self.deeds[snapshot_id]
        if is_well:
            self.the_service_is_well_again()
        if is_touched:
            self._touch(deed)
        before, ids = self._sight(deed.direction), self._ids(deed.direction)
        last, plans = self._last_snapshot(), self.world.services.plans

        def take_back() -> None:
            plans.run(OLGA, self.world.services.undo.plan(OLGA, snapshot_id).id)

        self._working(take_back, dies_after, is_undo=True)
        undo_id = self._last_snapshot()
        if undo_id == last or not self._is_clear(snapshot_id, undo_id):
            return
        if self._writes_of(snapshot_id) != deed.writes:
            return  # it went on when it was approved: what it has left then was never looked at
        others = {t for t, i in ids.items() if deed.ids.get(t, i) != i}  # made anew since: not what it wrote
        sights = (deed.before, deed.after, before, self._sight(deed.direction))
        self.watch.was_taken_back(*({t: item for t, item in s.items() if t not in others} for s in sights))

    def _touch(self, deed: Deed) -> None:
        """Edit something that a snapshot has written, on the side that it wrote to."""
        written = [title for title in sorted(deed.after) if deed.before.get(title) != deed.after[title]]
        there = [title for title in written if title in self._sight(deed.direction)]
        if there and deed.direction is Direction.GET:
            self.world.edit(self.world.named(there[0]), location="Room 11")
        elif there:
            (event_id,) = [i for i, e in self.world.events().items() if e["title"] == there[0]]
            self.world.box.change_event(self.world.calendar(), event_id, {"location": "Room 11"})

    def _is_clear(self, snapshot_id: int, undo_id: int) -> bool:
        """Say whether an undo has ended well and every write of its snapshot was known to have happened."""
        runs = {r["id"]: r for r in self.world.rows("runs") if r["snapshot_id"] in (snapshot_id, undo_id)}
        (own,) = [r for r in runs.values() if r["snapshot_id"] == undo_id]
        doubtful = [w for w in self.world.rows("writes") if w["run_id"] in runs and w["state"] not in ("done", "moved")]
        return own["state"] == "done" and not own["failed"] and not doubtful

    # filters

    @rule(
        direction=DIRECTIONS,
        remove=st.booleans(),
        kinds=st.sampled_from(Kinds),
        first=st.integers(-1, 3),
        days=st.integers(0, 3),
        dies_after=MOMENTS,
    )
    def a_part_of_it(
        self, direction: Direction, remove: bool, kinds: Kinds, first: int, days: int, dies_after: int | None
    ) -> None:
        since = FIRST_DAY + timedelta(days=first)
        part = Filter(since=since, until=since + timedelta(days=days), kinds=kinds)
        before = self._sight(direction)
        options = {"link_id": self.link_id, "target_id": None, "remove": remove, "filter": part}
        self._working(lambda: self.world.snapshot(direction, **options), dies_after)
        if not self._was_rejected():
            self.watch.only_inside(before, self._sight(direction), lambda item: _is_inside(item, part))

    def _was_rejected(self) -> bool:
        """Say whether something is to come back at its source, which any look for work may bring about."""
        return any(r["is_due"] for r in self.world.rows("rejections"))

    # answers

    def _held_snapshot(self) -> tuple[int, int] | None:
        run_id = self._held()
        if run_id is None:
            return None
        (row,) = [r for r in self.world.rows("runs") if r["id"] == run_id]
        return run_id, row["snapshot_id"]

    @rule(dies_after=MOMENTS)
    def a_held_run_is_rejected(self, dies_after: int | None) -> None:
        if held := self._held_snapshot():
            self._working(
                lambda: self.world.services.answers.reject(OLGA, held[0], "they are still needed"), dies_after
            )

    @rule(pick=PICKS, dies_after=MOMENTS)
    def a_held_run_is_approved_in_part(self, pick: int, dies_after: int | None) -> None:
        if not (held := self._held_snapshot()):
            return
        run_id, snapshot_id = held
        services = self.world.services
        kept = [r for r in self.world.rows("plan_items") if r["plan_id"] == snapshot_id and r["run_id"] == run_id]
        victims = [r for r in kept if r["kind"] == str(ActionKind.DELETE) and not r["excluded_by"]]
        left_out = victims[pick % len(victims)]
        services.answers.narrow(OLGA, snapshot_id, [(run_id, left_out["seq"])], is_left_out=True)
        (found,) = [h for h in services.answers.held(snapshot_id) if h.run_id == run_id]
        if not found.rest:
            return
        destination = left_out["destination_id"]
        was_there = self._is_there(destination)
        self._working(
            lambda: services.answers.approve(OLGA, run_id, found.rest, "but for one"), dies_after, is_approved=True
        )
        assert self._is_there(destination) == was_there, "an item that was left out of an approval was deleted"

    def _is_there(self, item_id: str | None) -> bool:
        return item_id in self.world.items() or item_id in self.world.events()

    def _working(self, deed: Any, dies_after: int | None, **kind: bool) -> None:
        """A rejected victim is never deleted by a snapshot, whatever happens; to be taken back is another wish."""
        there = {r["destination_id"] for r in self.world.rows("rejections") if self._is_there(r["destination_id"])}
        super()._working(deed, dies_after, **kind)
        if kind.get("is_undo"):
            return
        kept = {r["destination_id"] for r in self.world.rows("rejections")}
        gone = [i for i in there & kept if not self._is_there(i)]
        assert not gone, f"a rejected item was deleted: {gone}"

    # in mid-run

    @rule(direction=DIRECTIONS, remove=st.booleans(), after=st.integers(0, 12))
    def a_snapshot_that_is_paused(self, direction: Direction, remove: bool, after: int) -> None:
        """Somebody pauses it while a request is under way, and resumes it later."""

        def pause() -> None:
            with suppress(Refused, NotFound):
                self.world.services.pauses.pause(OLGA, self._last_snapshot())

        self.lab.fate.meanwhile(after, pause)
        self._snapshot(direction, remove, dies_after=None)
        self.lab.fate.meanwhile(None)
        self._working(lambda: self.world.services.pauses.resume(OLGA, self._last_snapshot()), None)
        if deed := getattr(self, "deeds", {}).get(self._last_snapshot()):
            self.deeds[self._last_snapshot()] = self._deed(direction, deed.before)

    @rule(direction=DIRECTIONS, remove=st.booleans(), pick=PICKS, text=st.sampled_from(["Room 7", "Room 8"]))
    def both_sides_are_edited_once_they_are_listed(
        self, direction: Direction, remove: bool, pick: int, text: str
    ) -> None:
        """Writes of the plan that follows are about items that are not as it has seen them any more."""
        left: list[tuple[int, set[str]]] = []

        def edit() -> None:
            listing, before = self._listing_gets(), self.world.items()
            for number in range(3):
                self.somebody_edits_an_event(pick + number, text)
                self.the_crm_edits_an_item(pick + number, f"{text}, upstairs")
            edited = {i for i, now in self.world.items().items() if now.item != before[i].item}
            left.extend((run_id, edited) for run_id in listing)
            self.watch.look_again()

        for number in range(3):  # so that there is something to be written to the same items
            if direction is Direction.GET:
                self.somebody_edits_an_event(pick + number, "Room 0")
            else:
                self.the_crm_edits_an_item(pick + number, "Room 0")
        self.lab.fate.meanwhile(0, edit, path="/events")
        super()._snapshot(direction, remove, None)  # what it did cannot be told from the edits, so it is not taken back
        self.lab.fate.meanwhile(None)
        for run_id, edited in left:
            self.watch.left_alone(run_id, edited)

    def _listing_gets(self) -> list[int]:
        """Name the Gets that have read the CRM and still read Nylas; while writes are open, that is not certain."""
        if any(w["state"] in ("intended", "sent") for w in self.world.rows("writes")):
            return []
        runs = self.world.rows("runs")
        return [r["id"] for r in runs if r["state"] == "planning" and r["direction"] == "get" and not r["is_preview"]]

    @rule(dies_after=MOMENTS)
    def failed_items_are_tried_again(self, dies_after: int | None) -> None:
        self._working(lambda: self.world.services.failed.retry(OLGA, FailedQuery()), dies_after)


def _is_inside(item: Any, part: Filter) -> bool:
    """Say whether an item of a story may take part; of a series only that it does not begin too late."""
    start, rules = _facts(item)
    if part.kinds is not Kinds.BOTH and bool(rules) != (part.kinds is Kinds.RECURRING):
        return False
    day = datetime.fromtimestamp(start, UTC).date()
    return _until(part) >= day and (bool(rules) or day >= _since(part))


def _since(part: Filter) -> date:
    return part.since or date.min


def _until(part: Filter) -> date:
    return part.until or date.max


def _facts(item: Any) -> tuple[int, Any]:
    if isinstance(item, dict):
        return item["when"]["start_time"], item.get("recurrence")
    return item.when.start, item.rules
