"""One mailbox's messages or threads, read only.

Listing leaves the texts out: planning needs none, and a mailbox may hold gigabytes. What is to be written is read
again, a stretch of neighbours at a time; so memory grows with the number of messages, never with their texts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterator, Sequence
from hashlib import blake2b
from itertools import islice
from typing import Generic

from nylasadmin.adapters.lanes import in_lanes
from nylasadmin.adapters.nylas.http import NylasHttp
from nylasadmin.adapters.nylas.listings import CursorLost, Restarts
from nylasadmin.adapters.nylas.mail.conversion import Sight
from nylasadmin.adapters.nylas.mail.kinds import MailKind, Piece
from nylasadmin.adapters.nylas.mail.listings import MailListings, Query
from nylasadmin.adapters.nylas.objects import ObjectPage
from nylasadmin.adapters.nylas.wire import Unreadable
from nylasadmin.domain.fidelity import Fidelity
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.kinds import Item, fingerprint
from nylasadmin.domain.mail import Mail
from nylasadmin.domain.plan import Observed, Reason, Window
from nylasadmin.domain.providers import rules_for
from nylasadmin.errors import NotThere
from nylasadmin.services.ports import FolderRef

_MOST_FOUND = 20


class MailReader(Generic[Piece]):
    """Reads one mailbox at Nylas. Every method raises :class:`~nylasadmin.errors.NylasError`."""

    def __init__(self, http: NylasHttp, folder: FolderRef, kind: MailKind[Piece], *, concurrency: int = 1) -> None:
        self._http = http
        self._kind = kind
        self._path = ("v3", "grants", folder.grant_id, kind.path)
        self._is_cached = rules_for(folder.provider).mail_cache_days is not None
        self._concurrency = max(1, concurrency)
        self._listings = MailListings(http, folder.grant_id, kind)
        self._names: dict[str, str] | None = None
        self._since = 0
        self._listed_at: dict[str, int] = {}
        self._order: list[str] = []

    def observe(self, fidelity: Fidelity, window: Window) -> Iterator[list[Observed]]:
        """Yield mail page by page; complete when it ends without an error."""
        self._since = max(window.start, 0)
        restarts = Restarts()
        while True:
            try:
                for page in self._listings.pages(window, self._kind.shown):
                    yield self._observed_page(page, fidelity)
            except CursorLost as lost:
                restarts.spend(lost)
                continue
            return

    def look_up(self, ids: Sequence[ItemId], fidelity: Fidelity) -> list[Observed]:
        """Read mail by id. What is missing counts as deleted only if the mailbox still answers."""
        found = self._find_all(ids, self._kind.shown)
        if None in found.values():
            self._listings.expect_mailbox()
        return [self._observed(one, fidelity) for one in map(found.get, ids) if one is not None]

    def load(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        """Give mail with its text."""
        return self._read(ids, self._kind.whole)

    def load_brief(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        """Give mail without its text."""
        return self._read(ids, self._kind.shown)

    def find_claiming(self, claims: ItemId) -> ItemId | None:  # noqa: ARG002
        """Nothing is ever created here, so nothing carries our marker."""
        return None

    def find_equal(self, wanted: bytes, fidelity: Fidelity, known: Container[ItemId]) -> ItemId | None:  # noqa: ARG002
        """Nothing is ever created here."""
        return None

    # searching

    def search(self, words: str, fidelity: Fidelity) -> list[Observed]:
        """Find mail by words of its subject, or by the address of somebody who takes part."""
        is_address = "@" in words and " " not in words.strip()
        query: Query = {"any_email": words.strip()} if is_address else {"subject": words}
        found: list[Observed] = []
        try:
            for page in self._listings.matching(query | self._ask_server(), self._kind.shown):
                found += [self._observed(piece, fidelity) for piece in page.found if self._kind.is_wanted(piece)]
                if len(found) >= _MOST_FOUND:
                    break
        except CursorLost as lost:
            raise lost.error from lost
        return found[:_MOST_FOUND]

    def find_uid(self, uid: str, fidelity: Fidelity) -> list[Observed]:
        """The UID of mail is its id."""
        return self.look_up([ItemId(uid)], fidelity)

    def series_of(self, item_id: ItemId) -> ItemId | None:  # noqa: ARG002
        """Mail is no series."""
        return None

    # listing

    def _observed_page(self, page: ObjectPage[Piece], fidelity: Fidelity) -> list[Observed]:
        seen = [self._observed(piece, fidelity) for piece in page.found if self._kind.is_wanted(piece)]
        for piece in page.found:
            if (at := self._kind.listed_at(piece)) is not None:
                self._listed_at[piece.id] = at
        self._order = []
        return seen + [_unreadable(one) for one in page.spoilt]

    def _observed(self, piece: Piece | Unreadable, fidelity: Fidelity) -> Observed:
        if isinstance(piece, Unreadable):
            return _unreadable(piece)
        item = self._item(piece) or self._item_by_id(piece)
        if isinstance(item, Unreadable):
            return _unreadable(item)
        return Observed(
            id=ItemId(piece.id),
            fingerprint=fingerprint(item, fidelity),
            title=item.title,
            start=item.received,
            end=item.received,
            uid=item.uid,
        )

    def _item(self, piece: Piece) -> Mail | None:
        try:
            return self._kind.item_of(piece, self._sight())
        except ValueError:
            return None

    def _item_by_id(self, piece: Piece) -> Mail | Unreadable:
        """Ask for the whole of what a listing told too little of: a thread without dates, for one."""
        whole = self._find(piece.id, self._kind.whole)
        item = self._item(whole) if whole is not None and not isinstance(whole, Unreadable) else None
        return item or Unreadable(piece.id, piece.id.encode(), piece.subject or "", "without a date")

    def _sight(self) -> Sight:
        if self._names is None:
            self._names = self._listings.folder_names()
        return Sight(self._names, self._since, self._is_cached)

    # reading again

    def _read(self, ids: Sequence[ItemId], fields: Sequence[str]) -> dict[ItemId, Item]:
        """Read by stretches where several of them are neighbours in the listing, the others by id."""
        self._sight()
        stretches = [wanted for wanted in self._stretches(ids) if len(wanted) > 1]
        found: dict[ItemId, Item] = {}
        for part in in_lanes(self._concurrency, lambda wanted: self._stretch(wanted, fields), stretches):
            found |= part
        alone = self._find_all([i for i in ids if i not in found], fields)
        for item_id, piece in alone.items():
            item = self._item(piece) if piece is not None and not isinstance(piece, Unreadable) else None
            if item is not None:
                found[item_id] = item
        return found

    def _stretches(self, ids: Sequence[ItemId]) -> list[set[ItemId]]:
        """Group ids by where they stand in the order of dates, a page of the listing each."""
        if not self._order:
            self._order = sorted(self._listed_at, key=self._place)
        size = self._kind.page_sizes[0]
        groups: dict[int, set[ItemId]] = {}
        for item_id in ids:
            if item_id in self._listed_at:
                at = bisect_left(self._order, self._place(item_id), key=self._place)
                groups.setdefault(at // size, set()).add(item_id)
        return list(groups.values())

    def _place(self, item_id: str) -> tuple[int, str]:
        return self._listed_at[item_id], item_id

    def _stretch(self, wanted: set[ItemId], fields: Sequence[str]) -> dict[ItemId, Item]:
        dates = [self._listed_at[i] for i in wanted]
        found: dict[ItemId, Item] = {}
        most_pages = 1 + len(wanted)
        try:
            for page in islice(self._listings.pages(Window(min(dates), max(dates) + 1), fields), most_pages):
                for piece in page.found:
                    if piece.id in wanted and (item := self._item(piece)) is not None:
                        found[ItemId(piece.id)] = item
                if len(found) == len(wanted):
                    break
        except CursorLost:
            pass  # what is still missing is read by its id
        return found

    def _find_all(self, ids: Sequence[ItemId], fields: Sequence[str]) -> dict[ItemId, Piece | Unreadable | None]:
        if len(ids) < 2:
            return {item_id: self._find(item_id, fields) for item_id in ids}
        return dict(in_lanes(self._concurrency, lambda item_id: (item_id, self._find(item_id, fields)), ids))

    def _find(self, item_id: str, fields: Sequence[str]) -> Piece | Unreadable | None:
        query: Query = {"select": ",".join(fields), **self._ask_server()}
        try:
            return self._kind.objects.one(self._http.get((*self._path, item_id), query))
        except NotThere:
            return None

    def _ask_server(self) -> Query:
        """Ask for mail that is no longer in the service's own cache, too, where that can be done."""
        return {"query_imap": "true"} if self._is_cached and self._kind.asks_server else {}


def _unreadable(piece: Unreadable) -> Observed:
    digest = blake2b(piece.body, digest_size=16).digest()
    return Observed(id=ItemId(piece.id), fingerprint=digest, title=piece.title, blocked=Reason.UNREADABLE)
