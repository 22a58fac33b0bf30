"""Find the items that somebody means by an id, a UID or words, on both sides, and what belongs to each.

Which items are the same is asked of the planner's own matching, so that an explanation and a plan cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nylasadmin.domain.fidelity import Fidelity
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.kinds import is_known_by_content
from nylasadmin.domain.matches import Matches, match
from nylasadmin.domain.plan import ALWAYS, Observed, Pair
from nylasadmin.services.inquiries import Inquiry
from nylasadmin.services.item_records import Named
from nylasadmin.services.rows import ItemScope, PairRow
from nylasadmin.services.storage import Storage

MOST = 20
"""How many items are offered to choose from."""


class Surroundings:
    """The items of both sides that have to do with what is looked for, and their pairs.

    ``finds_uid``: the provider can be asked for a UID; elsewhere titles are searched, and UIDs compared.
    """

    def __init__(
        self,
        storage: Storage,
        link_id: int,
        scope: ItemScope,
        nylas: Inquiry,
        fidelity: Fidelity,
        *,
        finds_uid: bool = True,
    ) -> None:
        self._storage = storage
        self._link_id = link_id
        self.scope = scope
        self._fidelity = fidelity
        self._finds_uid = finds_uid
        self.nylas = nylas
        self.crm: dict[ItemId, Observed] = {}
        self.pairs: list[PairRow] = []

    # --- what is meant

    def find(self, wanted: str, *, hides_titles: bool) -> list[Named]:
        """Give the items that are meant. An exact id at either side means that one; ``hides_titles``: no words."""
        for found in (self._by_id(ItemId(wanted)), self._by_uid(wanted)):
            if found:
                return found
        return [] if hides_titles else self._by_words(wanted)

    def _by_id(self, item_id: ItemId) -> list[Named]:
        with self._storage.read() as tx:
            rows = tx.item_records.pairs(self._link_id, [item_id])
            if rows:
                return [Named(crm_id=rows[0].crm_id, nylas_id=rows[0].nylas_id)]
            if tx.items.store(self.scope).look_up([item_id], self._fidelity):
                return [Named(crm_id=item_id)]
            recorded = tx.item_records.recorded_as(self._link_id, item_id)
        if recorded is not None:
            return [recorded]
        if any(map(str.isspace, item_id)):
            return []
        self.nylas.look_up([item_id])
        found = item_id if item_id in self.nylas.seen else self.nylas.find_series(item_id)
        return [Named(nylas_id=found)] if found is not None else []

    def _by_uid(self, uid: str) -> list[Named]:
        with self._storage.read() as tx:
            crm_ids = tx.item_records.by_uid(self.scope, [uid])
        return self._grouped(crm_ids, self.nylas.find_uid(uid))

    def _by_words(self, words: str) -> list[Named]:
        with self._storage.read() as tx:
            crm_ids = tx.item_records.by_words(self.scope, words, MOST)
        found = self._grouped(crm_ids, self.nylas.search(words))
        with self._storage.read() as tx:
            recorded = tx.item_records.recorded(self._link_id, words, MOST)
        known = {item_id for named in found for item_id in named.ids}
        for named in recorded:
            if known.isdisjoint(named.ids):
                found.append(named)
                known |= named.ids
        return found

    def _grouped(self, crm_ids: Sequence[ItemId], at_nylas: Sequence[Observed]) -> list[Named]:
        """Join the two halves of what is one item."""
        self._read(crm_ids, [o.id for o in at_nylas])
        nylas_ids = {o.id for o in at_nylas}
        matches = self.matches()
        both = {n: c for n, c in _joined(matches).items() if n in nylas_ids or c in crm_ids}
        alone = [c for c in crm_ids if c not in both.values()]
        named = [self._named(both.get(n), n) for n in dict.fromkeys([*nylas_ids, *both])]
        return sorted(named + [self._named(c, None) for c in alone], key=self._latest_first)

    def _named(self, crm_id: ItemId | None, nylas_id: ItemId | None) -> Named:
        return Named(crm_id=crm_id, nylas_id=nylas_id, title=self._title(crm_id, nylas_id))

    def _latest_first(self, named: Named) -> tuple[int, str]:
        seen = self._either(named)
        return (-seen.start if seen else 0, named.title)

    def _title(self, crm_id: ItemId | None, nylas_id: ItemId | None) -> str:
        seen = self._either(Named(crm_id=crm_id, nylas_id=nylas_id))
        return seen.title if seen else ""

    def _either(self, named: Named) -> Observed | None:
        at_nylas = self.nylas.seen.get(named.nylas_id) if named.nylas_id else None
        return at_nylas or (self.crm.get(named.crm_id) if named.crm_id else None)

    # --- what belongs to one

    def complete(self, named: Named) -> Named:
        """Gather what the planner would look at for one item; give it with the ids of both of its halves."""
        self._read([i for i in (named.crm_id,) if i], [i for i in (named.nylas_id,) if i])
        self._read_twins_in_crm()
        self._find_twins_at_nylas()
        self._read(list(self.crm), list(self.nylas.seen))
        both = _joined(self.matches())
        halves = {c: n for n, c in both.items()}
        crm_id = named.crm_id or (both.get(named.nylas_id) if named.nylas_id else None)
        nylas_id = named.nylas_id or (halves.get(named.crm_id) if named.crm_id else None)
        return Named(crm_id=crm_id, nylas_id=nylas_id, title=self._title(crm_id, nylas_id) or named.title)

    def _read_twins_in_crm(self) -> None:
        at_nylas = list(self.nylas.seen.values())
        with self._storage.read() as tx:
            ids = tx.item_records.by_uid(self.scope, {o.uid for o in at_nylas if o.uid})
            ids += [o.claims for o in at_nylas if o.claims]
            if is_known_by_content(self.scope.item_type):
                ids += [i for o in at_nylas for i in tx.item_records.by_words(self.scope, o.title, MOST)]
        self._read(ids, [])

    def _find_twins_at_nylas(self) -> None:
        paired = {row.crm_id for row in self.pairs if row.nylas_id in self.nylas.seen}
        for item in [o for i, o in self.crm.items() if i not in paired]:
            if item.uid and self._finds_uid:
                self.nylas.find_uid(item.uid)
            elif item.title and (item.uid or is_known_by_content(self.scope.item_type)):
                self._keep_alike(item, self.nylas.search(item.title))
            if not self.nylas.seen:
                self.nylas.find_claiming(item.id)

    def _keep_alike(self, item: Observed, found: Iterable[Observed]) -> None:
        """Forget what only has the same words in its title."""
        wanted = {row.nylas_id for row in self.pairs}
        for other in found:
            is_alike = other.uid == item.uid if item.uid else other.fingerprint == item.fingerprint
            if not is_alike and other.id not in wanted:
                self.nylas.seen.pop(other.id, None)

    # --- facts

    def _read(self, crm_ids: Sequence[ItemId], nylas_ids: Sequence[ItemId]) -> None:
        """Read items by id, with the other halves of all their pairs."""
        with self._storage.read() as tx:
            self.pairs = tx.item_records.pairs(self._link_id, {*crm_ids, *nylas_ids, *self.crm, *self.nylas.seen})
            wanted = {*crm_ids, *(row.crm_id for row in self.pairs)} - self.crm.keys()
            if wanted:
                store = tx.items.store(self.scope)
                self.crm |= {o.id: o for o in store.look_up(sorted(wanted), self._fidelity)}
        self.nylas.look_up([*nylas_ids, *(row.nylas_id for row in self.pairs)])

    def matches(self) -> Matches:
        """Ask which item at Nylas is which of the CRM."""
        return match(self.nylas.seen, self.crm, [Pair(row.nylas_id, row.crm_id) for row in self.pairs], ALWAYS)


def _joined(matches: Matches) -> dict[ItemId, ItemId]:
    """Give the CRM's id by that at Nylas."""
    return matches.partners | {nylas_id: twin.id for nylas_id, twin in matches.twins.items()}
