"""The deletion guard in people's words, for the console and the command line."""

from __future__ import annotations

from collections.abc import Sequence

from nylasadmin.domain.guard import Hold, HoldScope, Limit, held_with
from nylasadmin.domain.links import OffReason
from nylasadmin.domain.plan import OPPOSITE, Direction
from nylasadmin.services.rows import Rejection
from nylasadmin.services.wording import DIRECTIONS, off_reason, with_article


def why_held(hold: Hold, direction: Direction) -> str:
    """Say which limit was passed, by a link or by all links of the snapshot, and its value."""
    words = DIRECTIONS[direction]
    winner, loser = with_article(words.winner), with_article(words.loser)
    is_whole = hold.scope is HoldScope.SNAPSHOT
    counted = hold.judged
    if hold.limit is Limit.SOURCE_EMPTY:
        before = _many(counted.source_before or 0, "item")
        return f"{_lists(is_whole, winner)} came back empty; {_pronoun(is_whole)} had {before} in the last run."
    if hold.limit is Limit.SOURCE_SHRANK:
        now, before = _many(counted.source_items, "item"), f"{counted.source_before or 0:,}"
        return f"{_lists(is_whole, winner)} shrank from {before} to {now} since the last run{_limit(hold, ' %')}."
    total = f"{counted.deletes:,} of {_many(counted.destination_items, 'item')} in {loser}"
    if hold.limit is Limit.DELETES:
        most = f"The limit is {_many(hold.allowed, 'deletion')}" if hold.allowed else "There is a limit"
        return f"All links of this snapshot together would delete {total}. {most}." if is_whole else f"{most} per link."
    share = round(100 * counted.deletes / max(1, counted.destination_items))
    if is_whole:
        return f"All links of this snapshot together would delete {total}: {share} %{_limit(hold, ' %')}."
    return f"That is {share} % of the items in {loser}{_limit(hold, ' %')}."


def _lists(is_whole: bool, side: str) -> str:
    return f"The lists of all links in {side} together" if is_whole else f"The list in {side}"


def _pronoun(is_whole: bool) -> str:
    return "they" if is_whole else "it"


def _limit(hold: Hold, unit: str) -> str:
    return f"; the limit is {hold.allowed:,}{unit}" if hold.allowed else ""


def foretold_whole(hold: Hold, direction: Direction) -> str:
    """Say in a preview why a snapshot would be held as a whole."""
    return why_held(held_with(hold, hold.judged), direction).removeprefix("All links of this snapshot together ")


def foretold(hold: Hold, direction: Direction) -> str:
    """Say in a preview what would be held: how many of how many, and why."""
    loser = with_article(DIRECTIONS[direction].loser)
    return f"{hold.deletes:,} of {_many(hold.destination_items, 'item')} in {loser}. {why_held(hold, direction)}"


def after_rejecting(direction: Direction, items: int, copies: int, off: Sequence[OffReason]) -> str:
    """Say what becomes of items that are not deleted: they are created at the source again, now or later."""
    back = OPPOSITE[direction]
    words, source = DIRECTIONS[back], with_article(DIRECTIONS[direction].winner)
    if not items:
        return "All of them are left out: no answer is remembered."
    if not copies:
        return "They exist only at the receiver, and stay there."
    them = _many(copies, "item")
    if not off:
        made = f"creates {them} in {source} again, as soon as this run is over"
        return f"A {words.name} ({words.route}) of exactly these {made}."
    because = " and ".join(dict.fromkeys(off_reason(back, reason) for reason in off))
    return (
        f"They cannot be created in {source} again now: {because}. The answer stays remembered; "
        f"once {words.switch} is possible again, the next {words.name} creates them there."
    )


def what_next(rejection: Rejection, off: Sequence[OffReason]) -> str:
    """Say what becomes of an item that an operator refused to delete; ``off``: what keeps the way back off."""
    back = OPPOSITE[rejection.direction]
    words, source = DIRECTIONS[back], with_article(DIRECTIONS[rejection.direction].winner)
    if rejection.source_id is None:
        return "It stays; it was never a copy."
    if rejection.is_due and not off:
        return f"A {words.name} that creates it in {source} again follows as soon as the link is free."
    if off:
        because = " and ".join(dict.fromkeys(off_reason(back, reason) for reason in off))
        return f"Not created in {source} again while {because}. The next {words.name} after that creates it."
    return f"The next {words.name} creates it in {source} again."


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
