"""How a CRM user connects: the invitation that opens the page, and the attempt to sign in that follows."""

from __future__ import annotations

from enum import StrEnum

import msgspec

HOUR_S = 3600
DEFAULT_HOURS = 24
MOST_HOURS = 24 * 7


class Invitation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a signed link says: who may connect where until when (Unix seconds).

    ``target`` is its number or its name, ``user`` the CRM user's id or e-mail address. ``account``: which one is to be
    signed in again.
    """

    target: int | str
    user: str
    until: int
    account: int | None = None


class SignInState(StrEnum):
    """How far an attempt is."""

    WAITING = "waiting"  # the person is at Nylas' pages
    EXCHANGING = "exchanging"  # the person came back, and the code is exchanged
    READING = "reading"  # the folders are read
    CONNECTED = "connected"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        return self in (SignInState.CONNECTED, SignInState.FAILED)


class SignInProblem(StrEnum):
    """Why an attempt failed: a closed set."""

    REFUSED = "refused"  # by the person, at the provider
    PROVIDER = "provider"  # brought back another error
    WRONG_ACCOUNT = "wrong_account"
    TAKEN = "taken"  # the address is somebody else's
    HAS_ANOTHER = "has_another"  # the user is connected with another address
    CODE_REFUSED = "code_refused"
    UNREACHABLE = "unreachable"
    NYLAS_REFUSED = "nylas_refused"
    GONE = "gone"  # target, user or account was removed meanwhile
    FAULT = "fault"
    INTERRUPTED = "interrupted"  # the process ended in between


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt of a CRM user to sign in at Nylas. Times are Unix seconds.

    ``nonce`` names it in the address that brings the person back; ``account_id`` is the account that has to sign in
    again, and what was connected in the end. ``worker`` names the process that goes on with it since ``returned_at``.
    """

    id: int
    nonce: str
    target_id: int
    user_id: str
    account_id: int | None
    email: str
    state: SignInState
    redirect_uri: str
    worker: str = ""
    problem: SignInProblem | None = None
    detail: str = ""
    created_at: int
    returned_at: int | None = None
    finished_at: int | None = None


def email_problem(email: str) -> str | None:
    """Say what is wrong with an address that somebody typed; ``None`` if it may be one."""
    name, _, domain = email.strip().rpartition("@")
    is_clean = all(letter.isprintable() and not letter.isspace() for letter in name + domain)
    if not name or "." not in domain.strip(".") or not is_clean:
        return "Enter the e-mail address of your account, for example anna@example.com."
    return None if len(email) <= 320 else "Enter an e-mail address of at most 320 characters."
