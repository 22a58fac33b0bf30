"""Explain: why an item is not where somebody looks for it.

Reads both sides and the record, asks the planner, and writes nothing: of Nylas it holds readers only. Showing titles to
somebody who may only look leaves a row in the audit trail.
"""

from __future__ import annotations

import msgspec

from nylasadmin.domain.differences import MASK, masked, masked_versions, side_by_side
from nylasadmin.domain.explaining import explain
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.kinds import Item, brief
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.privileges import Actor
from nylasadmin.domain.providers import rules_for
from nylasadmin.services.audit import record
from nylasadmin.services.explain_checks import checks
from nylasadmin.services.explain_doings import doing
from nylasadmin.services.explain_views import Candidate, Doing, Explained
from nylasadmin.services.explain_wording import Teller
from nylasadmin.services.inquiries import Inquiry
from nylasadmin.services.item_changes import changes
from nylasadmin.services.item_facts import Bodies, facts_of
from nylasadmin.services.item_records import ItemWrite, Named
from nylasadmin.services.item_search import MOST, Surroundings
from nylasadmin.services.observing import Subject, fidelity_of
from nylasadmin.services.ports import FolderRef, Nylas, SenderSettings
from nylasadmin.services.refusals import noting_refusals
from nylasadmin.services.rows import ItemScope
from nylasadmin.services.senders import sender_of
from nylasadmin.services.storage import Clock, Secrets, Storage
from nylasadmin.services.views import LinkDetails
from nylasadmin.services.wording import sentence

LONGEST_WANTED = 1000
"""Ids of Nylas are no longer."""

_MOST_CHANGES = 20
_LONGEST_ANSWER_S = 20.0


class Explaining:
    def __init__(self, storage: Storage, nylas: Nylas, secrets: Secrets, clock: Clock, installation: str) -> None:
        self._storage = storage
        self._nylas = nylas
        self._secrets = secrets
        self._clock = clock
        self._installation = installation

    def item(self, link_id: int, wanted: str, *, is_masked: bool = False) -> Explained:
        """Explain the item of a link that an id, a UID or words of its title mean, or give those that may be meant.

        Masked, titles are neither shown nor searched. Raises :class:`NotFound` for the link.
        """
        wanted = wanted.strip()[:LONGEST_WANTED]
        details, subject = self._subject(link_id)
        blank = Explained(link=details, wanted=wanted, is_masked=is_masked, searches_titles=not is_masked)
        if not wanted:
            return blank
        around = self._surroundings(subject)
        found = around.find(wanted, hides_titles=is_masked)
        error = sentence(around.nylas.problem) if around.nylas.problem else ""
        answer = msgspec.structs.replace(blank, nylas_error=error)
        if len(found) > 1:
            offered = [_candidate(named, around, is_masked) for named in found]
            offered.sort(key=lambda one: one.in_crm and one.at_nylas)  # what is missing somewhere is asked about most
            return msgspec.structs.replace(answer, candidates=tuple(offered[:MOST]))
        return self._explained(answer, subject, around, found[0] if found else Named())

    @noting_refusals("item.reveal", "link {link_id}")
    def reveal(self, actor: Actor, link_id: int) -> None:
        """Note that somebody has looked behind the masks of a link's items. Raises :class:`NotFound`."""
        with self._storage.write() as tx:
            tx.links.get(link_id)
            record(tx, actor, "item.reveal", f"link {link_id}")

    # --- gathering

    def _subject(self, link_id: int) -> tuple[LinkDetails, Subject]:
        with self._storage.read() as tx:
            details, owned = tx.console.link(link_id), tx.links.with_owners(link_id)
            sealed_key = tx.targets.sealed_key(owned.target.id)
        link, account = owned.link, owned.account
        folder = FolderRef(
            grant_id=account.grant_id,
            provider=account.provider,
            folder_id=link.folder_id,
            account_email=account.email,
            installation=self._installation,
            item_type=link.item_type,
        )
        sender = _impatient(sender_of(owned.target, sealed_key, self._secrets))
        return details, Subject(link=link, account=account, target=owned.target, sender=sender, folder=folder)

    def _surroundings(self, subject: Subject) -> Surroundings:
        fidelity = fidelity_of(Direction.GET, subject.account.provider)
        inquiry = Inquiry(self._nylas.reader(subject.sender, subject.folder), fidelity)
        finds_uid = rules_for(subject.account.provider).finds_uid
        scope, link_id = _scope(subject), subject.link.id
        return Surroundings(self._storage, link_id, scope, inquiry, fidelity, finds_uid=finds_uid)

    def _explained(self, answer: Explained, subject: Subject, around: Surroundings, named: Named) -> Explained:
        item = around.complete(named) if named.ids else named
        at_nylas = around.nylas.load(list(around.nylas.seen))
        with self._storage.read() as tx:
            store = tx.items.store(_scope(subject))
            in_crm = {i: brief(body) for i, body in store.load([item.crm_id]).items()} if item.crm_id else {}
            written = tx.item_records.writes(subject.link.id, item.ids, _MOST_CHANGES + 1) if item.ids else []
            last = written[0] if written else None
            facts = facts_of(tx, subject, around, item, (in_crm, at_nylas), answer.link, last, self._clock.now())
        error = sentence(around.nylas.problem) if around.nylas.problem else ""
        answer = msgspec.structs.replace(answer, nylas_error=error, item=item, facts=facts)
        shown = _told(answer, item)
        return _with_contents(shown, subject, written, _body(in_crm, item.crm_id), _body(at_nylas, item.nylas_id))


def _impatient(sender: SenderSettings) -> SenderSettings:
    """Let the first failure be the answer: somebody waits for the page."""
    patience_s = min(sender.read_timeout_s, _LONGEST_ANSWER_S)
    return msgspec.structs.replace(sender, read_timeout_s=patience_s, is_waited_for=True)


def _scope(subject: Subject) -> ItemScope:
    link = subject.link
    return ItemScope(user_id=link.user_id, collection=link.collection, item_type=link.item_type)


def _body(bodies: Bodies, item_id: ItemId | None) -> Item | None:
    return bodies.get(item_id) if item_id is not None else None


def _told(answer: Explained, item: Named) -> Explained:
    """Add what was found out, in words."""
    facts = answer.facts
    explanation, told = (
        explain(facts),
        Teller(answer.link, facts, nylas_error=answer.nylas_error, searched_titles=answer.searches_titles),
    )
    words = told.headline(explanation)
    return msgspec.structs.replace(
        answer,
        item_title=MASK if answer.is_masked and item.ids else item.title,
        explanation=explanation,
        headline=words.title,
        advice=words.advice,
        checks=tuple(checks(answer.link, item, facts, told, explanation)),
        doings=tuple(_doing(answer, direction) for direction in Direction),
    )


def _doing(answer: Explained, direction: Direction) -> Doing:
    action = answer.facts.way(direction).action
    words = doing(direction, action, is_known=not answer.nylas_error)
    return Doing(direction=direction, kind=action.kind if action else None, title=words.title, advice=words.advice)


def _with_contents(
    answer: Explained, subject: Subject, written: list[ItemWrite], in_crm: Item | None, at_nylas: Item | None
) -> Explained:
    """Add both versions and the history, masked where the answer is."""
    provider = subject.account.provider
    versions = side_by_side(in_crm, at_nylas, fidelity_of(Direction.GET, provider))
    now = {Direction.GET: in_crm, Direction.SEND: at_nylas}
    history = changes(written, now, provider, _MOST_CHANGES)
    if answer.is_masked:
        versions = masked_versions(versions)
        history = tuple(msgspec.structs.replace(c, differences=tuple(masked(c.differences))) for c in history)
    return msgspec.structs.replace(
        answer, versions=tuple(versions), history=history, has_more_history=len(written) > _MOST_CHANGES
    )


def _candidate(named: Named, around: Surroundings, is_masked: bool) -> Candidate:
    in_crm = around.crm.get(named.crm_id) if named.crm_id else None
    at_nylas = around.nylas.seen.get(named.nylas_id) if named.nylas_id else None
    seen = at_nylas or in_crm
    return Candidate(
        key=named.nylas_id or named.crm_id or "",
        title=MASK if is_masked else (seen.title if seen else named.title),
        when=seen.start if seen and seen.start else None,
        is_recurring=seen.is_recurring if seen else False,
        in_crm=in_crm is not None,
        at_nylas=at_nylas is not None,
    )
