"""Revoking grants at Nylas: what a disconnect still owes, tried until it is done.

That a grant is to be revoked is committed with the disconnect; the request comes after it, outside of the transaction.
A try is claimed before it is made and the next one is set by that, so a process that ends in between loses nothing.
"""

from __future__ import annotations

import logging
import threading
import time

import msgspec

from nylasadmin.domain.links import Account
from nylasadmin.domain.privileges import ENGINE
from nylasadmin.domain.tries import revoke_wait_s
from nylasadmin.errors import NylasError
from nylasadmin.services import wording
from nylasadmin.services.audit import record
from nylasadmin.services.ports import Nylas, SenderSettings
from nylasadmin.services.senders import sender_of
from nylasadmin.services.storage import Clock, Secrets, Storage

log = logging.getLogger(__name__)
_LOOK_EVERY_S = 5.0
_AT_ONCE = 100
_LONGEST_ANSWER_S = 10.0  # somebody may wait for it


class Revoking:
    """Revokes the grants of disconnected accounts. One per process; a grant is claimed before it is tried."""

    def __init__(self, storage: Storage, nylas: Nylas, secrets: Secrets, clock: Clock) -> None:
        self._storage = storage
        self._nylas = nylas
        self._secrets = secrets
        self._clock = clock
        self._lock = threading.Lock()
        self._look_again_at = 0.0
        self._worker: threading.Thread | None = None
        self._is_stopping = threading.Event()

    def ask_now_and_then(self) -> None:
        """Try what is due, if the last look was a few seconds ago. In a thread: looking for runs must not wait."""
        with self._lock:
            is_at_work = self._worker is not None and self._worker.is_alive()
            if is_at_work or self._is_stopping.is_set() or time.monotonic() < self._look_again_at:
                return
            self._look_again_at = time.monotonic() + _LOOK_EVERY_S
            if due := self._due():
                self._worker = threading.Thread(target=self._try_all, args=(due,), name="revoking", daemon=True)
                self._worker.start()

    def stop(self, timeout_s: float) -> None:
        """Let the request under way end, and begin no other."""
        self._is_stopping.set()
        if self._worker is not None:
            self._worker.join(timeout_s)

    def try_due(self) -> int:
        """Try all that is due now; give how many grants were revoked."""
        return sum(self.try_now(account_id) for account_id in self._due())

    def _due(self) -> list[int]:
        with self._storage.read() as tx:
            return tx.accounts.to_revoke(self._clock.now(), _AT_ONCE)

    def _try_all(self, account_ids: list[int]) -> None:
        for account_id in account_ids:
            if self._is_stopping.is_set():
                return
            try:
                self.try_now(account_id)
            except Exception:  # whatever is wrong with one account must not keep the others' grants alive
                log.exception("revoking the grant of account %s failed", account_id)

    def try_now(self, account_id: int) -> bool:
        """Revoke the grant of an account if that is due; say whether it was done. Trouble is noted, not raised."""
        with self._storage.write() as tx:
            if not tx.accounts.claim_revoke(account_id, self._clock.now(), revoke_wait_s):
                return False
            account = tx.accounts.get(account_id)
            target = tx.targets.get(account.target_id)
            sender = sender_of(target, tx.targets.sealed_key(target.id), self._secrets)
        try:
            self._nylas.directory(_hurried(sender)).revoke(account.grant_id)
        except NylasError as error:
            return self._failed(account, error)
        with self._storage.write() as tx:
            if tx.accounts.revoked(account.id, account.grant_id):
                record(tx, ENGINE, "account.revoke", f"account {account.email}", old={"grant": account.grant_id})
        log.info("the grant of account %s is revoked", account.id)
        return True

    def _failed(self, account: Account, error: NylasError) -> bool:
        log.warning("the grant of account %s is not revoked yet: %s", account.id, error)
        with self._storage.write() as tx:
            tx.accounts.not_revoked(account.id, wording.explain(error).title)
        return False


def _hurried(sender: SenderSettings) -> SenderSettings:
    return msgspec.structs.replace(sender, read_timeout_s=min(sender.read_timeout_s, _LONGEST_ANSWER_S))
