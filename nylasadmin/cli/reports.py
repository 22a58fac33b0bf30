"""What a snapshot came to, for people and as JSON: counts, links left out, held and failed runs, failed items."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from nylasadmin.cli.progress import duration
from nylasadmin.cli.terminals import Terminal, number_of
from nylasadmin.domain.guard import Hold, Limit
from nylasadmin.domain.plan import ActionKind, Direction
from nylasadmin.domain.runs import Counters, RunState
from nylasadmin.domain.targets import GuardLimits
from nylasadmin.services import Services
from nylasadmin.services.console import Console
from nylasadmin.services.plan_views import PlanQuery
from nylasadmin.services.plans import Plans
from nylasadmin.services.views import FailureRow, RunRow, SkippedLink, SnapshotState, SnapshotView
from nylasadmin.services.wording import DIRECTIONS, folder_name, occupied, reason, switched_off, with_article

_T = TypeVar("_T")
_PAGE = 200
_MOST_SHOWN = 200
_VICTIMS_SHOWN = 20
_PLAN_HEADINGS = (
    "USER",
    "FOLDER",
    "READ",
    "CREATE",
    "OVERWRITE",
    "DELETE",
    "EQUAL",
    "KEPT",
    "OUTSIDE",
    "UNWRITABLE",
    "STATE",
)

JSON_SHAPE = """JSON: {"id", "target", "link": id or null, "direction": "get" or "send", "is_preview",
       "plan": the number `run-plan` takes, or the plan that was carried out, or null,
       "state": "running", "held", "done", "failed" or "cancelled",
       "requested_at", "finished_at": Unix seconds or null,
       "counters": {"read", "to_create", "to_update", "to_delete", "unchanged", "kept", "outside", "skipped",
                    "created", "updated", "deleted", "moved", "failed"},
       "runs": [{"id", "link", "user", "folder", "state", "cause", "detail", "counters",
                 "hold": null or {"limit", "deletes", "destination_items", "source_items", "source_before"}}],
       "left_out": [{"link", "user", "folder", "why"}],
       "unwritable": {reason: how many items},
       "failures": [{"run", "link", "title", "action", "cause", "detail"}]}"""


def say_snapshot(services: Services, view: SnapshotView, terminal: Terminal) -> None:
    """Say what a snapshot came to, or what a preview would."""
    console = services.console
    words = DIRECTIONS[view.direction]
    took = f" after {duration(view.finished_at - view.requested_at)}" if view.finished_at else ""
    what = "Preview of " + words.name if view.is_preview else words.name
    terminal.say(f"{what} {view.id} of {view.target_name} ({words.route}): {view.state}{took}.")
    terminal.say(f"{number_of(view.links, 'link')}: {_states(view)}.")
    if view.is_preview:
        _say_plan(console, view, terminal)
    else:
        terminal.say(_result(view))
    _say_section(terminal, "Left out:", (skipped_line(link, view.direction) for link in view.skipped))
    _say_section(terminal, "Cannot be written:", _unwritable_lines(services.plans, view))
    _say_section(terminal, "Held:", _held_lines(services, view))
    _say_section(terminal, "Failed links:", (_failed_line(run) for run in _runs(console, view, RunState.FAILED)))
    _say_section(terminal, "Failed items:", _failure_lines(console, view))


def _result(view: SnapshotView) -> str:
    if view.state is SnapshotState.CANCELLED and not view.counters.written:
        return "Nothing was written."
    return f"{number_of(view.counters.read, 'item')} read: {written(view.counters)}."


def _states(view: SnapshotView) -> str:
    return ", ".join(f"{view.links_by_state[s]:,} {s}" for s in RunState if view.links_by_state.get(s))


def written(counters: Counters) -> str:
    """Say what was done, the uneventful left out."""
    fields = ("created", "updated", "deleted", "unchanged", "kept", "outside", "skipped", "failed")
    said = [f"{getattr(counters, field):,} {field}" for field in fields if getattr(counters, field)]
    if counters.moved:
        said.append(f"{counters.moved:,} changed meanwhile and left alone")
    return ", ".join(said) or "nothing to do"


def _say_plan(console: Console, view: SnapshotView, terminal: Terminal) -> None:
    """Say what would be written, per link and in total. Nothing is written by saying so."""
    runs = sorted(_runs(console, view), key=lambda run: (run.user_name, run.folder_name, run.id))
    rows = [(run.user_name, folder_name(run.folder_name), *_plan_cells(run.counters), run.state) for run in runs]
    terminal.say_table(_PLAN_HEADINGS, [*rows, ("all", "", *_plan_cells(view.counters), view.state)])
    terminal.say(f"Plan {view.id}. Nothing was written.")
    if view.counters.to_write:
        terminal.say(f"To carry out exactly this within a day: nylasadmin snapshot run-plan {view.id}")


def _plan_cells(counters: Counters) -> list[str]:
    fields = ("read", "to_create", "to_update", "to_delete", "unchanged", "kept", "outside", "skipped")
    return [f"{getattr(counters, field):,}" for field in fields]


def _say_section(terminal: Terminal, heading: str, lines: Iterator[str]) -> None:
    for number, line in enumerate(lines):
        if number == 0:
            terminal.say(heading)
        terminal.say(f"  {line}")


def skipped_line(link: SkippedLink, direction: Direction) -> str:
    """Say which link is left out, and why."""
    return f"{_place(link)}: {_why_skipped(link, direction)}"


def _place(row: RunRow | SkippedLink) -> str:
    return f"link {row.link_id}, {row.user_name} · {folder_name(row.folder_name)}"


def _why_skipped(link: SkippedLink, direction: Direction) -> str:
    if link.busy_run_id is not None and not link.off:
        return occupied(link)
    return switched_off(direction, link.off)


def _unwritable_lines(plans: Plans, view: SnapshotView) -> Iterator[str]:
    if not view.counters.skipped:
        return
    for why, items in plans.reasons(view.id, ActionKind.SKIP).items():
        words = reason(view.direction, why)
        yield f"{items:,} x {words.title}: {words.advice}"


def _held_lines(services: Services, view: SnapshotView) -> Iterator[str]:
    console = services.console
    guard = console.target(view.target_id).guard
    loser = with_article(DIRECTIONS[view.direction].loser)
    for run in _runs(console, view, RunState.HELD):
        if run.hold is None:
            continue
        deletes = f"{run.hold.deletes:,} of {number_of(run.hold.destination_items, 'item')} of {loser}"
        yield f"{_place(run)}: {deletes} would be deleted."
        yield f"  {hold_words(run.hold, view.direction, guard)} Nothing was written to this link."
        yield from _victim_lines(services.plans, view, run)
        yield (
            f"  To delete exactly these: nylasadmin snapshot approve {view.id} --run {run.id} "
            f"--deletes {run.hold.deletes} --reason WHY"
        )
        yield f"  To leave them: nylasadmin snapshot cancel {view.id}. The console shows the same choice."


def _victim_lines(plans: Plans, view: SnapshotView, run: RunRow) -> Iterator[str]:
    query = PlanQuery(plan_id=view.id, kind=ActionKind.DELETE, link_id=run.link_id, size=_VICTIMS_SHOWN)
    page = plans.page(query, is_masked=False)
    for item in page.rows:
        yield f"  - “{item.title}”: {reason(view.direction, item.reason).title}"
    if page.matching > len(page.rows):
        yield f"  ... and {page.matching - len(page.rows):,} more; the console lists all"


def hold_words(hold: Hold, direction: Direction, guard: GuardLimits) -> str:
    """Say which limit of the deletion guard was passed."""
    words = DIRECTIONS[direction]
    winner, loser = with_article(words.winner), with_article(words.loser)
    if hold.limit is Limit.SOURCE_EMPTY:
        before = number_of(hold.source_before or 0, "item")
        return f"The list in {winner} came back empty; it had {before} in the last run."
    if hold.limit is Limit.SOURCE_SHRANK:
        now = number_of(hold.source_items, "item")
        return f"The list in {winner} shrank from {hold.source_before:,} to {now} since the last run."
    if hold.limit is Limit.DELETES:
        return f"The limit is {number_of(guard.deletes, 'item')}."
    share = round(100 * hold.deletes / hold.destination_items)
    return f"That is {share} % of the items in {loser}; the limit is {guard.share_percent} %."


def _failed_line(run: RunRow) -> str:
    detail = f" ({run.detail})" if run.detail else ""
    return f"{_place(run)}: {run.cause}{detail}"


def _failure_lines(console: Console, view: SnapshotView) -> Iterator[str]:
    if not view.counters.failed:
        return
    for row in _paged(lambda page: console.failures(snapshot_id=view.id, page=page, size=_PAGE), _MOST_SHOWN):
        detail = f" ({row.detail})" if row.detail else ""
        yield f"{row.user_name} · {folder_name(row.folder_name)}: {row.action} “{row.title}”: {row.cause}{detail}"
    if view.counters.failed > _MOST_SHOWN:
        yield f"... and {view.counters.failed - _MOST_SHOWN:,} more; --json and the console list all"


def as_json(services: Services, view: SnapshotView) -> dict[str, Any]:
    """Give the documented JSON value of a snapshot."""
    console = services.console
    return {
        "id": view.id,
        "target": view.target_name,
        "link": view.link_id,
        "direction": view.direction,
        "is_preview": view.is_preview,
        "plan": view.id if view.is_preview else view.plan_id,
        "state": view.state,
        "requested_at": view.requested_at,
        "finished_at": view.finished_at,
        "counters": msgspec.to_builtins(view.counters),
        "runs": [_run_json(run) for run in _runs(console, view)],
        "left_out": [
            {"link": s.link_id, "user": s.user_name, "folder": s.folder_name, "why": _why_skipped(s, view.direction)}
            for s in view.skipped
        ],
        "unwritable": {str(why): n for why, n in services.plans.reasons(view.id, ActionKind.SKIP).items()},
        "failures": [
            _failure_json(row)
            for row in _paged(lambda page: console.failures(snapshot_id=view.id, page=page, size=_PAGE))
        ],
    }


def _run_json(run: RunRow) -> dict[str, Any]:
    return {
        "id": run.id,
        "link": run.link_id,
        "user": run.user_name,
        "folder": run.folder_name,
        "state": run.state,
        "cause": run.cause,
        "detail": run.detail,
        "hold": msgspec.to_builtins(run.hold),
        "counters": msgspec.to_builtins(run.counters),
    }


def _failure_json(row: FailureRow) -> dict[str, Any]:
    return {
        "run": row.run_id,
        "link": row.link_id,
        "title": row.title,
        "action": row.action,
        "cause": row.cause,
        "detail": row.detail,
    }


def _runs(console: Console, view: SnapshotView, *states: RunState) -> Iterator[RunRow]:
    if states and not any(view.links_by_state.get(state) for state in states):
        return iter(())
    return _paged(lambda page: console.runs(view.id, states, page, _PAGE))


def _paged(read: Callable[[int], list[_T]], most: int | None = None) -> Iterator[_T]:
    """Yield rows page after page, up to ``most``."""
    page = given = 0
    while rows := read(page := page + 1):
        for row in rows:
            if most is not None and given >= most:
                return
            given += 1
            yield row
        if len(rows) < _PAGE:
            return
