"""The table of checks about one item: what was looked at, what it came to, and which of it is the reason."""

from __future__ import annotations

from nylasadmin.domain.explaining import Explanation, Finding, Found, ItemFacts, Side
from nylasadmin.domain.links import AccountState, OffReason
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.verdicts import BY_DATE, Verdict
from nylasadmin.services.explain_views import Check, Subject, Weight
from nylasadmin.services.explain_wording import Teller, capital, failed_words, in_or_at
from nylasadmin.services.item_records import Named
from nylasadmin.services.verdict_wording import cut_off_words, day, days_words, deciding_day
from nylasadmin.services.views import LinkDetails
from nylasadmin.services.wording import DIRECTIONS, off_reason

_ABOUT = {
    Finding.IN_STEP: Subject.PAIR,
    Finding.NOT_PAIRED_YET: Subject.PAIR,
    Finding.CHANGED_AT_NYLAS: Subject.PAIR,
    Finding.CHANGED_IN_CRM: Subject.PAIR,
    Finding.CHANGED_ON_BOTH: Subject.PAIR,
    Finding.DIFFERENT: Subject.PAIR,
    Finding.DELETED_BY_SNAPSHOT: Subject.DELETION,
    Finding.DELETED_THERE: Subject.DELETION,
    Finding.OUTSIDE_POLICY: Subject.SYNC_POLICY,
    Finding.OUT_OF_SIGHT: Subject.SYNC_POLICY,
    Finding.CANNOT_BE_WRITTEN: Subject.WRITING,
    Finding.WOULD_BE_DELETED: Subject.DELETION,
    Finding.LINK_HELD: Subject.WORK,
    Finding.LINK_PAUSED: Subject.WORK,
    Finding.LINK_BUSY: Subject.WORK,
    Finding.LEFT_OUT: Subject.LEFT_OUT,
    Finding.FAILED: Subject.FAILURES,
    Finding.DISMISSED: Subject.FAILURES,
    Finding.SYNCING: Subject.ACCOUNT,
    Finding.DELETE_REJECTED: Subject.DELETION,
    Finding.DELETE_PROTECTED: Subject.DELETION,
    Finding.NEVER_COPIED: Subject.WORK,
    Finding.NOT_COPIED_SINCE: Subject.WORK,
    Finding.DOES_NOT_NOTIFY: Subject.WEBHOOK_POLICY,
    Finding.NYLAS_SILENT: Subject.NYLAS,
}
_SWITCHES = {Direction.GET: Subject.INBOUND, Direction.SEND: Subject.OUTBOUND}
_LOST = frozenset({OffReason.NEEDS_SIGN_IN, OffReason.DISCONNECTED})
_NOTHING = {
    Subject.WORK: "nothing is held, paused or at work",
    Subject.DELETION: "none that a snapshot or an operator’s answer is about",
    Subject.LEFT_OUT: "not left out of the last snapshot",
}
_GOOD = frozenset({Finding.IN_STEP, Finding.NOT_PAIRED_YET})


def checks(link: LinkDetails, item: Named, facts: ItemFacts, told: Teller, explanation: Explanation) -> list[Check]:
    """Tell all checks in their order, each with what it came to."""
    table = _Table(link, item, facts, told, explanation)
    return [table.check(subject) for subject in Subject]


def about(found: Found, facts: ItemFacts) -> frozenset[Subject]:
    """Give the checks that a finding belongs to; none for one that no check has found."""
    if found.finding is not Finding.DIRECTION_OFF:
        subject = _ABOUT.get(found.finding)
        return frozenset({subject} if subject else ())
    direction = found.direction or Direction.GET
    switch = _SWITCHES[direction]
    return frozenset({switch, Subject.ACCOUNT} if _LOST.intersection(facts.way(direction).off) else {switch})


class _Table:
    def __init__(
        self, link: LinkDetails, item: Named, facts: ItemFacts, told: Teller, explanation: Explanation
    ) -> None:
        self.link = link
        self.item = item
        self.facts = facts
        self.told = told
        self.explanation = explanation

    def check(self, subject: Subject) -> Check:
        weight, text = self._weight(subject), self._text(subject)
        if text is None:
            return Check(subject=subject, weight=Weight.NOT_ASKED, text=capital(self._why_not_asked()))
        return Check(subject=subject, weight=weight, text=capital(text), snapshot_id=self._snapshot(subject))

    def _weight(self, subject: Subject) -> Weight:
        if subject in self._missing():
            return Weight.MISSING
        headline, *others = self.explanation.all
        if subject in about(headline, self.facts) and headline.finding not in _GOOD:
            return Weight.REASON
        return Weight.ALSO if any(subject in about(f, self.facts) for f in others) else Weight.OK

    def _missing(self) -> set[Subject]:
        there = {Subject.NYLAS: self.facts.at_nylas, Subject.CRM: self.facts.at_crm}
        return {subject for subject, item in there.items() if item is None}

    def _why_not_asked(self) -> str:
        return "Nylas could not be asked" if self.facts.nylas_problem else "there is no item to look at"

    def _snapshot(self, subject: Subject) -> int | None:
        """Give the snapshot to look at for a check."""
        facts = self.facts
        if subject is Subject.WORK:
            return facts.occupied_by
        if subject is Subject.LEFT_OUT:
            return next((a.snapshot_id for a in (facts.get.left_out, facts.send.left_out) if a), None)
        if subject is Subject.DELETION:
            held = next((n for n in (facts.get.held_by, facts.send.held_by) if n is not None), None)
            return held or (facts.last_write.snapshot_id if facts.last_write and self._was_deleted() else None)
        return None

    def _was_deleted(self) -> bool:
        return any(f.finding is Finding.DELETED_BY_SNAPSHOT for f in self.explanation.all)

    def _text(self, subject: Subject) -> str | None:
        facts, policy = self.facts, self.link.account.policy
        match subject:
            case Subject.NYLAS:
                return self._nylas()
            case Subject.CRM:
                return self._there(Side.CRM, facts.at_crm is not None, self.item.crm_id)
            case Subject.PAIR:
                return self._pair()
            case Subject.SYNC_POLICY:
                return self._verdict(facts.sync, policy.sync_days, "takes part", "take part")
            case Subject.WEBHOOK_POLICY:
                return self._verdict(facts.webhook, policy.webhook_days, "notifies", "notify")
            case Subject.INBOUND:
                return self._switch(Direction.GET)
            case Subject.OUTBOUND:
                return self._switch(Direction.SEND)
            case Subject.ACCOUNT:
                return self._account()
            case Subject.WORK | Subject.DELETION | Subject.LEFT_OUT:
                return self._said(subject, _NOTHING[subject])
            case Subject.WRITING:
                return self._writing()
            case Subject.FAILURES:
                return self._failures()

    def _said(self, subject: Subject, otherwise: str) -> str:
        return "; ".join(self.told.because(f).title for f in self._about(subject)) or otherwise

    def _about(self, subject: Subject) -> list[Found]:
        return [f for f in self.explanation.all if subject in about(f, self.facts)]

    def _nylas(self) -> str | None:
        if self.facts.nylas_problem:
            return None
        return self._there(Side.NYLAS, self.facts.at_nylas is not None, self.item.nylas_id)

    def _there(self, side: Side, is_there: bool, item_id: str | None) -> str:
        place = in_or_at(side)
        if is_there:
            return f"it is {place}: {item_id}"
        return f"it was {place} as {item_id}, and is not any more" if item_id else f"it is not {place}"

    def _pair(self) -> str:
        facts = self.facts
        if not facts.is_paired:
            return "the two sides are not remembered as one item"
        last = facts.last_write
        words = "" if last is None else f"; last written by {DIRECTIONS[last.direction].name} {last.snapshot_id}"
        on = f" on {day(last.at)}" if last is not None and last.at is not None else ""
        return f"remembered as one item{words}{on}{self._since_agreement()}"

    def _since_agreement(self) -> str:
        changed = {self.facts.changed_in_crm: "in the CRM", self.facts.changed_at_nylas: "at Nylas"}
        if self.facts.changed_in_crm and self.facts.changed_at_nylas:
            return "; changed on both sides since they agreed"
        return f"; changed {changed[True]} since they agreed" if True in changed else ""

    def _verdict(self, verdict: Verdict | None, days: int, yes: str, verb: str) -> str | None:
        if verdict is None:
            return None
        said = yes if verdict.takes_part else f"does not {verb}"
        if verdict.rule not in BY_DATE or verdict.cut_off is None:
            return f"{said}: {verdict.rule}"
        policy = self.link.account.policy
        date = f"{deciding_day(verdict, policy)} ({verdict.rule})"
        hint = days_words(verdict, days, verb)
        return f"{said} by its date, {date}; the cut-off is {cut_off_words(verdict, policy)}. {hint}".rstrip()

    def _switch(self, direction: Direction) -> str:
        off = self.facts.way(direction).off
        return "on" if not off else ", and ".join(off_reason(direction, reason) for reason in off)

    def _account(self) -> str:
        account = self.link.account
        if account.state is AccountState.NEEDS_SIGN_IN:
            return f"needs to sign in again as {account.email}"
        if account.state is AccountState.DISCONNECTED:
            return f"disconnected: {account.email}"
        since = f" since {day(account.connected_at)}" if account.connected_at else ""
        syncing = "; its first synchronization is under way" if account.is_syncing else ""
        return f"connected{since} as {account.email}{syncing}"

    def _writing(self) -> str | None:
        if self.facts.nylas_problem or (self.facts.at_crm is None and self.facts.at_nylas is None):
            return None
        return self._said(Subject.WRITING, "nothing about it that the other side would refuse")

    def _failures(self) -> str:
        failed = [w.failure for w in (self.facts.get, self.facts.send) if w.failure is not None]
        return "; ".join(failed_words(failure).title for failure in failed) or "none"
