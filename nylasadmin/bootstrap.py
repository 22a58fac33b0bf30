"""The composition root: the only place that picks implementations and ties them together."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, inspect
from sqlalchemy.exc import ArgumentError, DatabaseError

from nylasadmin import settings as settings_module
from nylasadmin.adapters.clocks import SystemClock
from nylasadmin.adapters.invitations import SignedInvitations
from nylasadmin.adapters.nylas import NylasHttpSide
from nylasadmin.adapters.processes import ThisProcess
from nylasadmin.adapters.secrets import ScryptPasswords, SealedSecrets
from nylasadmin.adapters.storage.database import Database, prepare
from nylasadmin.adapters.storage.migrate import upgrade
from nylasadmin.adapters.storage.tables import metadata
from nylasadmin.errors import BadSettings
from nylasadmin.runners import Runner
from nylasadmin.runners.errands import Errands, InlineErrands, ThreadErrands
from nylasadmin.runners.inline import InlineRunner
from nylasadmin.runners.threads import ThreadsRunner
from nylasadmin.services import Services
from nylasadmin.services.accounts import Accounts
from nylasadmin.services.answers import Answers
from nylasadmin.services.arrivals import Arrivals
from nylasadmin.services.audit import Audit
from nylasadmin.services.connecting import Connecting
from nylasadmin.services.console import Console
from nylasadmin.services.courtesy import CourteousStorage, Courtesy
from nylasadmin.services.crm import Crm
from nylasadmin.services.explaining import Explaining
from nylasadmin.services.failed import Failed
from nylasadmin.services.links import Links
from nylasadmin.services.operators import Operators
from nylasadmin.services.pauses import Pauses
from nylasadmin.services.plans import Plans
from nylasadmin.services.policies import Policies
from nylasadmin.services.ports import Nylas
from nylasadmin.services.retrying import Retrying
from nylasadmin.services.revoking import Revoking
from nylasadmin.services.running import Worker
from nylasadmin.services.sign_in_views import Outcomes
from nylasadmin.services.snapshots import Snapshots
from nylasadmin.services.storage import Clock, Passwords
from nylasadmin.services.targets import Targets
from nylasadmin.services.undo import Undo
from nylasadmin.settings import Settings
from nylasadmin.web import WebSettings
from nylasadmin.web import create_app as create_web_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


@dataclass(frozen=True)
class Product:
    """One process's product: what the console, the command line and tests work with."""

    settings: Settings
    services: Services
    runner: Runner
    worker: Worker
    retrying: Retrying
    revoking: Revoking
    storage: Database
    engine: Engine
    clock: Clock
    courtesy: Courtesy
    errands: Errands

    def close(self, timeout_s: float = 20.0) -> bool:
        """Stop every run at its next item, for another process to go on with, and close the database.

        Says whether everything under way stopped in time.
        """
        self.worker.interrupt()
        self.revoking.stop(timeout_s)
        is_drained = self.errands.stop(timeout_s) & self.runner.stop(timeout_s)
        self.engine.dispose()
        return is_drained


def build(
    settings: Settings,
    *,
    nylas: Nylas | None = None,
    clock: Clock | None = None,
    passwords: Passwords | None = None,
) -> Product:
    """Tie everything together; the database is brought to the present tables first. Nothing runs until
    ``product.runner.start()``.
    """
    clock = clock or SystemClock()
    engine = open_engine(settings)
    _upgraded(engine)
    storage = Database(engine, lambda: int(clock.now()))
    sealed = SealedSecrets(settings.secret_key, settings.secret_key_previous)
    side: Nylas = nylas or NylasHttpSide()
    courtesy = Courtesy()
    # Inline, the page that is being made is the one that waits for the run.
    at_work = storage if settings.runner == "inline" else CourteousStorage(storage, courtesy)
    installation = installation_name(storage)
    process = ThisProcess()
    worker = Worker(at_work, side, sealed, clock, process, installation)
    retrying = Retrying(at_work, clock)
    revoking = Revoking(at_work, side, sealed, clock)
    runner = _runner(settings, worker, retrying, revoking)
    errands: Errands = InlineErrands() if settings.runner == "inline" else ThreadErrands()
    services = Services(
        targets=Targets(storage, side, sealed, clock, runner.wake),
        accounts=Accounts(storage, clock, revoking, runner.wake),
        links=Links(storage),
        snapshots=Snapshots(storage, runner.wake),
        pauses=Pauses(storage, runner.wake),
        failed=Failed(storage, runner.wake),
        plans=Plans(storage, clock, runner.wake),
        policies=Policies(storage, side, sealed, clock, installation),
        answers=Answers(storage, runner.wake),
        undo=Undo(storage, clock, runner.wake),
        operators=Operators(storage, passwords or ScryptPasswords()),
        console=Console(storage),
        crm=Crm(storage),
        audit=Audit(storage),
        arrivals=Arrivals(storage, clock),
        explaining=Explaining(storage, side, sealed, clock, installation),
        connecting=Connecting(
            storage,
            side,
            sealed,
            SignedInvitations(settings.secret_key, settings.secret_key_previous),
            clock,
            process,
            errands.send,
            runner.wake,
        ),
        outcomes=Outcomes(storage, clock, process),
    )
    return Product(
        settings=settings,
        services=services,
        runner=runner,
        worker=worker,
        retrying=retrying,
        revoking=revoking,
        storage=storage,
        engine=engine,
        clock=clock,
        courtesy=courtesy,
        errands=errands,
    )


def open_engine(settings: Settings) -> Engine:
    """Open the database's engine the way Flask-SQLAlchemy configures it; no application outlives this call.

    The data directory is made. Raises :class:`BadSettings` if it cannot be.
    """
    try:
        os.makedirs(settings.data_dir, mode=0o700, exist_ok=True)
    except OSError as error:
        problem = f"The data directory {settings.data_dir} cannot be made ({error.strerror}). Choose another one."
        raise BadSettings([problem]) from error
    return _engine(settings)


def check_database(settings: Settings) -> str:
    """Look whether the database answers; give a sentence about it. Nothing is made. Raises :class:`BadSettings`."""
    engine = _engine(settings)
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        return "The database will be made at the first start."
    try:
        with _explained(engine), engine.connect() as connection:
            inspect(connection).get_table_names()
    finally:
        engine.dispose()
    return "The database answers."


def _engine(settings: Settings) -> Engine:
    shell = Flask("nylasadmin.database")
    shell.config["SQLALCHEMY_DATABASE_URI"] = settings.database
    shell.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(settings)
    database = SQLAlchemy(metadata=metadata)
    try:
        database.init_app(shell)
        with shell.app_context():
            return prepare(database.engine)
    except (ArgumentError, ImportError) as error:
        problem = f"NYLASADMIN_DATABASE_URL: no database can be reached that way ({error}). Correct the address."
        raise BadSettings([problem]) from error


def _engine_options(settings: Settings) -> dict[str, object]:
    threads = settings.workers * 2 + settings.web_threads + 4
    return {"pool_size": threads, "max_overflow": threads, "pool_pre_ping": not settings.database.startswith("sqlite")}


def _runner(settings: Settings, worker: Worker, retrying: Retrying, revoking: Revoking) -> Runner:
    """Make the runner. The inline one works while somebody waits, so it tries nothing again by itself."""
    if settings.runner == "inline":
        return InlineRunner(worker.claimable, worker.run_link)

    def claimable(limit: int) -> list[int]:
        retrying.ask_now_and_then()
        revoking.ask_now_and_then()
        return worker.claimable(limit)

    return ThreadsRunner(claimable, worker.run_link, settings.workers)


def runner_of(product: Product, snapshot_id: int) -> Runner:
    """Make a runner that works on the runs of one snapshot only: a command's own, beside the console's."""

    def claimable(limit: int) -> list[int]:
        return product.worker.claimable(limit, snapshot_id)

    return ThreadsRunner(claimable, product.worker.run_link, product.settings.workers)


def upgrade_database(settings: Settings) -> Path | None:
    """Bring the database to the present tables; give the copy that was made of a SQLite file before."""
    return _upgraded(open_engine(settings))


def _upgraded(engine: Engine) -> Path | None:
    """Upgrade, and let go of the connections this took: they lack the pragmas that Database gives each new one."""
    try:
        with _explained(engine):
            return upgrade(engine)
    finally:
        engine.dispose()


@contextmanager
def _explained(engine: Engine) -> Iterator[None]:
    """Say of a database that does not answer which one it is, and why."""
    try:
        yield
    except DatabaseError as error:
        place = engine.url.render_as_string(hide_password=True)
        raise BadSettings(
            [f"The database {place} cannot be opened ({str(error.orig).strip()}). Check the address, and the file."]
        ) from error


def installation_name(storage: Database) -> str:
    """Give the name of this installation in markers at Nylas; made once and kept in the database."""
    with storage.write() as tx:
        return tx.installation_value("name", lambda: "na-" + secrets.token_hex(6))


def create_app(settings: Settings | None = None, product: Product | None = None) -> Flask:
    """Make the console. Without arguments it reads the settings of the environment and starts the runner."""
    if product is None:
        product = build(settings or settings_module.load())
        product.runner.start()
    app = create_web_app(product.services, web_settings(product.settings), clock=product.clock.now)
    app.wsgi_app = _answered_first(app.wsgi_app, product.courtesy)  # type: ignore[method-assign, assignment]
    return app


def _answered_first(app: WSGIApplication, courtesy: Courtesy) -> WSGIApplication:
    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with courtesy.answering():
            return app(environ, start_response)

    return answer


def web_settings(settings: Settings) -> WebSettings:
    """Give the web shell its part of the settings."""
    return WebSettings(
        secret_key=settings.secret_key,
        cookie_secure=settings.cookie_secure,
        allowed_frame_ancestors=tuple(settings.frame_ancestors.split()),
        trusted_proxies=settings.trusted_proxies,
        public_url=settings.public_url,
    )
