"""Tries that never reach a use case, in the audit trail: refused at the door, or ended by a fault of the program.

What a request would have done is named as the trail names it when it is done. An address can make only so many of
these rows in a while, so that nobody without a session fills the trail; how many were left out is said later.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import msgspec
from flask import Flask, request

from nylasadmin.domain import limits
from nylasadmin.domain.privileges import Actor
from nylasadmin.web import current

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MOST_ROWS = 30
SPAN_S = 300
_KEY = "nylasadmin.deeds"
_MOST_ADDRESSES = 10_000
_ACTIONS = {
    "explain.reveal": "item.reveal",
    "connect.begin": "account.sign_in",
    "connect.disconnect": "account.disconnect",
    "invitations.create": "account.invite",
    "invitations.create_again": "account.invite",
    "links.delete": "link.remove",
    "links.save": "link.switch",
    "links.switch": "link.switch_many",
    "operators.set_password": "operator.password",
    "operators.set_privileges": "operator.privileges",
    "session.sign_in": "operator.sign_in",
    "session.sign_out": "operator.sign_out",
    "pauses.pause": "snapshot.pause",
    "pauses.pause_run": "run.pause",
    "pauses.resume": "snapshot.resume",
    "pauses.resume_run": "run.resume",
    "pauses.retry_run": "run.retry",
    "plans.again": "snapshot.preview",
    "plans.include": "plan.exclude",
    "policies.count": "target.count_policies",
    "policies.save": "target.policies",
    "held.all_approved": "snapshot.approve",
    "held.all_rejected": "snapshot.reject",
    "held.approved": "run.approve",
    "held.narrowed": "run.narrow",
    "held.rejected": "run.reject",
    "snapshots.cancel_run": "run.cancel",
    "snapshots.preview": "snapshot.preview",
    "snapshots.start": "snapshot.request",
    "undo.plan": "snapshot.preview",
    "targets.create": "target.add",
    "targets.delete": "target.remove",
    "targets.save": "target.edit",
    "targets.switch": "target.edit",
}


def init(app: Flask) -> None:
    app.extensions[_KEY] = _Sparing()


def changes_something() -> bool:
    """Say whether this request is of the kind that changes something."""
    return request.method not in SAFE_METHODS


def action() -> str:
    """Name what this request does: target.edit, run.approve; page.open for looking."""
    endpoint = request.endpoint or ""
    if not changes_something():
        return "page.open"
    if endpoint == "operators.switch":
        return f"operator.{(request.view_args or {}).get('what')}"
    noun, _, view = endpoint.partition(".")
    return _ACTIONS.get(endpoint, f"{noun.removesuffix('s')}.{view}" if view else "page.change")


def subject() -> str:
    """Name what it is done to: run 3 of snapshot 2, target 1; the address where it names no row."""
    if request.endpoint == "session.sign_in":
        return f"operator {request.form.get('username', '').strip()[: limits.NAME]}"
    if request.blueprint == "connect":
        return "an invitation"  # its address is as good as a key
    ids = {name.removesuffix("_id"): value for name, value in (request.view_args or {}).items() if name != "what"}
    if not changes_something() or not ids:
        return request.path
    if set(ids) == {"id"}:
        return f"{(request.blueprint or '').removesuffix('s')} {ids['id']}"
    return " of ".join(f"{noun} {value}" for noun, value in reversed(ids.items()))


def denied() -> None:
    """Note a try that was refused for lack of a privilege."""
    current.services().audit.denied(current.actor(), action(), subject())


def refused(why: str, outcome: str = "refused") -> None:
    """Note a try to change something that did not get past the door, or whose request failed."""
    if not changes_something():
        return
    actor = current.actor()
    left_out = _sparing().ask(actor.address, current.now())
    if left_out is not None:
        facts: Mapping[str, Any] = {"why": why} | ({"left_out_before": left_out} if left_out else {})
        current.services().audit.refused(_named(actor), action(), subject(), outcome=outcome, why=facts)


def _named(actor: Actor) -> Actor:
    """At sign-in, the trail names who somebody says to be, as for a wrong password."""
    if request.endpoint != "session.sign_in" or current.operator() is not None:
        return actor
    return msgspec.structs.replace(actor, name=subject().removeprefix("operator ") or actor.name)


class _Window(msgspec.Struct):
    since: int
    rows: int = 0
    left_out: int = 0


class _Sparing:
    """How many rows each address has made lately."""

    def __init__(self) -> None:
        self._windows: dict[str, _Window] = {}
        self._lock = threading.Lock()

    def ask(self, address: str, now: int) -> int | None:
        """Give how many rows were left out before this one; None where this one is to be left out, too."""
        with self._lock:
            window = self._windows.get(address)
            left_out = 0
            if window is None or now - window.since > SPAN_S:
                left_out = window.left_out if window else 0
                if len(self._windows) >= _MOST_ADDRESSES:
                    self._windows = {a: w for a, w in self._windows.items() if now - w.since <= SPAN_S}
                window = self._windows[address] = _Window(now)
            window.rows += 1
            if window.rows > MOST_ROWS:
                window.left_out += 1
                return None
            return left_out


def _sparing() -> _Sparing:
    sparing = current.app().extensions[_KEY]
    assert isinstance(sparing, _Sparing)
    return sparing
