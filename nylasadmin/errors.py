"""The errors the product raises: a small tree with fields instead of sentences.

Adapters translate foreign errors into these with ``raise ... from``. The wording for people is chosen in one
place, :mod:`nylasadmin.services.wording`, so that console, command line and failed-item lists say the same.
"""

from __future__ import annotations


class NylasAdminError(Exception):
    """Root of everything raised on purpose."""


# --- bad input and stale or missing rows -------------------------------------------------------------------------


class InvalidInput(NylasAdminError):
    """Input an operator can correct. ``fields`` maps a field name to what is wrong and what to do."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(fields)
        self.fields = fields


class NotFound(NylasAdminError):
    """No row of that kind with that id."""

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(kind, key)
        self.kind = kind
        self.key = key


class StaleVersion(NylasAdminError):
    """A form was opened on an older version of the row. ``current`` holds the stored values by field name."""

    def __init__(self, kind: str, key: object, current: dict[str, object]) -> None:
        super().__init__(kind, key)
        self.kind = kind
        self.key = key
        self.current = current


class Refused(NylasAdminError):
    """The request is understood and not allowed in the present state. ``why`` names a sentence in the wording table."""

    def __init__(self, why: str, **facts: object) -> None:
        super().__init__(why, facts)
        self.why = why
        self.facts = facts


class CannotBeStored(NylasAdminError):
    """The CRM's store cannot hold an item. ``detail`` holds the words of the database."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Forbidden(NylasAdminError):
    """The operator lacks ``privilege``."""

    def __init__(self, privilege: str) -> None:
        super().__init__(privilege)
        self.privilege = privilege


class BadSettings(NylasAdminError):
    """The configuration cannot be used. ``problems`` lists every one of them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(problems)
        self.problems = problems


# --- the other side ----------------------------------------------------------------------------------------------


class NylasError(NylasAdminError):
    """Nylas could not be asked, or answered with an error.

    ``status`` is the HTTP status (``None`` when there was no answer), ``detail`` the raw words of the other side,
    ``request_id`` Nylas' own name for the request, ``retry_after_s`` how long the service asked us to wait.
    ``may_have_happened``: the request had left, so a write may have been carried out all the same.
    """

    is_transient = False

    def __init__(
        self,
        detail: str = "",
        *,
        status: int | None = None,
        request_id: str | None = None,
        retry_after_s: float | None = None,
        may_have_happened: bool = False,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        self.may_have_happened = may_have_happened


class HostUnknown(NylasError):
    """The host name cannot be resolved."""


class ConnectionRefused(NylasError):
    """Nothing listens at that address, or the connection broke before an answer."""

    is_transient = True


class TlsFailed(NylasError):
    """The certificate or the TLS handshake was not acceptable."""


class TimedOut(NylasError):
    """No answer in time. A write may or may not have happened."""

    is_transient = True


class Unauthorized(NylasError):
    """401: the API key is wrong, the region is wrong, or this account's grant has expired."""


class GrantGone(Unauthorized):
    """404 about the grant itself: it was deleted at Nylas. Only a new sign-in helps, as for an expired one."""


class AccessDenied(NylasError):
    """402, 403 or 423: understood, and not allowed."""


class NotThere(NylasError):
    """404: the object (or the grant, or the calendar) does not exist at Nylas."""


class CursorExpired(NylasError):
    """410, or another refusal of a page token: the listing has to start again."""


class BadRequest(NylasError):
    """Another 4xx: the request itself is not acceptable and will not become so."""


class ReturnNotAllowed(BadRequest):
    """The address that a sign-in is to return to is not registered at the Nylas application."""


class CodeRefused(BadRequest):
    """The code of a sign-in is unknown, used or too old, or the verifier does not belong to it."""


class RateLimited(NylasError):
    """429 after all polite repetitions. ``retry_after_s`` is what the service asked for, if it did."""

    is_transient = True


class ServiceFailed(NylasError):
    """5xx: Nylas or the provider behind it is in trouble. A write answered with 504 may have happened."""

    is_transient = True


class BadAnswer(NylasError):
    """An answer that is not what the contract says: HTML, truncated JSON, a missing envelope."""

    is_transient = True
