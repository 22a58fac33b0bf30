"""Both policies of a target: what is set, what accounts have frozen, and what other settings would change for them."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import msgspec

from nylasadmin.domain.links import Account, AccountState, Link
from nylasadmin.domain.policies import Policies as Settings
from nylasadmin.domain.policies import freeze, problems
from nylasadmin.domain.privileges import Actor
from nylasadmin.domain.targets import Target
from nylasadmin.errors import InvalidInput, NylasError, StaleVersion
from nylasadmin.services import wording
from nylasadmin.services.audit import record
from nylasadmin.services.policy_counts import Count, FolderCounts
from nylasadmin.services.policy_views import AccountChange, Changes, Frozen, History
from nylasadmin.services.ports import Nylas, SenderSettings
from nylasadmin.services.refusals import noting_refusals
from nylasadmin.services.rows import ItemScope
from nylasadmin.services.senders import sender_of
from nylasadmin.services.storage import Clock, Secrets, Storage

MOST_ACCOUNTS = 20
"""How many accounts are counted at once: each is read at Nylas, folder by folder."""

_ACCOUNTS_AT_ONCE = 4
_MOST_SEEN = 200
_NEEDS_SIGN_IN = wording.Wording("Needs sign-in", "The account has to sign in again before its items can be counted.")


class Policies:
    def __init__(self, storage: Storage, nylas: Nylas, secrets: Secrets, clock: Clock, installation: str) -> None:
        self._storage = storage
        self._nylas = nylas
        self._secrets = secrets
        self._clock = clock
        self._installation = installation

    @noting_refusals("target.policies", "target {target_id}")
    def save(self, actor: Actor, target_id: int, version: int, wanted: Settings) -> Target:
        """Set both policies for accounts that connect from now on; those that are connected keep what they froze.

        Raises :class:`InvalidInput`, or :class:`StaleVersion` with the stored values by field.
        """
        found = problems(wanted)
        with self._storage.write() as tx:
            target = tx.targets.get(target_id)
            if found:
                raise InvalidInput(found)
            old = msgspec.to_builtins(target.policies)
            if not tx.targets.set_policies(target_id, version, wanted):
                raise StaleVersion("target", target_id, old | {"version": target.version})
            record(tx, actor, "target.policies", f"target {target.name}", old=old, new=wanted)
            return tx.targets.get(target_id)

    def frozen(self, target_id: int) -> list[Frozen]:
        """Give what the accounts of a target have frozen, what most of them have first."""
        with self._storage.read() as tx:
            return tx.accounts.frozen(target_id)

    def history(self, link_id: int) -> History:
        """Give a sample of a link's items in the CRM, with the policy of its account. Raises ``NotFound``."""
        with self._storage.read() as tx:
            owned = tx.links.with_owners(link_id)
            items = tx.items.sample(_scope(owned.link), _MOST_SEEN)
            total = tx.items.count(_scope(owned.link))
        return History(
            policy=owned.account.policy,
            connected_at=owned.account.connected_at,
            item_type=owned.link.item_type,
            items=total,
            seen=tuple(items),
        )

    @noting_refusals("target.count_policies", "target {target_id}")
    def count(self, actor: Actor, target_id: int, wanted: Settings) -> Changes:
        """Count which items would take part and notify, and no longer, if ``wanted`` applied to accounts connected.

        Reads what lies between both cut-offs at Nylas, of :data:`MOST_ACCOUNTS` accounts at most; what would be left
        out is counted from the CRM. Trouble with one account is told beside it. Raises :class:`InvalidInput`.
        """
        if found := problems(wanted):
            raise InvalidInput(found)
        with self._storage.read() as tx:
            target = tx.targets.get(target_id)
            sender = sender_of(target, tx.targets.sealed_key(target_id), self._secrets)
            accounts = [a for a in tx.accounts.of_target(target_id) if a.state is not AccountState.DISCONNECTED]
            touched = [a for a in accounts if _changes(a, wanted)]
            chosen = touched[:MOST_ACCOUNTS]
            links = _by_account(tx.links.of_target(target_id), chosen)
            names = {a.id: user.name for a in chosen if (user := tx.users.get(a.user_id)) is not None}
        with ThreadPoolExecutor(_ACCOUNTS_AT_ONCE, thread_name_prefix="count") as pool:
            waiting = [pool.submit(self._of_account, sender, a, links[a.id], wanted) for a in chosen]
            counted = [
                msgspec.structs.replace(answer.result(), user_name=names.get(account.id, account.email))
                for account, answer in zip(chosen, waiting, strict=True)
            ]
        changes = Changes(
            accounts=tuple(counted), left_out=len(touched) - len(chosen), untouched=len(accounts) - len(touched)
        )
        self._note(actor, target, wanted, changes)
        return changes

    def _note(self, actor: Actor, target: Target, wanted: Settings, changes: Changes) -> None:
        counted = {"accounts": len(changes.accounts), "failed": changes.failed}
        outcome = "failed" if changes.failed else "done"
        with self._storage.write() as tx:
            facts = msgspec.to_builtins(wanted) | counted
            record(tx, actor, "target.count_policies", f"target {target.name}", new=facts, outcome=outcome)

    def _of_account(
        self, sender: SenderSettings, account: Account, links: list[Link], wanted: Settings
    ) -> AccountChange:
        if account.state is AccountState.NEEDS_SIGN_IN:
            return AccountChange(user_name="", email=account.email, problem=_NEEDS_SIGN_IN)
        try:
            found = self._counted(sender, account, links, wanted)
        except NylasError as error:
            return AccountChange(user_name="", email=account.email, problem=wording.explain(error))
        return AccountChange(user_name="", email=account.email, **msgspec.structs.asdict(found))

    def _counted(self, sender: SenderSettings, account: Account, links: list[Link], wanted: Settings) -> Count:
        after = freeze(wanted, account.connected_at)
        total = Count()
        for link in links:
            folder = FolderCounts(account, link, after)
            at_nylas = folder.at_nylas(self._nylas, sender, self._installation, self._clock.now())
            with self._storage.read() as tx:
                in_crm = folder.in_crm(tx.items.store(_scope(link)))
            total = total + at_nylas + in_crm
        return total


def _changes(account: Account, wanted: Settings) -> bool:
    """Say whether other settings would give an account other cut-offs."""
    before, after = account.policy, freeze(wanted, account.connected_at)
    return (before.window, before.webhook_window) != (after.window, after.webhook_window)


def _by_account(links: Iterable[Link], accounts: list[Account]) -> dict[int, list[Link]]:
    """Give the links that copy something, by account."""
    found: dict[int, list[Link]] = {account.id: [] for account in accounts}
    for link in links:
        if link.account_id in found and (link.inbound or link.outbound):
            found[link.account_id].append(link)
    return found


def _scope(link: Link) -> ItemScope:
    return ItemScope(user_id=link.user_id, collection=link.collection, item_type=link.item_type, origin="")
