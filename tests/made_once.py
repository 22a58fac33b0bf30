"""What every test would make anew, made once in each process: tables, compiled templates and addresses.

A fresh installation costs 0.2 s of migrations, a console 0.2 s of templates, a sandbox 0.05 s of addresses; the suite
makes thousands of them. Nothing here can go stale: each key holds all that the made thing depends on.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import create_engine
from werkzeug.routing import Rule
from werkzeug.security import generate_password_hash

from nylasadmin.adapters.nylas.http import Patience
from nylasadmin.adapters.secrets import ScryptPasswords
from nylasadmin.adapters.storage.database import prepare
from nylasadmin.adapters.storage.migrate import upgrade

QUICK = Patience(tries=2, first_wait_s=0.01, longest_wait_s=0.05)
"""One repetition, next to no wait. How long a client waits by itself is proved in tests/adapters/nylas/test_http.py."""


class QuickPasswords(ScryptPasswords):
    """Scrypt at a hundredth of its cost, for the cast. The real cost is proved in tests/adapters/test_secrets.py."""

    def hashed(self, password: str) -> str:
        return generate_password_hash(password, method="scrypt:256:8:1")


def put_tables(database: Path) -> None:
    """Make a SQLite database with the present tables and no rows, unless there is one."""
    if not database.exists():
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        database.write_bytes(_migrated())


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "first.db"
        engine = prepare(create_engine(f"sqlite:///{path}"))
        upgrade(engine)
        engine.dispose()
        assert [one.name for one in path.parent.iterdir()] == [path.name], "something is not in the file yet"
        return path.read_bytes()


class Templates(BytecodeCache):
    """Compiled templates by name and content."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._kept[bucket.key, bucket.checksum] = bucket.code


def remember_compiled() -> None:
    """Have applications share what Jinja and Werkzeug compile: all that an address's function holds is in its key."""
    Flask.jinja_options["bytecode_cache"] = Templates()
    compiled = Rule._compile_builder
    kept: dict[Any, Any] = {}

    def remembered(rule: Rule, append_unknown: bool = True) -> Any:
        defaults = tuple(sorted((name, repr(value)) for name, value in (rule.defaults or {}).items()))
        key = (rule.rule, tuple(rule._trace), defaults, append_unknown)
        if key not in kept:
            kept[key] = compiled(rule, append_unknown)
        return kept[key]

    Rule._compile_builder = remembered  # type: ignore[method-assign]
