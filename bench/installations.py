"""An installation that knows a company: users, a target, one link per account's primary calendar."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from bench.sandboxes import Company, Grant
from nylasadmin import bootstrap
from nylasadmin.bootstrap import Product
from nylasadmin.domain.links import PRIMARY, Account, CrmUser
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.policies import EVERYTHING
from nylasadmin.domain.privileges import ENGINE, Privilege
from nylasadmin.domain.targets import TargetForm
from nylasadmin.services.rows import NewLink
from nylasadmin.services.storage import UnitOfWork
from nylasadmin.services.views import SnapshotView
from nylasadmin.settings import Settings

SECRET = "a key for measurements only, long enough"
PASSWORD = "words to measure with"
TARGET = "Bench"
_LOOK_EVERY_S = 0.02


def prepare(folder: Path, company: Company, *, requests_per_s: float = 200) -> Path:
    """Make an installation's directory with links and empty calendars; it is copied for each round."""
    folder.mkdir()
    product = opened(folder)
    form = TargetForm(
        name=TARGET,
        host=company.url.removeprefix("http://"),
        base_url=company.url,
        api_key=company.api_key,
        requests_per_s=requests_per_s,
    )
    target = product.services.targets.add(ENGINE, form, EVERYTHING)
    product.services.operators.add(ENGINE, "olga", PASSWORD, {Privilege.VIEW, Privilege.MANAGE})
    with product.storage.write() as tx:
        for number, grant in enumerate(company.grants):
            _connect(tx, target.id, f"u{number:05}", grant)
    product.close()
    return folder


def _connect(tx: UnitOfWork, target_id: int, user_id: str, grant: Grant) -> None:
    user = CrmUser(id=user_id, name=grant.name, email=grant.email)
    tx.users.save(user)
    account = Account(
        id=0, target_id=target_id, user_id=user_id, email=grant.email, provider=grant.provider, grant_id=grant.id
    )
    account_id = tx.accounts.save(account)
    tx.links.save(
        NewLink(
            account_id=account_id,
            target_id=target_id,
            user=user,
            folder_id=grant.primary.id,
            folder_name=grant.primary.name,
            folder_owner=grant.email,
            collection=PRIMARY,
            is_primary=True,
            is_read_only=False,
            outbound=True,
        )
    )


def copied(prepared: Path, folder: Path) -> Path:
    """Copy a prepared installation."""
    return Path(shutil.copytree(prepared, folder))


def opened(folder: Path) -> Product:
    """Open an installation with the inline runner: a request returns when its work is done."""
    return bootstrap.build(Settings(secret_key=SECRET, data_dir=str(folder), runner="inline"))


def opened_at_work(folder: Path) -> Product:
    """Open an installation as it is installed: the threads runner with its workers."""
    product = opened_idle(folder)
    product.runner.start()
    return product


def opened_idle(folder: Path) -> Product:
    """Open an installation beside another process that works: requests return at once."""
    return bootstrap.build(Settings(secret_key=SECRET, data_dir=str(folder), runner="threads"))


def get(product: Product) -> SnapshotView:
    """Run Get on the whole target; fail loudly if anything failed, a figure would mean nothing."""
    return _snapshot(product, Direction.GET)


def send(product: Product) -> SnapshotView:
    """Run Send on the whole target, as :func:`get` does."""
    return _snapshot(product, Direction.SEND)


def _snapshot(product: Product, direction: Direction) -> SnapshotView:
    services = product.services
    target = services.targets.by_name(TARGET)
    asked = services.snapshots.request(ENGINE, direction=direction, target_id=target.id)
    while not _is_over(product, asked.id):
        time.sleep(_LOOK_EVERY_S)
    done = services.console.snapshot(asked.id)
    if done.state != "done":
        raise RuntimeError(f"{done.state}: {services.console.failures(done.id)[:3]}")
    return done


def _is_over(product: Product, snapshot_id: int) -> bool:
    with product.storage.read() as tx:
        return tx.samples.is_over(snapshot_id)
