"""The unit of work's repositories, bound to one connection and made when first asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from sqlalchemy import Connection, insert, select

from nylasadmin.adapters.storage.accounts import SqlAccounts
from nylasadmin.adapters.storage.arrivals import SqlArrivals
from nylasadmin.adapters.storage.console import SqlConsole
from nylasadmin.adapters.storage.crm import SqlCrmItems
from nylasadmin.adapters.storage.failed import SqlFailedItems
from nylasadmin.adapters.storage.holds import SqlHolds
from nylasadmin.adapters.storage.item_records import SqlItemRecords
from nylasadmin.adapters.storage.links import SqlCrmUsers, SqlLinks, SqlPairs
from nylasadmin.adapters.storage.operators import SqlAuditTrail, SqlOperators
from nylasadmin.adapters.storage.plans import SqlPlans
from nylasadmin.adapters.storage.rejections import SqlRejections
from nylasadmin.adapters.storage.runs import SqlRuns
from nylasadmin.adapters.storage.samples import SqlSamples
from nylasadmin.adapters.storage.sign_ins import SqlSignIns
from nylasadmin.adapters.storage.tables import installation
from nylasadmin.adapters.storage.targets import SqlTargets
from nylasadmin.adapters.storage.writes import SqlWrites


class SqlUnitOfWork:
    """One transaction. Values leave it, rows never do."""

    def __init__(self, connection: Connection, now: Callable[[], int]) -> None:
        self._db = connection
        self._now = now

    def installation_value(self, key: str, make: Callable[[], str]) -> str:
        """Give a value that is made once for this database."""
        known = self._db.execute(select(installation.c.value).where(installation.c.key == key)).scalar_one_or_none()
        if known is not None:
            return str(known)
        value = make()
        self._db.execute(insert(installation).values(key=key, value=value))
        return value

    @cached_property
    def operators(self) -> SqlOperators:
        return SqlOperators(self._db, self._now)

    @cached_property
    def audit(self) -> SqlAuditTrail:
        return SqlAuditTrail(self._db, self._now)

    @cached_property
    def targets(self) -> SqlTargets:
        return SqlTargets(self._db)

    @cached_property
    def users(self) -> SqlCrmUsers:
        return SqlCrmUsers(self._db)

    @cached_property
    def accounts(self) -> SqlAccounts:
        return SqlAccounts(self._db, self._now)

    @cached_property
    def sign_ins(self) -> SqlSignIns:
        return SqlSignIns(self._db, self._now)

    @cached_property
    def links(self) -> SqlLinks:
        return SqlLinks(self._db, self._now)

    @cached_property
    def pairs(self) -> SqlPairs:
        return SqlPairs(self._db)

    @cached_property
    def items(self) -> SqlCrmItems:
        return SqlCrmItems(self._db, self._now)

    @cached_property
    def item_records(self) -> SqlItemRecords:
        return SqlItemRecords(self._db)

    @cached_property
    def writes(self) -> SqlWrites:
        return SqlWrites(self._db)

    @cached_property
    def runs(self) -> SqlRuns:
        return SqlRuns(self._db, self._now)

    @cached_property
    def holds(self) -> SqlHolds:
        return SqlHolds(self._db, self._now)

    @cached_property
    def rejections(self) -> SqlRejections:
        return SqlRejections(self._db, self._now)

    @cached_property
    def failed(self) -> SqlFailedItems:
        return SqlFailedItems(self._db, self._now)

    @cached_property
    def samples(self) -> SqlSamples:
        return SqlSamples(self._db, self._now)

    @cached_property
    def plans(self) -> SqlPlans:
        return SqlPlans(self._db)

    @cached_property
    def arrivals(self) -> SqlArrivals:
        return SqlArrivals(self._db, self._now)

    @cached_property
    def console(self) -> SqlConsole:
        return SqlConsole(self._db, self._now)
