"""What a snapshot came to, for people and as JSON: counts, links left out, held and failed runs, failed items."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from nylasadmin.cli.progress import duration
from nylasadmin.cli.terminals import Terminal, number_of
from nylasadmin.domain.filters import describe
from nylasadmin.domain.guard import Hold
from nylasadmin.domain.plan import OPPOSITE, ActionKind, Direction
from nylasadmin.domain.runs import Counters, RunState
from nylasadmin.services import Services
from nylasadmin.services.console import Console
from nylasadmin.services.hold_wording import foretold, foretold_whole, why_held
from nylasadmin.services.plan_views import HeldLink, PlanQuery
from nylasadmin.services.plans import Plans
from nylasadmin.services.rows import HeldRun
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
       "filter": null or {"by": "start" or "modified", "since": day or null, "until", "zone",
                              "kinds": "both", "single" or "recurring", "item_types": empty for all},
       "state": "running", "held", "paused", "done", "failed" or "cancelled",
       "undoes": the snapshot that this one takes back, or null,
       "undone_by": [those that take it back, and were not taken back themselves],
       "requested_at", "finished_at": Unix seconds or null,
       "counters": {"read", "to_create", "to_update", "to_delete", "unchanged", "kept", "outside", "skipped",
                    "created", "updated", "deleted", "moved", "failed"},
       "runs": [{"id", "link", "user", "folder", "state", "cause", "detail", "counters",
                 "hold": null or {"scope": "link" or "snapshot", "limit", "allowed", "deletes", "destination_items",
                                  "source_items", "source_before", "total": null or the snapshot's counts}}],
       "would_hold": of a preview, {"snapshot": null or a hold, "links": [{"link", "user", "folder", "hold"}]}, or null,
       "left_out": [{"link", "user", "folder", "why"}],
       "unwritable": {reason: how many items},
       "failures": [{"run", "link", "title", "action", "cause", "detail"}]}"""


def say_snapshot(services: Services, view: SnapshotView, terminal: Terminal) -> None:
    """Say what a snapshot came to, or what a preview would."""
    console = services.console
    words = DIRECTIONS[view.direction]
    took = f" after {duration(view.finished_at - view.requested_at)}" if view.finished_at else ""
    name = words.name if view.undoes_id is None else f"Undo of snapshot {view.undoes_id},"
    what = "Preview of " + name if view.is_preview else name
    terminal.say(f"{what} {view.id} of {view.target_name} ({words.route}): {view.state}{took}.")
    terminal.say(f"{number_of(view.links, 'link')}: {_states(view)}.")
    if view.filter:
        terminal.say(f"Filter: {describe(view.filter)}.")
    if view.is_preview:
        _say_plan(services, view, terminal)
    else:
        terminal.say(_result(view))
    _say_section(terminal, "Left out:", (skipped_line(link, view.direction) for link in view.skipped))
    _say_section(terminal, "Not written:", _unwritable_lines(services.plans, view))
    _say_section(terminal, "Held:", _held_lines(services, view))
    paused = list(_runs(console, view, RunState.PAUSED)) if view.links_by_state.get(RunState.PAUSED) else []
    _say_section(terminal, "Parked:", (_failed_line(run) for run in paused if run.cause))
    if any(not run.cause for run in paused):
        terminal.say(f"Paused. To go on: nylasadmin snapshot resume {view.id}")
    _say_section(terminal, "Failed links:", (_failed_line(run) for run in _runs(console, view, RunState.FAILED)))
    _say_section(terminal, "Failed items:", _failure_lines(console, view))


def _result(view: SnapshotView) -> str:
    if view.state is SnapshotState.CANCELLED and not view.counters.written:
        return "Nothing was written."
    if view.state is SnapshotState.PAUSED and not view.counters.written:
        return f"{number_of(view.counters.read, 'item')} read, nothing written yet."
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


def _say_plan(services: Services, view: SnapshotView, terminal: Terminal) -> None:
    """Say what would be written, per link and in total. Nothing is written by saying so."""
    runs = sorted(_runs(services.console, view), key=lambda run: (run.user_name, run.folder_name, run.id))
    rows = [(run.user_name, folder_name(run.folder_name), *_plan_cells(run.counters), run.state) for run in runs]
    terminal.say_table(_PLAN_HEADINGS, [*rows, ("all", "", *_plan_cells(view.counters), view.state)])
    terminal.say(f"Plan {view.id}. Nothing was written.")
    _say_section(terminal, "The deletion guard would hold:", _forecast_lines(services.plans, view))
    if view.counters.to_write:
        terminal.say(f"To carry out exactly this within a day: nylasadmin snapshot run-plan {view.id}")


def _forecast_lines(plans: Plans, view: SnapshotView) -> Iterator[str]:
    forecast = plans.forecast(view.id)
    if forecast.snapshot:
        yield f"every link that deletes; all links together {foretold_whole(forecast.snapshot, view.direction)}"
    for link in forecast.links:
        yield f"{_place(link)}: {foretold(link.hold, view.direction)}"


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


def _place(row: RunRow | SkippedLink | HeldRun | HeldLink) -> str:
    return f"link {row.link_id}, {row.user_name} · {folder_name(row.folder_name)}"


def _why_skipped(link: SkippedLink, direction: Direction) -> str:
    if link.busy_run_id is not None and not link.off:
        return occupied(link)
    return switched_off(direction, link.off)


def _unwritable_lines(plans: Plans, view: SnapshotView) -> Iterator[str]:
    if not (view.counters.skipped or view.counters.moved or view.counters.kept):
        return
    for why, items in plans.unwritten(view.id).items():
        words = reason(view.direction, why)
        yield f"{items:,} x {words.title}: {words.advice}"


def _held_lines(services: Services, view: SnapshotView) -> Iterator[str]:
    runs = services.answers.held(view.id) if view.links_by_state.get(RunState.HELD) else []
    loser = with_article(DIRECTIONS[view.direction].loser)
    for run in runs:
        left_out = f", {run.left_out:,} of them left out" if run.left_out else ""
        deletes = f"{run.hold.deletes:,} of {number_of(run.hold.destination_items, 'item')} of {loser}"
        yield f"{_place(run)} (run {run.run_id}): {deletes} would be deleted{left_out}."
        yield f"  {why_held(run.hold, view.direction)} Nothing was written to this link."
        yield from _victim_lines(services.plans, view, run)
        yield from _answer_lines(view, run.rest, f" --run {run.run_id}")
    if len(runs) > 1:
        yield f"All {len(runs):,} held links together:"
        yield from _answer_lines(view, sum(run.rest for run in runs), "")


def _answer_lines(view: SnapshotView, rest: int, which: str) -> Iterator[str]:
    """Say what an operator can answer; the console shows the same choice."""
    again = DIRECTIONS[OPPOSITE[view.direction]].name
    yield f"  Delete exactly these: nylasadmin snapshot approve {view.id}{which} --deletes {rest} --reason WHY"
    yield f"  Leave some out first: nylasadmin snapshot narrow {view.id}{which} --item N --item N"
    yield f"  Keep them ({again} brings copies back): nylasadmin snapshot reject {view.id}{which} --reason WHY"
    yield f"  Write nothing: nylasadmin snapshot cancel {view.id}{which}"


def _victim_lines(plans: Plans, view: SnapshotView, run: HeldRun) -> Iterator[str]:
    query = PlanQuery(plan_id=view.id, kind=ActionKind.DELETE, link_id=run.link_id, size=_VICTIMS_SHOWN)
    page = plans.page(query, is_masked=False)
    for item in page.rows:
        why = f"left out by {item.excluded_by}" if item.excluded_by else reason(view.direction, item.reason).title
        yield f"  - “{item.title}”: {why} (item {item.seq})"
    if page.matching > len(page.rows):
        yield f"  ... and {page.matching - len(page.rows):,} more; the console lists all"


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
        "filter": msgspec.to_builtins(view.filter),
        "undoes": view.undoes_id,
        "undone_by": list(view.undone_by),
        "state": view.state,
        "requested_at": view.requested_at,
        "finished_at": view.finished_at,
        "counters": msgspec.to_builtins(view.counters),
        "runs": [_run_json(run) for run in _runs(console, view)],
        "would_hold": _forecast_json(services.plans, view) if view.is_preview else None,
        "left_out": [
            {"link": s.link_id, "user": s.user_name, "folder": s.folder_name, "why": _why_skipped(s, view.direction)}
            for s in view.skipped
        ],
        "unwritable": {str(why): n for why, n in services.plans.unwritten(view.id).items()},
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
        "hold": _hold_json(run.hold),
        "counters": msgspec.to_builtins(run.counters),
    }


def _hold_json(hold: Hold | None) -> dict[str, Any] | None:
    return None if hold is None else {"scope": str(hold.scope), **msgspec.to_builtins(hold)}


def _forecast_json(plans: Plans, view: SnapshotView) -> dict[str, Any]:
    forecast = plans.forecast(view.id)
    links = [
        {"link": held.link_id, "user": held.user_name, "folder": held.folder_name, "hold": _hold_json(held.hold)}
        for held in forecast.links
    ]
    return {"snapshot": _hold_json(forecast.snapshot), "links": links}


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
