"""One address book's contacts, read only: listing, looking up, and the bodies of what was seen.

The service has no filter by time and no time of change here: every listing is the whole address book.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from hashlib import blake2b

from nylasadmin.adapters.lanes import in_lanes
from nylasadmin.adapters.nylas.contacts.conversion import contact_of
from nylasadmin.adapters.nylas.contacts.wire import CONTACTS, GROUPS, WireContact, WireGroup
from nylasadmin.adapters.nylas.http import NylasHttp, Query
from nylasadmin.adapters.nylas.listings import CursorLost, Restarts
from nylasadmin.adapters.nylas.objects import ObjectPage
from nylasadmin.adapters.nylas.wire import Unreadable
from nylasadmin.domain.contacts import ADDRESS_BOOK, Contact
from nylasadmin.domain.fidelity import Fidelity
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.kinds import Item, decode_body, encode_body, fingerprint, outline
from nylasadmin.domain.plan import ALWAYS, Observed, Reason, Window
from nylasadmin.domain.providers import rules_for
from nylasadmin.errors import AccessDenied, BadAnswer, BadRequest, CursorExpired, NotThere
from nylasadmin.services.ports import FolderRef

_PAGE = 200
_MOST_FOUND = 20
_REFUSALS = (AccessDenied, BadRequest, CursorExpired, NotThere)
_HERE: dict[str, str | int] = {"source": ADDRESS_BOOK, "limit": _PAGE}
_OF_EVERYBODY = "myContacts"
"""The system group of Google that every contact belongs to, and enters by itself: it tells nothing."""


class ContactReader:
    """Reads one address book at Nylas. Every method raises :class:`~nylasadmin.errors.NylasError`."""

    def __init__(self, http: NylasHttp, folder: FolderRef, *, concurrency: int = 1) -> None:
        self.http = http
        self.folder = folder
        self.rules = rules_for(folder.provider)
        self.path = ("v3", "grants", folder.grant_id, "contacts")
        self._concurrency = max(1, concurrency)
        self._bodies: dict[str, bytes] = {}
        self._names: dict[str, str] | None = None

    def observe(self, fidelity: Fidelity, window: Window) -> Iterator[list[Observed]]:  # noqa: ARG002
        """Yield the whole address book page by page, whatever the window; complete when it ends without an error."""
        restarts = Restarts()
        while True:
            try:
                for page in self._pages():
                    found = [self._observed(one, fidelity) for one in page.found if _is_here(one)]
                    yield found + [_unreadable(one) for one in page.spoilt]
            except CursorLost as lost:
                restarts.spend(lost)
                continue
            return

    def look_up(self, ids: Sequence[ItemId], fidelity: Fidelity) -> list[Observed]:
        """Read contacts by id. A missing one counts as deleted only if its address book still answers."""
        found = self._find_all(ids)
        if None in found.values():
            self.http.get(self.path, _HERE | {"limit": 1})
        seen = [one for one in map(found.get, ids) if one is not None]
        return [_unreadable(o) if isinstance(o, Unreadable) else self._observed(o, fidelity) for o in seen]

    def load(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        """Give bodies: of what was seen before without a request, of anything else by reading it."""
        known: dict[ItemId, Item] = {i: decode_body(self._bodies[i]) for i in ids if i in self._bodies}
        found = self._find_all([i for i in ids if i not in known])
        return known | {i: self.contact(one) for i, one in found.items() if isinstance(one, WireContact)}

    def load_brief(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        """Give bodies whole: they are at hand, and short."""
        return self.load(ids)

    def find_claiming(self, claims: ItemId) -> ItemId | None:  # noqa: ARG002
        """Contacts carry no marker: the service documents no metadata for them."""
        return None

    def find_equal(self, wanted: bytes, fidelity: Fidelity, known: Container[ItemId]) -> ItemId | None:
        """Find a contact of that fingerprint among those that are not known: what an unanswered create has made."""
        equal = [o.id for page in self.observe(fidelity, ALWAYS) for o in page if o.fingerprint == wanted]
        return min((contact_id for contact_id in equal if contact_id not in known), default=None)

    def search(self, words: str, fidelity: Fidelity) -> list[Observed]:
        """Find contacts by an e-mail address; by their name, for which there is no filter, in the whole book."""
        is_address = "@" in words and " " not in words.strip()
        query: Query = {**_HERE, "email": words.strip()} if is_address else _HERE
        found: list[Observed] = []
        try:
            for page in self._pages(query):
                seen = [self._observed(one, fidelity) for one in page.found if _is_here(one)]
                found += [o for o in seen if is_address or words.casefold() in o.title.casefold()]
                if len(found) >= _MOST_FOUND:
                    break
        except CursorLost as lost:
            raise lost.error from lost
        return found[:_MOST_FOUND]

    def find_uid(self, uid: str, fidelity: Fidelity) -> list[Observed]:  # noqa: ARG002
        """Contacts have no UID."""
        return []

    def series_of(self, item_id: ItemId) -> ItemId | None:  # noqa: ARG002
        """Contacts are no series."""
        return None

    def find(self, contact_id: str) -> WireContact | Unreadable | None:
        """Read one contact as it is now; ``None`` for none (any more), or one that is not in the address book."""
        try:
            found = CONTACTS.one(self.http.get((*self.path, contact_id), {}))
        except NotThere:
            return None
        return found if isinstance(found, Unreadable) or _is_here(found) else None

    def contact(self, wire: WireContact) -> Contact:
        """Convert a contact; the names of groups are read when the first one belongs to any."""
        return contact_of(wire, self._group_names() if wire.groups else {})

    def group_ids(self, names: Iterable[str]) -> list[str]:
        """Give the ids of those groups that the account has."""
        ids = {name: group_id for group_id, name in self._group_names().items()}
        return [ids[name] for name in names if name in ids]

    def _find_all(self, ids: Sequence[ItemId]) -> dict[ItemId, WireContact | Unreadable | None]:
        return dict(in_lanes(self._concurrency, lambda contact_id: (contact_id, self.find(contact_id)), ids))

    def _pages(self, asked: Query = _HERE) -> Iterator[ObjectPage[WireContact]]:
        query, cursor = asked, None
        while True:
            try:
                page = CONTACTS.page(self.http.get(self.path, query))
            except _REFUSALS as error:
                if cursor is None:
                    raise
                raise CursorLost(error) from error
            yield page
            if not page.next_cursor:
                return
            if page.next_cursor == cursor:
                raise BadAnswer("a cursor that leads to itself", status=200)
            cursor = page.next_cursor
            query = {**asked, "page_token": cursor}

    def _group_names(self) -> dict[str, str]:
        if self._names is None:
            self._names = self._read_group_names() if self.rules.reports.contacts.has_groups else {}
        return self._names

    def _read_group_names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        query: Query = {"limit": _PAGE}
        while True:
            page = GROUPS.page(self.http.get((*self.path, "groups"), query))
            known = len(names)
            names.update((group.id, _group_name(group)) for group in page.found)
            if not page.next_cursor or len(names) == known:
                return names
            query = {"limit": _PAGE, "page_token": page.next_cursor}

    def _observed(self, wire: WireContact, fidelity: Fidelity) -> Observed:
        contact = self.contact(wire)
        self._bodies[wire.id] = encode_body(contact)
        span = outline(contact)
        return Observed(
            id=ItemId(wire.id),
            fingerprint=fingerprint(contact, fidelity),
            title=contact.title,
            start=span.start,
            end=span.end,
            is_known_by_content=True,
        )


def _is_here(contact: WireContact) -> bool:
    """Say whether a contact lies in the address book itself: others come from mail or the company's directory."""
    return contact.source in (None, "", ADDRESS_BOOK)


def _group_name(group: WireGroup) -> str:
    name = group.name or group.id
    return "" if group.group_type == "system" and name == _OF_EVERYBODY else name


def _unreadable(contact: Unreadable) -> Observed:
    digest = blake2b(contact.body, digest_size=16).digest()
    return Observed(id=ItemId(contact.id), fingerprint=digest, title=contact.title, blocked=Reason.UNREADABLE)
