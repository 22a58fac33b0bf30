"""Queries behind the page of accounts: usable with a hundred thousand of them.

Counts read one index and nothing else, unless words are searched for; what is joined is read for the rows of the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, text

from nylasadmin.adapters.storage.accounts import account_of
from nylasadmin.adapters.storage.tables import accounts, crm_users, links, runs, targets
from nylasadmin.domain.links import FIRST_SYNC_S, AccountState
from nylasadmin.errors import NotFound
from nylasadmin.services.account_views import AccountPage, AccountQuery, AccountRow, AccountStatus


class AccountQueries:
    """What ``SqlConsole`` knows about accounts."""

    _db: Connection

    def accounts(self, query: AccountQuery, now: float) -> AccountPage:
        """Give one page of accounts and how many there are in each state and of each provider."""
        matching, status = _matching(query), _status(now)
        which = [matching, *([accounts.c.provider == query.provider] if query.provider else [])]
        if query.status is not None:
            which.append(status == str(query.status))
        found = select(accounts.c.id).where(*which).order_by(accounts.c.email, accounts.c.id)
        ids = self._db.execute(found.offset((query.page - 1) * query.size).limit(query.size)).scalars().all()
        by_status, by_provider = self._counts(query, matching, status)
        return AccountPage(rows=self._rows(ids, now), by_status=by_status, by_provider=by_provider, query=query)

    def account(self, account_id: int, now: float) -> AccountRow:
        """Give an account as the page shows it. Raises ``NotFound``."""
        found = self._rows([account_id], now)
        if not found:
            raise NotFound("account", account_id)
        return found[0]

    def _counts(
        self, query: AccountQuery, matching: ColumnElement[bool], status: ColumnElement[str]
    ) -> tuple[dict[AccountStatus, int], dict[str, int]]:
        by_status: dict[AccountStatus, int] = {}
        by_provider: dict[str, int] = {}
        counted = select(status, accounts.c.provider, func.count()).where(matching)
        for word, provider, count in self._db.execute(counted.group_by(status, accounts.c.provider)):
            if query.provider in ("", provider):
                by_status[AccountStatus(word)] = by_status.get(AccountStatus(word), 0) + count
            if query.status in (None, word):
                by_provider[provider] = by_provider.get(provider, 0) + count
        return by_status, dict(sorted(by_provider.items()))

    def _rows(self, ids: Sequence[int], now: float) -> tuple[AccountRow, ...]:
        joined = accounts.join(targets, accounts.c.target_id == targets.c.id).outerjoin(
            crm_users, accounts.c.user_id == crm_users.c.id
        )
        columns = (targets.c.name.label("target_name"), crm_users.c.name.label("user_name"), _status(now).label("word"))
        found = select(accounts, *columns).select_from(joined).where(accounts.c.id.in_(ids))
        sums = {row.account_id: row for row in self._db.execute(_link_sums(ids))}
        parked = select(runs.c.account_id, func.count()).where(text("is_parked"), runs.c.account_id.in_(ids))
        waiting = {row[0]: row[1] for row in self._db.execute(parked.group_by(runs.c.account_id))}
        rows = self._db.execute(found.order_by(accounts.c.email, accounts.c.id))
        return tuple(_row(row, sums.get(row.id), waiting.get(row.id, 0)) for row in rows)


def _matching(query: AccountQuery) -> ColumnElement[bool]:
    which: list[ColumnElement[bool]] = [accounts.c.id.is_not(None)]
    if query.target_id is not None:
        which.append(accounts.c.target_id == query.target_id)
    for word in query.search.split():
        named = select(crm_users.c.id).where(crm_users.c.name.icontains(word, autoescape=True))
        addresses = (accounts.c.email, accounts.c.former_emails)
        found = [column.icontains(word, autoescape=True) for column in addresses]
        which.append(or_(*found, accounts.c.user_id.in_(named)))
    return and_(*which)


def _status(now: float) -> ColumnElement[str]:
    """Name the state of an account in one word."""
    is_syncing = and_(accounts.c.first_snapshot_id.is_not(None), accounts.c.synced_at.is_(None))
    return case(
        (accounts.c.state == str(AccountState.NEEDS_SIGN_IN), str(AccountStatus.NEEDS_SIGN_IN)),
        (accounts.c.state == str(AccountState.DISCONNECTED), str(AccountStatus.DISCONNECTED)),
        (and_(is_syncing, accounts.c.connected_at < int(now) - FIRST_SYNC_S), str(AccountStatus.OVERDUE)),
        (is_syncing, str(AccountStatus.SYNCING)),
        else_=str(AccountStatus.CONNECTED),
    )


def _link_sums(ids: Sequence[int]) -> Any:
    is_synced = and_(links.c.inbound, links.c.last_get_at >= accounts.c.connected_at)
    return (
        select(
            links.c.account_id,
            func.count().label("links"),
            func.sum(case((links.c.inbound, 1), else_=0)).label("links_inbound"),
            func.sum(case((is_synced, 1), else_=0)).label("links_synced"),
            func.sum(links.c["items"]).label("items"),
            func.max(links.c.last_get_at).label("last_get_at"),
            func.max(links.c.last_send_at).label("last_send_at"),
        )
        .select_from(links.join(accounts, links.c.account_id == accounts.c.id))
        .where(links.c.account_id.in_(ids), links.c.removed_at.is_(None))
        .group_by(links.c.account_id)
    )


def _row(row: Any, sums: Any, parked: int) -> AccountRow:
    account = account_of(row)
    common: dict[str, Any] = {
        "account": account,
        "status": AccountStatus(row.word),
        "user_name": row.user_name or account.user_id,
        "target_name": row.target_name,
        "parked": parked,
    }
    if sums is None:
        return AccountRow(**common)
    names = ("links", "links_inbound", "links_synced", "items")
    counted: dict[str, Any] = {name: int(getattr(sums, name)) for name in names}
    latest = max((at for at in (sums.last_get_at, sums.last_send_at) if at is not None), default=None)
    return AccountRow(**common, **counted, last_success_at=latest)
