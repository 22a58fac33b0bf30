"""What must hold after every step of a story, whatever happened in it (the numbers are the invariants' names)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nylasadmin.domain.items import ScheduleItem, decode_item, moment_seconds
from nylasadmin.domain.kinds import brief
from nylasadmin.domain.plan import ActionKind, Direction
from tests.services.worlds import World

Json = dict[str, Any]

Sight = Mapping[str, Any]

_NOT_THE_USERS = ("updated_at", "metadata", "html_link", "organizer", "ical_uid", "creator")
"""What the service keeps about an event by itself."""


class Watch:
    """Compares both sides before and after each step with the record of writes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.before()

    def before(self) -> None:
        """Remember both sides and the record of writes as they are now."""
        self.look_again()
        self._writes = {(w["run_id"], w["seq"]) for w in self._written()}
        self.world.forget_requests()

    def look_again(self) -> None:
        """Take both sides as they are: somebody has edited them in the middle of a step."""
        self._crm = {i: c.item for i, c in self.world.items().items()}
        self._nylas = self._events()
        self._pairs = {p["crm_id"]: p["nylas_id"] for p in self.world.rows("pairs")}

    def _events(self) -> dict[str, Json]:
        return {
            i: {k: v for k, v in e.items() if k not in _NOT_THE_USERS}
            for i, e in self.world.events().items()
            if not e.get("master_event_id")
        }

    def events_by_title(self) -> dict[str, Json]:
        """Give Nylas' side; what is made anew there has another id."""
        return {e["title"]: {k: v for k, v in e.items() if k != "id"} for e in self._events().values()}

    def _written(self) -> list[Any]:
        return [w for w in self.world.rows("writes") if w["state"] in ("sent", "done", "unknown", "unsent")]

    def after(self, *, is_undo: bool = False) -> None:
        """See that what changed is what was written down, and nothing else; an undo may part what belonged together."""
        directions = {r["id"]: Direction(r["direction"]) for r in self.world.rows("runs")}
        new = [w for w in self._written() if (w["run_id"], w["seq"]) not in self._writes]
        self._crm_changed_only_as_written([w for w in new if directions[w["run_id"]] is Direction.GET])
        self._nylas_changed_only_as_written([w for w in new if directions[w["run_id"]] is Direction.SEND])
        if not is_undo:
            self._nothing_that_lives_was_deleted(self._parted(new))
        broken = [r["detail"] for r in self.world.rows("runs") if r["cause"].startswith("Something unexpected")]
        assert not broken, f"a run broke: {broken}"
        self.nothing_is_double()
        assert self.world.mailed == [], "I19: somebody was mailed"

    def _crm_changed_only_as_written(self, writes: list[Any]) -> None:
        """I2: what is overwritten or deleted in the CRM is kept as it was."""
        kept = _images([w for w in writes if w["state"] == "done"], "crm_id")
        now = {i: c.item for i, c in self.world.items().items()}
        for item_id, item in self._crm.items():
            after = now.get(item_id)
            if after is None or _shared(after) != _shared(item):
                assert item in kept[item_id], f"I2: {item.title} changed in the CRM without a copy kept"

    def _nylas_changed_only_as_written(self, writes: list[Any]) -> None:
        """I2: what is overwritten or deleted at Nylas is kept, in the record of writes."""
        kept = _images(writes, "nylas_id")
        now = self._events()
        for event_id, event in self._nylas.items():
            if now.get(event_id) != event:
                places = [image.location for image in kept[event_id]]
                assert (event.get("location") or "") in places, f"I2: {event['title']} changed at Nylas, not kept"

    def _parted(self, writes: list[Any]) -> set[str]:
        """Name the items that undo runs have deleted: one of a pair may go, for the other was there before."""
        undoing = {s["id"] for s in self.world.rows("snapshots") if s["undoes_id"] is not None}
        runs = {r["id"] for r in self.world.rows("runs") if r["snapshot_id"] in undoing}
        return {w[side] for w in writes if w["run_id"] in runs for side in ("crm_id", "nylas_id")}

    def _nothing_that_lives_was_deleted(self, parted: set[str]) -> None:
        """I4: whatever a listing said, a copy goes only if its original is really gone."""
        crm, nylas = set(self.world.items()), set(self._events())
        for crm_id, nylas_id in self._pairs.items():
            was_whole = crm_id in self._crm and nylas_id in self._nylas and parted.isdisjoint((crm_id, nylas_id))
            assert not was_whole or (crm_id in crm) == (nylas_id in nylas), f"I4: half of {crm_id}, {nylas_id} deleted"

    def deleted_at_most(self, limit: int) -> None:
        """I5: without an approval nobody deletes more than the guard's limit."""
        gone = len(self._crm.keys() - self.world.items().keys()) + len(self._nylas.keys() - self._events().keys())
        assert gone <= limit, f"I5: {gone} items deleted, and nobody was asked"

    def nothing_happened(self) -> None:
        """A refused deed has changed neither side."""
        assert {i: c.item for i, c in self.world.items().items()} == self._crm
        assert self._events() == self._nylas

    def only_looked(self) -> None:
        """I7: a preview writes nothing."""
        self.nothing_happened()
        assert self.world.writing_requests() == [], "I7: a preview sent a writing request"

    def was_taken_back(self, before: Sight, after: Sight, then: Sight, now: Sight) -> None:
        """I8: what nobody has touched since a snapshot is as before it, everything else as it was before the undo.

        ``before`` and ``after`` the snapshot, ``then`` and ``now`` before and after its undo.
        """
        for title in before.keys() | after.keys() | then.keys():
            was, became, found, left = (_bare(side.get(title)) for side in (before, after, then, now))
            is_touched = found != became
            wanted = found if was == became or is_touched else was
            assert left == wanted, f"I8: {title} was {was}, became {became}, was found as {found}, is {left}"

    def only_inside(self, before: Sight, now: Sight, is_inside: Callable[[Any], bool]) -> None:
        """A filtered snapshot writes nothing to what its filter leaves out."""
        for title in before.keys() | now.keys():
            old, new = before.get(title), now.get(title)
            if _bare(old) != _bare(new):
                assert is_inside(old or new), f"{title} is outside of the filter, and was written"

    def stayed_within(self, plan_id: int) -> None:
        """I7: a run that carries out a plan writes nothing that the plan does not show."""
        used = [u for u in self.world.rows("plan_uses") if u["plan_id"] == plan_id]
        if not used:
            return
        shown = {
            _key(p["kind"], p["source_id"], p["destination_id"]): p
            for p in self.world.rows("plan_items")
            if p["plan_id"] == plan_id and not p["excluded_by"]
        }
        run_ids = {r["id"] for r in self.world.rows("runs") if r["snapshot_id"] == used[0]["snapshot_id"]}
        is_get = any(r["direction"] == "get" for r in self.world.rows("runs") if r["id"] in run_ids)
        for write in self.world.rows("writes"):
            if write["run_id"] in run_ids and write["state"] == "done":
                ends = (write["nylas_id"], write["crm_id"]) if is_get else (write["crm_id"], write["nylas_id"])
                _was_shown(write, shown.get(_key(write["kind"], *ends)))

    def left_alone(self, run_id: int, edited: set[str]) -> None:
        """A Get writes nothing to items of the CRM that were edited after it had read them."""
        written = {w["crm_id"] for w in self.world.rows("writes") if w["run_id"] == run_id and w["state"] == "done"}
        assert not written & edited, f"I2: edits that a Get has not seen were overwritten: {written & edited}"

    def nothing_is_double(self) -> None:
        """I3, I21: every title was made once, so it is there once at most."""
        for side, titles in (("the CRM", self.world.titles_in_crm()), ("Nylas", self._titles_at_nylas())):
            doubled = [title for title, count in Counter(titles).items() if count > 1]
            assert not doubled, f"I3: {doubled} more than once in {side}"

    def _titles_at_nylas(self) -> list[str]:
        return [e["title"] for e in self._events().values()]

    def both_sides_are_equal(self) -> None:
        """I1, I23: after a quiet round both sides hold the same, compared without our own planner."""
        crm = {c.item.title: _shared(c.item) for c in self.world.items().values()}
        nylas = {e["title"]: _shared_event(e) for e in self._events().values()}
        differing = {t: (crm.get(t), nylas.get(t)) for t in crm | nylas if crm.get(t) != nylas.get(t)}
        assert not differing, f"I1: the sides differ: {differing}"

    def the_books_are_right(self) -> None:
        """I24 and the record: the audit chain holds, no write is left open, no pair names what is not there."""
        assert self.world.services.audit.first_broken() is None
        assert not [w for w in self.world.rows("writes") if w["state"] in ("intended", "sent")]
        crm, nylas = set(self.world.items()), set(self.world.events())
        assert all(p["crm_id"] in crm and p["nylas_id"] in nylas for p in self.world.rows("pairs"))


def _key(kind: str, source: str | None, destination: str | None) -> tuple[str, str | None]:
    """Name a write: what is deleted may have no source any more, what is created has no destination yet."""
    return kind, destination if kind == ActionKind.DELETE else source


def _was_shown(write: Json, shown: Json | None) -> None:
    """See that a write is one of a plan, of the same version of the item over the same version of it."""
    assert shown is not None, "I7: a write that nobody was shown"
    if write["kind"] != ActionKind.DELETE:
        assert write["after"] == shown["source_fingerprint"], f"I7: {write['title']} was edited since it was shown"
    if write["kind"] != ActionKind.CREATE and shown["before"] is not None:
        then, now = (brief(decode_item(row["before"])) for row in (shown, write))
        assert then == now, f"I7: what {write['title']} was written over was edited since it was shown"


def _images(writes: Iterable[Any], side: str) -> dict[str, list[ScheduleItem]]:
    """Give what was kept of each item before its writes."""
    found = defaultdict(list)
    for write in writes:
        if write["before"] is not None:
            found[write[side]].append(decode_item(write["before"]))
    return found


def _bare(item: Any) -> Json | None:
    if item is None:
        return None
    return _shared_event(item) if isinstance(item, dict) else _shared(item)


def _shared(item: ScheduleItem) -> Json:
    return {
        "location": item.location,
        "notes": item.notes,
        "start": moment_seconds(item.when.start),
        "end": moment_seconds(item.when.end),
        "rules": _spelled(item.rules),
    }


def _shared_event(event: Json) -> Json:
    return {
        "location": event.get("location") or "",
        "notes": event.get("description") or "",
        "start": event["when"]["start_time"],
        "end": event["when"]["end_time"],
        "rules": _spelled(event.get("recurrence") or []),
    }


def _spelled(rules: Iterable[str]) -> list[list[str]]:
    """Give rules without the order of their parts, which means nothing."""
    return sorted(sorted(rule.removeprefix("RRULE:").split(";")) for rule in rules)
