"""A story that Hypothesis writes: edits on both sides, snapshots, plans, faults and kills, in any order.

After every step that lets the product work, the sandbox, the database and the record of writes are compared with what
they were before: see :class:`Watch`. A story ends with a quiet point: no faults, everything decided, and both sides
become equal.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from nylasadmin.domain.links import AccountState
from nylasadmin.domain.plan import WRITES, Direction
from nylasadmin.domain.runs import LIVE, RunState
from nylasadmin.errors import InvalidInput, NylasError, Refused
from nylasadmin.services.plan_views import PlanQuery
from nylasadmin.services.views import SnapshotView
from tests.faults.lab import GUARD_DELETES, Killed, Lab
from tests.faults.watch import Watch
from tests.services.worlds import HOUR, NOON, OLGA, World, timed

ROUNDS = 6
"""In how many rounds both sides must be equal once all is quiet."""

DIRECTIONS = st.sampled_from(Direction)
PICKS = st.integers(0, 50)
MOMENTS = st.none() | st.none() | st.integers(0, 45)
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 500, "count": 3},
    {"kind": "status", "status": 502, "body": "html"},
    {"kind": "status", "status": 200, "body": "truncated"},
    {"kind": "reset"},
    {"kind": "store_then_504", "method": "POST"},
    {"kind": "store_then_504", "method": "PUT"},
    {"kind": "store_then_504", "method": "DELETE"},
    {"kind": "status", "status": 504, "method": "POST"},
    {"kind": "short_list", "count": None},
    {"kind": "short_list", "cursor": False},
    {"kind": "empty_list"},
    {"kind": "repeat_item"},
    {"kind": "skip_item"},
    {"kind": "gone_cursor"},
    {"kind": "expired_grant"},
    {"kind": "null_lists"},
    {"kind": "sparse", "count": 1},
)
RULES = ("RRULE:FREQ=DAILY;COUNT=4", "RRULE:FREQ=WEEKLY;COUNT=3;BYDAY=MO,WE", "RRULE:FREQ=DAILY")


class Story(RuleBasedStateMachine):
    """One user's calendar, whose both sides are edited while snapshots of all kinds come and go."""

    lab: ClassVar[Lab]

    @initialize(agreed=st.sampled_from([0, 3, 7, 9]))
    def begin(self, agreed: int) -> None:
        """Begin with some items that both sides have agreed upon."""
        self.world: World = self.lab.fresh()
        self.link_id = self.world.link().id
        self.number = 0
        self.plans: list[int] = []
        self.watch = Watch(self.world)
        self.somebody_makes_events(how_many=agreed, rules=None)
        for direction in Direction:
            self._snapshot(direction, remove=False, dies_after=None)

    # edits

    def _title(self) -> str:
        self.number += 1
        return f"Item {self.number:03}"

    @rule(how_many=st.integers(1, 4), rules=st.none() | st.sampled_from(RULES))
    def somebody_makes_events(self, how_many: int, rules: str | None) -> None:
        for _ in range(how_many):
            fields = {"recurrence": [rules]} if rules else {}
            title = self._title()
            start = NOON + self.number * 2 * HOUR
            when = {"start_time": start, "end_time": start + HOUR, "start_timezone": "Europe/Berlin"}
            self.world.event(title, when=when | {"end_timezone": "Europe/Berlin"}, **fields)

    @rule(how_many=st.integers(1, 4), rules=st.none() | st.sampled_from(RULES))
    def the_crm_makes_items(self, how_many: int, rules: str | None) -> None:
        for _ in range(how_many):
            title = self._title()
            self.world.put(title, when=timed(self.number * 2), rules=(rules,) if rules else ())

    def _event_id(self, pick: int) -> str | None:
        living = [i for i, e in sorted(self.world.events().items()) if not e.get("master_event_id")]
        return living[pick % len(living)] if living else None

    @rule(pick=PICKS, text=st.sampled_from(["Room 1", "Room 2"]))
    def somebody_edits_an_event(self, pick: int, text: str) -> None:
        if event_id := self._event_id(pick):
            self.world.box.change_event(self.world.calendar(), event_id, {"location": text})

    @rule(pick=PICKS, how_many=st.sampled_from([1, 1, 2, 5, 9]))
    def somebody_deletes_events(self, pick: int, how_many: int) -> None:
        for _ in range(how_many):
            if event_id := self._event_id(pick):
                self.world.box.delete_event(self.world.calendar(), event_id)

    @rule(pick=PICKS, text=st.sampled_from(["Room 3", "Room 4"]))
    def the_crm_edits_an_item(self, pick: int, text: str) -> None:
        items = sorted(self.world.items().values(), key=lambda i: i.item.title)
        if items:
            self.world.edit(items[pick % len(items)], location=text)

    @rule(pick=PICKS, how_many=st.sampled_from([1, 1, 2, 5, 9]))
    def the_crm_deletes_items(self, pick: int, how_many: int) -> None:
        for _ in range(how_many):
            items = sorted(self.world.items().values(), key=lambda i: i.item.title)
            if items:
                self.world.services.crm.delete(OLGA, items[pick % len(items)].id)

    # what goes wrong

    @rule(fault=st.sampled_from(FAULTS), after=st.sampled_from([0, 0, 0, 1, 3]))
    def the_service_is_about_to_fail(self, fault: dict[str, Any], after: int) -> None:
        self.world.fault(**fault, after=after, path_contains="/events")

    @rule()
    def the_service_is_well_again(self) -> None:
        self.world.heal()

    @rule(hours=st.sampled_from([-24, -1, 1, 23]))
    def the_clock_jumps(self, hours: int) -> None:
        self.lab.clock.move(hours * HOUR)

    @rule(direction=DIRECTIONS, is_on=st.booleans())
    def a_switch_is_turned(self, direction: Direction, is_on: bool) -> None:
        self.world.services.links.switch_many(OLGA, [self.link_id], direction, is_on)

    @rule()
    def the_user_signs_in_again(self) -> None:
        for grant in self.world.box.grants:
            grant.is_valid = True

        def discover() -> None:  # parked runs go on by that, and a Get closes the gap: more than one run
            with suppress(NylasError):  # the service may be about to fail
                self.world.services.targets.discover(OLGA, self.world.target.id)

        self._working(discover, None, is_approved=True)

    # what operators do

    def _working(
        self, deed: Callable[[], object], dies_after: int | None, *, is_approved: bool = False, is_undo: bool = False
    ) -> None:
        """Let the product work, maybe kill it, and compare what it did with what it says it did."""
        self.watch.before()
        self.lab.fate.left = dies_after
        try:
            deed()
        except (Refused, InvalidInput):
            self.watch.nothing_happened()
        except Killed:
            self._restart()
        finally:
            self.lab.fate.left = None
        self.watch.after(is_undo=is_undo)
        if not is_approved:
            self.watch.deleted_at_most(GUARD_DELETES)

    def _restart(self) -> None:
        self.world = self.lab.restart()
        self.watch.world = self.world

    @rule(remove=st.booleans(), dies_after=MOMENTS)
    def a_get(self, remove: bool, dies_after: int | None) -> None:
        self._snapshot(Direction.GET, remove, dies_after)

    @rule(remove=st.booleans(), dies_after=MOMENTS)
    def a_send(self, remove: bool, dies_after: int | None) -> None:
        self._snapshot(Direction.SEND, remove, dies_after)

    def _snapshot(self, direction: Direction, remove: bool, dies_after: int | None) -> None:
        self._working(
            lambda: self.world.snapshot(direction, remove=remove, link_id=self.link_id, target_id=None), dies_after
        )

    @rule(direction=DIRECTIONS, remove=st.booleans(), dies_after=MOMENTS)
    def a_preview(self, direction: Direction, remove: bool, dies_after: int | None) -> None:
        def look_ahead() -> None:
            view = self.world.snapshot(direction, remove=remove, link_id=self.link_id, target_id=None, is_preview=True)
            self.plans.append(view.id)

        self._working(look_ahead, dies_after)
        self.watch.only_looked()

    @precondition(lambda self: self.plans)
    @rule(pick=PICKS, is_trimmed=st.booleans(), dies_after=MOMENTS)
    def a_plan_is_carried_out(self, pick: int, is_trimmed: bool, dies_after: int | None) -> None:
        plan_id = self.plans.pop()
        plans = self.world.services.plans
        rows = plans.page(PlanQuery(plan_id=plan_id), is_masked=False).rows
        writes = [(r.run_id, r.seq) for r in rows if r.kind in WRITES]
        if writes and is_trimmed:
            plans.exclude(OLGA, plan_id, [writes[pick % len(writes)]], is_excluded=True)
        self._working(lambda: plans.run(OLGA, plan_id), dies_after)
        self.watch.stayed_within(plan_id)

    @rule(direction=DIRECTIONS, pick=PICKS, is_trimmed=st.booleans())
    def a_plan_that_the_world_has_overtaken(self, direction: Direction, pick: int, is_trimmed: bool) -> None:
        """Both sides are edited between the preview and its run."""
        self.the_crm_makes_items(how_many=1, rules=None)
        self.a_preview(direction, remove=True, dies_after=None)
        self.somebody_edits_an_event(pick, "Room 5")
        self.the_crm_edits_an_item(pick + 1, "Room 6")
        self.somebody_makes_events(how_many=1, rules=None)
        if self.plans:
            self.a_plan_is_carried_out(pick, is_trimmed, dies_after=None)

    def _held(self) -> int | None:
        runs = [r for r in self.world.rows("runs") if r["state"] == str(RunState.HELD)]
        return runs[0]["id"] if runs else None

    @rule(dies_after=MOMENTS)
    def a_held_run_is_approved(self, dies_after: int | None) -> None:
        if run_id := self._held():
            (row,) = [r for r in self.world.rows("runs") if r["id"] == run_id]
            self._working(
                lambda: self.world.services.answers.approve(OLGA, run_id, row["to_delete"], "they are right"),
                dies_after,
                is_approved=True,
            )

    @rule()
    def what_is_live_is_cancelled(self) -> None:
        for run in self.world.rows("runs"):
            if RunState(run["state"]) in LIVE:
                self._working(lambda run_id=run["id"]: self.world.services.snapshots.cancel_run(OLGA, run_id), None)

    # the end

    def teardown(self) -> None:
        if not hasattr(self, "watch"):
            return
        self._come_to_rest()
        self._both_sides_become_equal()
        self.watch.the_books_are_right()

    def _come_to_rest(self) -> None:
        self.world.heal()
        for grant in self.world.box.grants:
            grant.is_valid = True
        with self.world.product.storage.write() as tx:
            for account in tx.accounts.of_target(self.world.target.id):
                tx.accounts.set_state(account.id, AccountState.CONNECTED)
        self.what_is_live_is_cancelled()
        for direction in Direction:
            self.world.services.links.switch_many(OLGA, [self.link_id], direction, True)

    def _both_sides_become_equal(self) -> None:
        for _ in range(ROUNDS):
            written = sum(self._round(direction).counters.written for direction in Direction)
            if not written:
                break
        else:
            raise AssertionError(f"still writing after {ROUNDS} rounds")
        self.world.forget_requests()
        assert self._round(Direction.GET).counters.written == self._round(Direction.SEND).counters.written == 0
        assert self.world.writing_requests() == []
        self.watch.both_sides_are_equal()

    def _round(self, direction: Direction) -> SnapshotView:
        view = self.world.snapshot(direction, link_id=self.link_id, target_id=None)
        if run_id := self._held():
            (row,) = [r for r in self.world.rows("runs") if r["id"] == run_id]
            self.world.services.answers.approve(OLGA, run_id, row["to_delete"], "all is quiet")
        view = self.world.services.console.snapshot(view.id)
        assert view.counters.failed == 0
        return view
