"""The life of a grant: signed in, changed, expired, signed in again, deleted. Each step is announced.

The caller holds the sandbox's lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nylasadmin.sandbox.connect.accounts import Account, name_of
from nylasadmin.sandbox.errors import Refusal
from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.wire import Json

if TYPE_CHECKING:
    from nylasadmin.sandbox.state import Sandbox

_CREATED, _UPDATED, _SIGNED_IN_AGAIN, _EXPIRED, _DELETED = 25012, 25014, 25027, 25009, 25013


def sign_in(sandbox: Sandbox, account: Account) -> Grant:
    """Connect an account, or sign its grant in again if there is one: an address has one grant, with one id."""
    grant = sandbox.grants.get(f"email:{account.email}")
    if grant is not None:
        return _signed_in_again(sandbox, grant, account)
    name = account.name or name_of(account.email)
    grant = sandbox.add_grant(account.email, name, provider=account.provider, connected_at=sandbox.clock.now())
    _take(grant, account)
    about = _about(sandbox, grant, _CREATED) | {"name": grant.name, "scope": grant.scopes}
    sandbox.changes.announce("grant.created", grant, about)
    return grant


def refuse_other_provider(sandbox: Sandbox, email: str, provider: str) -> None:
    """Refuse an address whose grant belongs to another provider."""
    known = sandbox.grants.get(f"email:{email}")
    if known is not None and known.rules.name != provider:
        text = f"the account is connected through {known.rules.name}"
        raise Refusal(400, "grant.invalid_authentication", text, fields={"provider": text})


def change_grant(sandbox: Sandbox, grant: Grant, settings: Json | None, scope: list[str] | None) -> None:
    """Replace what the application has on record; the account's owner is not asked."""
    grant.settings = grant.settings if settings is None else settings
    grant.scope = grant.scope if scope is None else scope
    _announce_update(sandbox, grant, _UPDATED)


def expire(sandbox: Sandbox, grant: Grant) -> None:
    """Let the provider refuse the account from now on."""
    if grant.is_valid:
        grant.is_valid = False
        about = _about(sandbox, grant, _EXPIRED) | {"grant_updated_at": grant.updated_at}
        sandbox.changes.announce("grant.expired", grant, about)


def restore(sandbox: Sandbox, grant: Grant) -> None:
    """Let the account's owner sign in again without any page."""
    _signed_in_again(sandbox, grant, Account(grant.email, grant.rules.name, scope=grant.scope))


def remove_grant(sandbox: Sandbox, grant: Grant) -> None:
    """Delete a grant; a later sign-in makes a new one, with what the provider still has."""
    sandbox.grants.remove(grant)
    sandbox.departures.keep(grant)
    sandbox.tokens.forget(grant)
    sandbox.changes.announce("grant.deleted", grant, _about(sandbox, grant, _DELETED))


def _signed_in_again(sandbox: Sandbox, grant: Grant, account: Account) -> Grant:
    refuse_other_provider(sandbox, account.email, account.provider)
    _take(grant, account)
    grant.is_valid, grant.updated_at = True, sandbox.clock.now()
    _announce_update(sandbox, grant, _SIGNED_IN_AGAIN)
    return grant


def _take(grant: Grant, account: Account) -> None:
    grant.name = account.name or grant.name
    grant.scope = account.scope
    grant.state = account.state or grant.state
    grant.settings = account.settings or grant.settings
    grant.more = grant.more | account.more


def _announce_update(sandbox: Sandbox, grant: Grant, code: int) -> None:
    about = _about(sandbox, grant, code) | {"reauthentication_flag": code == _SIGNED_IN_AGAIN}
    sandbox.changes.announce("grant.updated", grant, about)


def _about(sandbox: Sandbox, grant: Grant, code: int) -> Json:
    """Return what every notification about a grant says; there is no `id` in it."""
    return {
        "code": code,
        "grant_id": grant.id,
        "integration_id": sandbox.identifiers.derived("uuid", f"connector {grant.rules.name}"),
        "provider": grant.rules.name,
        "email": grant.email,
    }
