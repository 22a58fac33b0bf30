"""The ports to both sides: what the use cases need of an item store and of Nylas' directory.

A reader has no way to write; whatever plans or previews is given a reader only.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from nylasadmin.domain.directory import Application, Calendar, Grant
from nylasadmin.domain.fidelity import Fidelity
from nylasadmin.domain.items import ItemId, ItemType, Person
from nylasadmin.domain.kinds import Item
from nylasadmin.domain.plan import ActionKind, Observed, Window
from nylasadmin.errors import NylasAdminError


class Bodies(Protocol):
    """Where the bodies of items come from."""

    def load(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        """Give the bodies of items that were observed or looked up before; what has vanished since is left out."""
        ...


class ItemReader(Bodies, Protocol):
    """One folder's items at one side."""

    def observe(self, fidelity: Fidelity, window: Window) -> Iterator[list[Observed]]:
        """Yield every item of the folder that has a part in ``window``, in batches.

        The listing is complete exactly when the iterator ends without an error. An item may come twice when the folder
        changes meanwhile; the later one counts. Raises :class:`~nylasadmin.errors.NylasError`.
        """
        ...

    def look_up(self, ids: Sequence[ItemId], fidelity: Fidelity) -> list[Observed]:
        """Read items one by one, whatever their time. Those that do not exist (any more) are left out."""
        ...

    def load(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        """Give the bodies of items that were observed or looked up before; what has vanished since is left out."""
        ...

    def load_brief(self, ids: Sequence[ItemId]) -> dict[ItemId, Item]:
        """Give bodies as a plan shows them: as :meth:`load` does, and long texts may be left out."""
        ...

    def find_claiming(self, claims: ItemId) -> ItemId | None:
        """Give the item whose marker names ``claims``: how an unanswered create is found again."""
        ...

    def find_equal(self, wanted: bytes, fidelity: Fidelity, known: Container[ItemId]) -> ItemId | None:
        """Give an item of the fingerprint ``wanted`` that is not ``known``, where items carry no marker: of several
        the one with the lowest id. ``None`` where they carry one.
        """
        ...


@runtime_checkable
class Recognizing(Protocol):
    """A reader that need not look twice at what it was told before, byte for byte."""

    def recognize(self, known: Mapping[bytes, Observed]) -> None:
        """Take what comes with one of these digests for the item that belongs to it."""
        ...

    def encoded(self, ids: Sequence[ItemId]) -> dict[ItemId, bytes]:
        """Give bodies of what was read as they are stored; others are left out."""
        ...


@runtime_checkable
class Searching(Protocol):
    """A reader that finds items by what people know of them: for explanations, never for planning.

    It asks with the service's own filters, whatever the time of an item; where there is no filter it looks through the
    folder. At most a few items are given.
    """

    def search(self, words: str, fidelity: Fidelity) -> list[Observed]:
        """Find items by their title or, where items have them, by an e-mail address."""
        ...

    def find_uid(self, uid: str, fidelity: Fidelity) -> list[Observed]:
        """Find items by their UID; nothing where items have none, or the provider cannot be asked for it."""
        ...

    def series_of(self, item_id: ItemId) -> ItemId | None:
        """Give the series that an occurrence belongs to, by the occurrence's own id; ``None`` for anything else."""
        ...


class WriteOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One write at the destination.

    ``item`` is the whole item to be (create, update); ``before`` the destination's version that the plan saw (update,
    delete) and ``expected`` its fingerprint under ``fidelity``: a store that finds another one writes nothing.
    ``seen`` is what a created item was observed as at the source, and ``body`` the item as encoded for storage: an
    order to a store of our own may carry both in place of ``item``, so that nobody need look at it again.
    ``claims`` is the other side's id, kept with the created item as our marker where the store can. ``id`` of a create
    is one to be given to it where the store gives the ids; others pass it over.
    """

    kind: ActionKind
    fidelity: Fidelity
    key: int = 0
    id: ItemId | None = None
    item: Item | None = None
    before: Item | None = None
    seen: Observed | None = None
    body: bytes | None = None
    expected: bytes | None = None
    claims: ItemId | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one order (``key`` is the order's).

    ``id`` names the item written (or deleted), another one than the order's where it had to be made anew;
    ``has_moved``: it was changed since it was planned and nothing was written; ``error`` says why it failed. ``id`` and
    ``error`` together: a series was created, or is there, but an occurrence of it was refused; the pair is worth
    remembering, and the next run mends the rest.
    ``is_uncertain``: the write may have happened all the same. ``organizer`` and ``uid``: what the other side's server
    has given a new item, and nobody else can.
    """

    key: int
    id: ItemId | None = None
    has_moved: bool = False
    error: NylasAdminError | None = None
    is_uncertain: bool = False
    organizer: Person | None = None
    uid: str | None = None


class ItemStore(ItemReader, Protocol):
    """A folder's items that can be written."""

    def write(self, orders: Iterable[WriteOrder]) -> Iterator[Outcome]:
        """Carry out orders, pulling them one by one as it goes, and yield an outcome each, in any order.

        One failing order never stops the others. Deleting what is gone already succeeds. Attendees are never mailed
        where the provider allows that.
        """
        ...


class Directory(Protocol):
    """A Nylas application as seen with its API key. Every method raises :class:`~nylasadmin.errors.NylasError`."""

    def application(self) -> Application: ...

    def grants(self) -> list[Grant]: ...

    def grant(self, grant_id: str) -> Grant: ...

    def calendars(self, grant_id: str) -> list[Calendar]: ...

    def has_address_book(self, grant_id: str) -> bool: ...

    def has_mailbox(self, grant_id: str) -> bool: ...

    def revoke(self, grant_id: str) -> None:
        """Delete a grant: its access at the provider ends for good. One that is gone already is done."""
        ...


class SignInWish(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is asked for at Nylas' sign-in pages.

    ``state`` names the attempt and comes back with the person to ``redirect_uri``; ``verifier`` proves at the exchange
    that the attempt is ours. ``provider`` empty: the pages find out.
    """

    redirect_uri: str
    state: str
    verifier: str
    login_hint: str = ""
    provider: str = ""


class HostedAuth(Protocol):
    """The sign-in pages of one Nylas application (hosted authentication)."""

    def authorization_url(self, wish: SignInWish) -> str:
        """Give the address that the person's browser opens."""
        ...

    def check(self, wish: SignInWish) -> None:
        """Ask whether Nylas will show its pages: the person would only see its raw refusal.

        Raises :class:`~nylasadmin.errors.ReturnNotAllowed` where the address of return is not registered, and other
        :class:`~nylasadmin.errors.NylasError`.
        """
        ...

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> Grant:
        """Turn the code that a person brought back into a grant; it works once.

        ``email`` and ``provider`` may be empty. Raises :class:`~nylasadmin.errors.CodeRefused` for a code that is used
        or too old, and other :class:`~nylasadmin.errors.NylasError`.
        """
        ...


class SenderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How Nylas is reached for one target: the sender channel with its key in clear. Never logged or shown.

    ``is_waited_for``: somebody looks at a page until the answer is there, so the first failure is the answer.
    """

    base_url: str
    api_key: str
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 95.0
    concurrency: int = 4
    requests_per_s: float = 10.0
    is_waited_for: bool = False


class FolderRef(msgspec.Struct, frozen=True, kw_only=True):
    """What an adapter must know to open one folder at Nylas."""

    grant_id: str
    provider: str
    folder_id: str
    account_email: str
    installation: str  # names this installation in markers
    item_type: ItemType = ItemType.EVENT
    former_emails: tuple[str, ...] = ()  # addresses the account had before: what it organized under them is its own


class Nylas(Protocol):
    """The way to Nylas: opens directories and folders. One per process; it owns sessions and rate limits."""

    def directory(self, sender: SenderSettings) -> Directory: ...

    def hosted_auth(self, sender: SenderSettings, application_id: str) -> HostedAuth: ...

    def reader(self, sender: SenderSettings, folder: FolderRef) -> ItemReader: ...

    def store(self, sender: SenderSettings, folder: FolderRef) -> ItemStore: ...
