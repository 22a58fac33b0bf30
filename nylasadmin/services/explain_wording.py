"""Findings in people's words: one sentence each, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable

from nylasadmin.domain.explaining import Explanation, Failing, Finding, Found, ItemFacts, Side, missing_side
from nylasadmin.domain.items import ItemType
from nylasadmin.domain.links import AccountState
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.policies import MOST_SYNC_DAYS
from nylasadmin.domain.verdicts import Verdict
from nylasadmin.services.verdict_wording import (
    cut_off_words,
    day,
    days_before,
    days_words,
    moment,
    over_words,
    plural_days,
)
from nylasadmin.services.views import LinkDetails
from nylasadmin.services.wording import DIRECTIONS, Wording, off_reason, off_reasons_to_do, reason

NOUNS = {
    ItemType.EVENT: "event",
    ItemType.CONTACT: "contact",
    ItemType.MESSAGE: "message",
    ItemType.THREAD: "thread",
}
_NO_ACTION = "Nothing further happens to it by itself."


class Teller:
    """Says what was found out about one item of a link."""

    def __init__(
        self, link: LinkDetails, facts: ItemFacts, *, nylas_error: str = "", searched_titles: bool = True
    ) -> None:
        self._link = link
        self._facts = facts
        self._nylas_error = nylas_error
        self._searched_titles = searched_titles
        self._item = f"this {NOUNS[link.link.item_type]}"

    def headline(self, explanation: Explanation) -> Wording:
        """Say in one sentence where the item is not, and what decides about that."""
        because = self.because(explanation.headline)
        if explanation.missing is None:
            return Wording(f"{capital(because.title)}.", because.advice)
        place = in_or_at(explanation.missing)
        return Wording(f"{capital(self._item)} is not {place} because {because.title}.", because.advice)

    def because(self, found: Found) -> Wording:
        """Say one finding as part of a sentence, and what to do."""
        return _WORDS[found.finding](self, found.direction)

    # --- both sides

    def _in_step(self, _: Direction | None) -> Wording:
        return Wording(f"{self._item} is on both sides, and equal", "Nothing keeps it from anybody.")

    def _not_paired(self, _: Direction | None) -> Wording:
        return Wording(
            f"{self._item} is on both sides, and equal; they are not remembered as one yet",
            "The next snapshot remembers that they belong together.",
        )

    def _changed_at_nylas(self, _: Direction | None) -> Wording:
        advice = "A Get snapshot brings the change to the CRM; a Send snapshot would overwrite it."
        return Wording(f"{self._item} is on both sides, and was changed at Nylas since they agreed", advice)

    def _changed_in_crm(self, _: Direction | None) -> Wording:
        advice = "A Send snapshot brings the change to Nylas; a Get snapshot would overwrite it."
        return Wording(f"{self._item} is on both sides, and was changed in the CRM since they agreed", advice)

    def _different(self, _: Direction | None) -> Wording:
        advice = "A snapshot makes one side win: its preview shows field by field what that changes."
        return Wording(f"{self._item} is on both sides, and they differ", advice)

    def _changed_on_both(self, _: Direction | None) -> Wording:
        advice = "A snapshot makes one side win: its preview shows field by field what that changes."
        return Wording(f"{self._item} was changed on both sides since they agreed", advice)

    # --- one side, or none

    def _deleted_by_snapshot(self, _: Direction | None) -> Wording:
        last = self._facts.last_write
        if last is None:
            return Wording("a snapshot deleted it", "")
        words = DIRECTIONS[last.direction]
        what = f"the undo of snapshot {last.undoes_id}" if last.undoes_id else words.name
        when = f" on {day(last.at)}" if last.at is not None else ""
        advice = f"Open snapshot {last.snapshot_id}: it says why, and can be taken back as long as versions are kept."
        place, who = in_or_at(Side(words.loser)), f"{last.operator}, snapshot {last.snapshot_id}"
        subject = "it" if missing_side(self._facts) else self._item
        return Wording(f"{subject} was deleted {place} by {what} ({who}){when}", advice)

    def _deleted_there(self, direction: Direction | None) -> Wording:
        words = DIRECTIONS[direction or Direction.GET]
        here, there = in_or_at(Side(words.loser)), in_or_at(Side(words.winner))
        advice = f"A {words.name} brings it back; one the other way would delete it {there}, too."
        return Wording(f"somebody deleted it {here} after it had been copied", advice)

    def _outside_policy(self, _: Direction | None) -> Wording:
        verdict, policy = self._facts.sync, self._link.account.policy
        if verdict is None or verdict.cut_off is None:
            return Wording("the sync policy of its account leaves it out", "")
        is_about = "" if missing_side(self._facts) else f"{self._item} takes no part any more: "
        when = f"{over_words(verdict, policy)}, {plural_days(days_before(verdict, policy))} before the cut-off of"
        whose = f"that {possessive(self._link.user.name)} account froze when it connected"
        return Wording(f"{is_about}{when} {cut_off_words(verdict, policy)} {whose}", self._policy_advice(verdict))

    def _policy_advice(self, verdict: Verdict) -> str:
        """Say how many days it would take, whether they may be had, and that a change comes too late for this one."""
        plan = self._link.target.policies.plan
        needed, most = verdict.days_needed, MOST_SYNC_DAYS[plan]
        words = [days_words(verdict, self._link.account.policy.sync_days)]
        if needed is not None and most is not None and needed > most:
            words.append(f"The plan {plan} allows {most} at most.")
        words.append("A policy that is changed now applies to accounts that connect afterwards.")
        return " ".join(filter(None, words))

    def _out_of_sight(self, _: Direction | None) -> Wording:
        return Wording(
            "the provider does not list anything that old", "It can be read by its id only, and no snapshot sees it."
        )

    def _does_not_notify(self, _: Direction | None) -> Wording:
        return Wording("its changes cause no notification to the CRM: the webhook policy leaves it out", "")

    def _cannot_be_written(self, direction: Direction | None) -> Wording:
        way = direction or Direction.GET
        action = self._facts.way(way).action
        words = reason(way, action.reason) if action is not None else Wording("it cannot be written", "")
        return Wording(f"it cannot be written: {_small(words.title)}, {words.advice}", "")

    def _direction_off(self, direction: Direction | None) -> Wording:
        way = direction or Direction.GET
        off = self._facts.way(way).off
        because = ", and ".join(off_reason(way, r) for r in off)
        return Wording(because, off_reasons_to_do(off))

    def _would_be_deleted(self, direction: Direction | None) -> Wording:
        held_by = self._facts.way(direction or Direction.GET).held_by
        advice = f"Open snapshot {held_by} and decide there."
        return Wording(f"snapshot {held_by} wants to delete it, and is held until somebody decides", advice)

    def _link_held(self, _: Direction | None) -> Wording:
        number = self._facts.occupied_by
        advice = "Decide there; until then nothing is copied on this link."
        return Wording(f"snapshot {number} is held on this link: somebody has to decide about its deletions", advice)

    def _link_paused(self, _: Direction | None) -> Wording:
        is_parked = self._link.account.state is AccountState.NEEDS_SIGN_IN
        advice = "It goes on by itself once the user has signed in again." if is_parked else "Resume or cancel it."
        return Wording(f"snapshot {self._facts.occupied_by} is paused on this link", advice)

    def _link_busy(self, _: Direction | None) -> Wording:
        number = self._facts.occupied_by
        return Wording(
            f"snapshot {number} is working on this link and has not come to it yet", "Look again in a while."
        )

    def _left_out(self, direction: Direction | None) -> Wording:
        answer = self._facts.way(direction or Direction.GET).left_out
        if answer is None:
            return Wording("an operator left it out", "")
        advice = "The next snapshot takes it again, unless it is left out there as well."
        return Wording(f"{answer.operator} left it out of snapshot {answer.snapshot_id} on {day(answer.at)}", advice)

    def _failed(self, direction: Direction | None) -> Wording:
        failure = self._facts.way(direction or Direction.GET).failure
        return Wording("writing it failed", "") if failure is None else failed_words(failure)

    def _syncing(self, _: Direction | None) -> Wording:
        name = possessive(self._link.user.name)
        return Wording(f"the first synchronization of {name} account is still under way", "It may take up to 24 hours.")

    def _delete_rejected(self, direction: Direction | None) -> Wording:
        answer = self._facts.way(direction or Direction.GET).rejection
        who = f"{answer.operator} refused to delete it on {day(answer.at)}" if answer else "an operator kept it"
        return Wording(f"it stays where it is: {who}", "Forget the answer, and the next snapshot asks again.")

    def _delete_protected(self, _: Direction | None) -> Wording:
        return Wording("it stays where it is: the target protects items of that age from being deleted", "")

    def _never_copied(self, direction: Direction | None) -> Wording:
        words = DIRECTIONS[direction or Direction.GET]
        return Wording(f"this link was never copied from {words.route.replace(' → ', ' to ')}", self._run_it(direction))

    def _not_copied_since(self, direction: Direction | None) -> Wording:
        way = direction or Direction.GET
        words, last = DIRECTIONS[way], self._facts.way(way).last_at
        return Wording(
            f"it was made or changed after the last {words.name} of {moment(last or 0)}", self._run_it(direction)
        )

    def _run_it(self, direction: Direction | None) -> str:
        return f"A {DIRECTIONS[direction or Direction.GET].name} copies it; its preview shows that before."

    def _nylas_silent(self, _: Direction | None) -> Wording:
        where = "the CRM has it" if self._facts.at_crm is not None else "the CRM does not have it"
        return Wording(f"{where}; whether Nylas has it cannot be told", self._nylas_error)

    def _gone(self, _: Direction | None) -> Wording:
        return Wording(f"{self._item} was there, and is gone from both sides", "What is kept of it stands below.")

    def _never_seen(self, _: Direction | None) -> Wording:
        if not self._searched_titles:
            title = "no item of this link has that id or UID, on either side"
            return Wording(title, "Titles are hidden, and not searched until they are revealed.")
        return Wording(
            "nothing like that is known on either side of this link",
            "Look for another word of its title, in another folder of the same user, or by its id.",
        )

    def _unknown(self, direction: Direction | None) -> Wording:
        name = DIRECTIONS[direction or Direction.GET].name
        return Wording(
            "of a reason that is not known: nothing that is checked here keeps it away",
            f"Preview a {name}: it says what would happen to {self._item} now. All that is known stands below.",
        )


_WORDS: dict[Finding, Callable[[Teller, Direction | None], Wording]] = {
    Finding.IN_STEP: Teller._in_step,
    Finding.NOT_PAIRED_YET: Teller._not_paired,
    Finding.CHANGED_AT_NYLAS: Teller._changed_at_nylas,
    Finding.CHANGED_IN_CRM: Teller._changed_in_crm,
    Finding.CHANGED_ON_BOTH: Teller._changed_on_both,
    Finding.DIFFERENT: Teller._different,
    Finding.DELETED_BY_SNAPSHOT: Teller._deleted_by_snapshot,
    Finding.DELETED_THERE: Teller._deleted_there,
    Finding.OUTSIDE_POLICY: Teller._outside_policy,
    Finding.OUT_OF_SIGHT: Teller._out_of_sight,
    Finding.CANNOT_BE_WRITTEN: Teller._cannot_be_written,
    Finding.DIRECTION_OFF: Teller._direction_off,
    Finding.WOULD_BE_DELETED: Teller._would_be_deleted,
    Finding.LINK_HELD: Teller._link_held,
    Finding.LINK_PAUSED: Teller._link_paused,
    Finding.LINK_BUSY: Teller._link_busy,
    Finding.LEFT_OUT: Teller._left_out,
    Finding.FAILED: Teller._failed,
    Finding.DISMISSED: Teller._failed,
    Finding.SYNCING: Teller._syncing,
    Finding.DELETE_REJECTED: Teller._delete_rejected,
    Finding.DELETE_PROTECTED: Teller._delete_protected,
    Finding.NEVER_COPIED: Teller._never_copied,
    Finding.NOT_COPIED_SINCE: Teller._not_copied_since,
    Finding.DOES_NOT_NOTIFY: Teller._does_not_notify,
    Finding.NYLAS_SILENT: Teller._nylas_silent,
    Finding.GONE: Teller._gone,
    Finding.NEVER_SEEN: Teller._never_seen,
    Finding.UNKNOWN: Teller._unknown,
}


def failed_words(failure: Failing) -> Wording:
    """Say what failed, how often, and what happens next."""
    tries = "once" if failure.attempts == 1 else f"{failure.attempts} times"
    title = f"writing it failed {tries}, last on {day(failure.last_at)}: {failure.cause.rstrip('.')}"
    if failure.dismissed_at is not None:
        why = f" (“{failure.dismissed_reason}”)" if failure.dismissed_reason else ""
        return Wording(f"{title}; {failure.dismissed_by} put it aside on {day(failure.dismissed_at)}{why}", _NO_ACTION)
    if failure.next_try_at is None:
        return Wording(title, f"{_NO_ACTION} Mend the cause, then try it again under Failed items.")
    return Wording(title, f"It is tried again by itself at {moment(failure.next_try_at)}.")


def in_or_at(side: Side) -> str:
    """CRM -> in the CRM; Nylas -> at Nylas."""
    return "in the CRM" if side is Side.CRM else "at Nylas"


def possessive(name: str) -> str:
    """Anna -> Anna’s."""
    return f"{name}’" if name.endswith("s") else f"{name}’s"


def capital(text: str) -> str:
    """Begin a sentence."""
    return text[:1].upper() + text[1:]


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
