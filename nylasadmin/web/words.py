"""How links, runs and snapshots are put into words: Jinja filters over the values of the services."""

from __future__ import annotations

from flask import Flask

from nylasadmin.domain.binding import PlanItemState
from nylasadmin.domain.filters import describe
from nylasadmin.domain.links import OffReason
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.privileges import ENGINE
from nylasadmin.domain.progress import Progress
from nylasadmin.domain.providers import rules_for
from nylasadmin.domain.runs import Counters, RunState
from nylasadmin.errors import NylasAdminError, NylasError
from nylasadmin.services.hold_wording import foretold, foretold_whole, what_next, why_held
from nylasadmin.services.plan_views import PlanItemView, PlanView
from nylasadmin.services.rows import Rejection
from nylasadmin.services.views import LinkDetails, LinkRow, RunRow, SnapshotState, SnapshotView
from nylasadmin.services.wording import (
    DIRECTIONS,
    Wording,
    explain_first_contact,
    folder_name,
    occupied,
    reason,
    sentence,
    switched_off,
    with_article,
)
from nylasadmin.web.format import duration, number, plural

_TELLS_AFTER_S = 2.0
_FRESH_S = 3600
_CHEAP_UP_TO = 10_000


def init(app: Flask) -> None:
    app.jinja_env.globals.update(direction_words=DIRECTIONS, directions=tuple(Direction), pulse=pulse)
    app.jinja_env.filters.update(
        article=with_article,
        asker=lambda name: "itself" if name == ENGINE.name else name,
        can_be_retried=can_be_retried,
        explained=explained,
        filter_words=describe,
        folder=folder_name,
        foretold=foretold,
        foretold_whole=foretold_whole,
        last_sync=last_sync,
        mails_anyway=lambda provider: rules_for(provider).mails_anyway,
        first_contact=first_contact,
        first_sentence=first_sentence,
        occupied=occupied,
        outcome=outcome,
        percent=percent,
        plan_age=plan_age,
        reason_title=lambda direction, why: reason(direction, why).title,
        run_words=run_words,
        scope=scope,
        what_next=next_of,
        why=why,
        why_held=why_held,
        rate=rate,
        switched_off=left_out,
        time_left=time_left,
        write_words=write_words,
    )


def can_be_retried(run: RunRow) -> bool:
    """Say whether there is something to ask for again: the run failed, was cancelled, or left items behind."""
    if run.state is RunState.DONE:
        return bool(run.counters.failed or run.counters.moved)
    return run.state in (RunState.FAILED, RunState.CANCELLED)


def explained(error: NylasAdminError) -> str:
    return sentence(error)


def first_contact(error: NylasError) -> str:
    words = explain_first_contact(error)
    return f"{words.title} {words.advice}"


def first_sentence(text: str) -> str:
    """Give what happened, without what to do about it."""
    return text.partition(". ")[0].removesuffix(".")


def last_sync(row: LinkRow) -> int | None:
    """Give when a link was last copied either way."""
    return max((at for at in (row.last_get_at, row.last_send_at) if at is not None), default=None)


def left_out(reasons: tuple[OffReason, ...], direction: Direction) -> str:
    return switched_off(direction, reasons)


def outcome(run: RunRow) -> str:
    """Say in a few words what a run did: 12 created, 3 updated, 1 failed."""
    said = written(run.counters)
    return ", ".join(said) if said else f"{plural(run.counters.read, 'item')} read, nothing written"


def written(counters: Counters) -> list[str]:
    parts = (
        (counters.created, "created"),
        (counters.updated, "updated"),
        (counters.deleted, "deleted"),
        (counters.failed, "failed"),
    )
    return [f"{number(count)} {word}" for count, word in parts if count]


def write_words(counters: Counters, place: str) -> str:
    """Say what the button will do: Create 1,911 and overwrite 402 in the CRM."""
    parts = (("create", counters.to_create), ("overwrite", counters.to_update), ("delete", counters.to_delete))
    said = [f"{verb} {number(count)}" for verb, count in parts if count]
    if not said:
        return "Run anyway: nothing to write"
    listed = f"{', '.join(said[:-1])} and {said[-1]}" if len(said) > 1 else said[0]
    return f"{listed.capitalize()} in {place}"


def why(item: PlanItemView, direction: Direction) -> Wording:
    """Say why a plan does something to an item, or who has left it out, or that it changed since."""
    if item.excluded_by:
        return Wording(f"Left out by {item.excluded_by}", f"stays as it is in {loser_of(direction)}")
    if item.state is PlanItemState.MOVED:
        return Wording("Changed since the preview", "nothing was written to it")
    return reason(direction, item.reason)


def next_of(rejection: Rejection, link: LinkDetails) -> str:
    """Say what becomes of an item that was not to be deleted."""
    return what_next(rejection, link.outbound_off if rejection.direction is Direction.GET else link.inbound_off)


def loser_of(direction: Direction) -> str:
    return with_article(DIRECTIONS[direction].loser)


def plan_age(plan: PlanView) -> tuple[str, str]:
    """Say how far a plan can be trusted still, as a chip: words and colour."""
    if plan.is_planning:
        return "Planning", "run"
    if plan.executed_by is not None:
        return "Carried out", "ok"
    if plan.preview.state is SnapshotState.CANCELLED:
        return "Cancelled", ""
    if plan.has_expired:
        return "Expired", "bad"
    return (f"{duration(plan.age_s)} old", "warn") if plan.age_s >= _FRESH_S else ("Plan", "run")


def run_words(plan: PlanView) -> str:
    """Say what the button of a plan's page does: Send 2,661 to Nylas; Take 5 back in the CRM."""
    if plan.preview.undoes_id is not None:
        where = "at Nylas" if plan.preview.direction is Direction.SEND else "in the CRM"
        return f"Take {number(plan.to_write)} back {where}"
    if plan.preview.direction is Direction.SEND:
        return f"Send {number(plan.to_write)} to Nylas"
    return f"Get {number(plan.to_write)} into the CRM"


def percent(snapshot: SnapshotView) -> int:
    """Say how much is done, in whole percent; 100 only when all is."""
    return int((snapshot.progress.share or 0) * 100)


def time_left(progress: Progress) -> str:
    """Say how long it will take still, once that can be told."""
    if progress.left_s is None or progress.elapsed_s < _TELLS_AFTER_S:
        return "estimating time left"
    return f"≈ {duration(progress.left_s)} left" if progress.left_s else "almost done"


def scope(snapshot: SnapshotView) -> str:
    """Say what a snapshot is of. What was asked for by itself is of an account, or of what had to be tried again."""
    if snapshot.link_name:
        return folder_name(snapshot.link_name)
    return plural(snapshot.links, "link") if snapshot.operator == ENGINE.name else "all links"


def pulse(is_live: bool, links: int = 0) -> str:
    """Say how often a panel asks: every second while something moves; less often where many links make it cost more."""
    seconds = 1 if is_live else 5
    return f"{seconds * (1 + links // _CHEAP_UP_TO)}s"


def rate(snapshot: SnapshotView) -> str:
    """Say how fast items are read and compared."""
    elapsed = snapshot.progress.elapsed_s
    return f"{number(snapshot.counters.read / elapsed)} items/s" if elapsed >= _TELLS_AFTER_S else ""
