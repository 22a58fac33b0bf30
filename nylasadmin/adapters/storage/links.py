"""CRM users, links and the pairs of items that links remember."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Update,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    or_,
    select,
    text,
    update,
)

from nylasadmin.adapters.storage.accounts import account_of
from nylasadmin.adapters.storage.bulk import insert_rows, replace_rows
from nylasadmin.adapters.storage.conditions import occupies_link
from nylasadmin.adapters.storage.tables import accounts, crm_users, links, pairs, runs, targets
from nylasadmin.adapters.storage.targets import TARGET_COLUMNS, TARGETS_JOINED, target_of
from nylasadmin.domain.items import ItemId, ItemType
from nylasadmin.domain.links import AccountState, CrmUser, Link
from nylasadmin.domain.plan import Direction
from nylasadmin.errors import NotFound
from nylasadmin.services.rows import NewLink, OwnedLink, PairRow, SeenPair

_T = TypeVar("_T")
_PAIR_COLUMNS = ("link_id", "crm_id", "nylas_id", "base", "seen")
_CHUNK = 500  # below every driver's limit of bound values


class SqlCrmUsers:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def all(self) -> list[CrmUser]:
        return [_user(row) for row in self._db.execute(select(crm_users).order_by(crm_users.c.name, crm_users.c.id))]

    def get(self, user_id: str) -> CrmUser | None:
        row = self._db.execute(select(crm_users).where(crm_users.c.id == user_id)).one_or_none()
        return _user(row) if row else None

    def by_email(self, email: str) -> CrmUser | None:
        row = self._db.execute(select(crm_users).where(crm_users.c.email == email)).one_or_none()
        return _user(row) if row else None

    def save(self, user: CrmUser) -> None:
        values = {"name": user.name, "email": user.email.lower()}
        changed = self._db.execute(update(crm_users).where(crm_users.c.id == user.id).values(**values))
        if changed.rowcount == 0:
            self._db.execute(insert(crm_users).values(id=user.id, **values))
        self._db.execute(update(links).where(links.c.user_id == user.id).values(user_name=user.name))


class SqlLinks:
    def __init__(self, connection: Connection, now: Callable[[], int]) -> None:
        self._db = connection
        self._now = now

    def get(self, link_id: int) -> Link:
        row = self._db.execute(select(links).where(links.c.id == link_id, links.c.removed_at.is_(None))).one_or_none()
        if row is None:
            raise NotFound("link", link_id)
        return _link(row)

    def with_owners(self, link_id: int) -> OwnedLink:
        """Give a link with its account and target, by one statement: a run asks for them before every batch."""
        row = self._db.execute(_OWNED, {"link_id": link_id}).mappings().one_or_none()
        if row is None:
            raise NotFound("link", link_id)
        return OwnedLink(
            link=_link(SimpleNamespace(**{name: row[label] for name, label in _OF_LINK})),
            account=account_of(SimpleNamespace(**{name: row[label] for name, label in _OF_ACCOUNT})),
            target=target_of(row),
        )

    def of_target(self, target_id: int) -> list[Link]:
        found = select(links).where(links.c.target_id == target_id, links.c.removed_at.is_(None)).order_by(links.c.id)
        return [_link(row) for row in self._db.execute(found)]

    def of_account(self, account_id: int) -> list[Link]:
        found = select(links).where(links.c.account_id == account_id, links.c.removed_at.is_(None)).order_by(links.c.id)
        return [_link(row) for row in self._db.execute(found)]

    def remove_all(self, account_id: int) -> int:
        """Remove all links of an account, their pairs stay; give how many that were."""
        there = and_(links.c.account_id == account_id, links.c.removed_at.is_(None))
        values = {"removed_at": self._now(), "version": links.c.version + 1, "catch_up_at": None}
        return self._db.execute(update(links).where(there).values(**values)).rowcount

    def move_folder(self, link_id: int, folder_id: str) -> None:
        """Note that a link's folder has got another id at the provider; its pairs stay."""
        self._db.execute(update(links).where(links.c.id == link_id).values(folder_id=folder_id))

    def fall_behind(self, account_id: int) -> int:
        """Note that the inbound links of an account may have missed changes; give how many those are."""
        there = and_(links.c.account_id == account_id, links.c.removed_at.is_(None), links.c.inbound.is_(True))
        return self._db.execute(update(links).where(there).values(catch_up_at=self._now())).rowcount

    def has_behind(self) -> bool:
        """Say whether a link is behind and nothing works on it."""
        return self._db.execute(select(exists().where(_behind()))).scalar_one()

    def behind(self) -> list[Link]:
        """Give the links that may have missed changes, and that nothing works on."""
        return [_link(row) for row in self._db.execute(select(links).where(_behind()).order_by(links.c.id))]

    def caught_up(self, link_ids: Sequence[int]) -> None:
        for chunk in chunks(link_ids):
            self._db.execute(update(links).where(links.c.id.in_(chunk)).values(catch_up_at=None))

    def save(self, link: NewLink, *, brings_back: bool = True) -> bool:
        """Make the link unless it is there; say whether anything was made.

        A removed one comes back if that is wanted, with its pairs and with its switches, as far as the folder still
        takes them.
        """
        key = (
            (links.c.account_id == link.account_id)
            & (links.c.item_type == str(link.item_type))
            & (links.c.folder_id == link.folder_id)
        )
        known = self._db.execute(select(links.c.id, links.c.outbound, links.c.removed_at).where(key)).one_or_none()
        facts = {
            "user_name": link.user.name,
            "folder_name": link.folder_name,
            "folder_owner": link.folder_owner,
            "is_read_only": link.is_read_only,
        }
        if known is not None:
            outbound = known.outbound and not link.is_read_only
            back = {"removed_at": None, "outbound": outbound} if known.removed_at and brings_back else {}
            self._db.execute(update(links).where(links.c.id == known.id).values(**facts, **back))
            return bool(back)
        self._db.execute(
            insert(links).values(
                target_id=link.target_id,
                account_id=link.account_id,
                user_id=link.user.id,
                item_type=str(link.item_type),
                folder_id=link.folder_id,
                collection=link.collection,
                is_primary=link.is_primary,
                inbound=link.inbound,
                outbound=link.outbound,
                **facts,
            )
        )
        return True

    def switch(self, link_id: int, version: int, *, inbound: bool, outbound: bool) -> bool:
        changed = self._db.execute(
            update(links)
            .where(links.c.id == link_id, links.c.version == version, links.c.removed_at.is_(None))
            .values(inbound=inbound, outbound=outbound, version=version + 1)
        )
        return changed.rowcount == 1

    def present(self, link_ids: Sequence[int]) -> list[int]:
        """Give those of some links that are there, each once."""
        found: list[int] = []
        for chunk in chunks(sorted(set(link_ids))):
            there = select(links.c.id).where(links.c.id.in_(chunk), links.c.removed_at.is_(None))
            found += self._db.execute(there.order_by(links.c.id)).scalars()
        return found

    def of_types(self, link_ids: Sequence[int], item_types: Collection[ItemType]) -> list[int]:
        """Give those of some links whose items are of one of the types."""
        words = [str(item_type) for item_type in item_types]
        found: list[int] = []
        for chunk in chunks(link_ids):
            found += self._db.execute(
                select(links.c.id).where(links.c.id.in_(chunk), links.c.item_type.in_(words))
            ).scalars()
        return found

    def switch_many(self, link_ids: Sequence[int], direction: Direction, on: bool) -> int:
        column = links.c.inbound if direction is Direction.GET else links.c.outbound
        changed = 0
        for chunk in chunks(link_ids):
            changed += self._db.execute(
                update(links)
                .where(links.c.id.in_(chunk), column.is_not(on), links.c.removed_at.is_(None))
                .values({column.name: on, "version": links.c.version + 1})
            ).rowcount
        return changed

    def remove(self, link_id: int, version: int) -> bool:
        changed = self._db.execute(
            update(links)
            .where(links.c.id == link_id, links.c.version == version, links.c.removed_at.is_(None))
            .values(removed_at=self._now(), version=version + 1)
        )
        return changed.rowcount == 1

    def finished(
        self, link_id: int, direction: Direction, *, items: int | None, is_failing: bool, is_copy: bool = False
    ) -> None:
        """Note the end of a run: health always, the items if they were counted.

        ``is_copy``: the whole link was copied with success. An undo, which brings the two sides apart again, is no
        copy, nor is a run of a part of the items.
        """
        values: dict[str, object] = {"is_failing": is_failing}
        if items is not None:
            values["items"] = items
        if is_copy:
            values["last_get_at" if direction is Direction.GET else "last_send_at"] = self._now()
        told = {f"the_{name}": value for name, value in values.items()}
        self._db.execute(_noting(tuple(values)), {"the_link": link_id, **told})


@cache
def _noting(names: tuple[str, ...]) -> Update:
    """Note something about a link; built once for each of the few things that ends of runs note."""
    noted: dict[str, object] = {name: bindparam(f"the_{name}") for name in names}
    return update(links).where(links.c.id == bindparam("the_link")).values(noted)


_SEEN_PAIRS = select(pairs.c.crm_id, pairs.c.nylas_id, pairs.c.seen).where(pairs.c.link_id == bindparam("the_link"))


class SqlPairs:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def of_link(self, link_id: int) -> list[tuple[ItemId, ItemId]]:
        rows = self._db.execute(select(pairs.c.crm_id, pairs.c.nylas_id).where(pairs.c.link_id == link_id))
        return [(ItemId(crm), ItemId(nylas)) for crm, nylas in rows]

    def seen_of_link(self, link_id: int) -> list[SeenPair]:
        """Give pairs with what is remembered of the item at Nylas."""
        return [SeenPair(*row) for row in self._db.execute(_SEEN_PAIRS, {"the_link": link_id}).all()]

    def remember(self, link_id: int, rows: Sequence[SeenPair]) -> None:
        """Note with pairs what was seen at Nylas; one that was replaced meanwhile stays as it is."""
        if rows:
            this_pair = (pairs.c.crm_id == bindparam("crm")) & (pairs.c.nylas_id == bindparam("nylas"))
            self._db.execute(
                update(pairs).where(pairs.c.link_id == link_id, this_pair).values(seen=bindparam("now")),
                [{"crm": row.crm_id, "nylas": row.nylas_id, "now": row.seen} for row in rows],
            )

    def save(self, link_id: int, rows: Sequence[PairRow]) -> None:
        """Remember pairs; an older pair of either item gives way."""
        values = [(link_id, row.crm_id, row.nylas_id, row.base, row.seen) for row in rows]
        if self._db.dialect.name == "sqlite":
            replace_rows(self._db, pairs, _PAIR_COLUMNS, values)
            return
        for chunk in chunks(rows):
            either = or_(
                pairs.c.crm_id.in_([row.crm_id for row in chunk]), pairs.c.nylas_id.in_([row.nylas_id for row in chunk])
            )
            self._db.execute(delete(pairs).where(pairs.c.link_id == link_id, either))
        insert_rows(self._db, pairs, _PAIR_COLUMNS, values)

    def forget(self, link_id: int, ids: Sequence[tuple[ItemId, ItemId]]) -> None:
        """Forget pairs, each named by both ids: one that was replaced meanwhile stays."""
        if ids:
            this_pair = (pairs.c.crm_id == bindparam("crm")) & (pairs.c.nylas_id == bindparam("nylas"))
            self._db.execute(
                delete(pairs).where(pairs.c.link_id == link_id, this_pair),
                [{"crm": crm, "nylas": nylas} for crm, nylas in ids],
            )


def _behind() -> ColumnElement[bool]:
    """Say of a link that it is behind, of an account that is connected, and free."""
    of_link = accounts.c.id == links.c.account_id
    is_signed_in = exists().where(of_link, accounts.c.state == str(AccountState.CONNECTED))
    is_busy = exists().where(runs.c.link_id == links.c.id, occupies_link(runs))
    return and_(text("catch_up_at IS NOT NULL"), links.c.catch_up_at >= 0, is_signed_in, ~is_busy)


_OF_LINK = [(c.name, f"link_{c.name}") for c in links.c]
_OF_ACCOUNT = [(c.name, f"account_{c.name}") for c in accounts.c]
_OWNED = (
    select(
        *(links.c[name].label(label) for name, label in _OF_LINK),
        *(accounts.c[name].label(label) for name, label in _OF_ACCOUNT),
        *TARGET_COLUMNS,
    )
    .select_from(
        TARGETS_JOINED.join(links, links.c.target_id == targets.c.id).join(
            accounts, links.c.account_id == accounts.c.id
        )
    )
    .where(links.c.id == bindparam("link_id"), links.c.removed_at.is_(None))
)


def chunks(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for begin in range(0, len(values), _CHUNK):
        yield values[begin : begin + _CHUNK]


def _user(row: Row[Any]) -> CrmUser:
    return CrmUser(id=row.id, name=row.name, email=row.email)


def _link(row: Any) -> Link:
    return Link(
        id=row.id,
        target_id=row.target_id,
        account_id=row.account_id,
        user_id=row.user_id,
        item_type=ItemType(row.item_type),
        folder_id=row.folder_id,
        folder_name=row.folder_name,
        folder_owner=row.folder_owner,
        collection=row.collection,
        is_primary=row.is_primary,
        is_read_only=row.is_read_only,
        inbound=row.inbound,
        outbound=row.outbound,
        version=row.version,
    )
