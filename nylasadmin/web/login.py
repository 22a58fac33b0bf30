"""Sessions: started at sign-in, ended at sign-out, by a new serial of the operator, or by twelve idle hours.

The session lies in a signed cookie; only what a person does renews it, polls do not. What was signed out is remembered
until its cookie has expired, so that a copied cookie is of no use; that memory is this process' own.
"""

from __future__ import annotations

import secrets
import threading

from flask import Flask, request, session
from flask.sessions import SecureCookieSessionInterface
from flask_login import LoginManager, UserMixin, login_user, logout_user

from nylasadmin.domain.privileges import Operator
from nylasadmin.web import current
from nylasadmin.web.settings import WebSettings

_ENDED = "nylasadmin.ended"


class SignedIn(UserMixin):  # type: ignore[misc]
    """An operator as Flask-Login carries it: the session names the serial too, so that a new serial ends it."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator

    def get_id(self) -> str:
        return f"{self.operator.id}.{self.operator.sign_in_serial}"


def init(app: Flask, settings: WebSettings) -> None:
    app.session_interface = _SessionUnderSubPath()
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="nylasadmin",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.cookie_secure,
        PERMANENT_SESSION_LIFETIME=settings.idle_limit,
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    app.extensions[_ENDED] = _Ended(int(settings.idle_limit.total_seconds()))
    manager = LoginManager()
    manager.session_protection = None  # an address may change; serial and age end a session
    manager.user_loader(_load)
    manager.init_app(app, add_context_processor=False)


def start(operator: Operator) -> None:
    """Begin a new session, whatever session the browser had before."""
    session.clear()
    session.permanent = True
    session["key"] = secrets.token_urlsafe(12)
    session["active_at"] = current.now()
    login_user(SignedIn(operator))


def end() -> None:
    """End the session, also for copies of its cookie."""
    _ended().add(session.get("key", ""), current.now())
    logout_user()
    session.clear()


def stay_awake() -> None:
    """Begin the idle time anew, at most once a minute."""
    now = current.now()
    if now - session.get("active_at", 0) >= 60:
        session["active_at"] = now


def _load(key: str) -> SignedIn | None:
    number, _, serial = key.partition(".")
    if not (number.isdecimal() and serial.isdecimal()) or session.get("key", "") in _ended() or _slept_too_long():
        return None
    operator = current.services().operators.by_id(int(number))
    if operator is None or operator.is_disabled or operator.sign_in_serial != int(serial):
        return None
    return SignedIn(operator)


def _slept_too_long() -> bool:
    return int(session.get("active_at", 0)) + current.settings().idle_limit.total_seconds() < current.now()


class _Ended:
    """The sessions that were signed out, each as long as a cookie of it could still be valid."""

    def __init__(self, keep_s: int) -> None:
        self._keep_s = keep_s
        self._ended_at: dict[str, int] = {}
        self._lock = threading.Lock()

    def add(self, key: str, now: int) -> None:
        with self._lock:
            self._ended_at = {k: at for k, at in self._ended_at.items() if now - at <= self._keep_s}
            self._ended_at[key] = now

    def __contains__(self, key: str) -> bool:
        return key in self._ended_at


def _ended() -> _Ended:
    ended = current.app().extensions[_ENDED]
    assert isinstance(ended, _Ended)
    return ended


class _SessionUnderSubPath(SecureCookieSessionInterface):
    """Keeps the cookie to the path under which the console is mounted."""

    def get_cookie_path(self, app: Flask) -> str:  # noqa: ARG002
        return request.script_root or "/"
