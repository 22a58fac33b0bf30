"""Hosted sign-in: what an application asks for, the people it waits for, and the codes they bring back.

The caller holds the sandbox's lock.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from nylasadmin.sandbox.connect.accounts import MAX_STATE, Account
from nylasadmin.sandbox.connect.challenges import METHODS
from nylasadmin.sandbox.connect.checks import invalid
from nylasadmin.sandbox.errors import Refusal
from nylasadmin.sandbox.identifiers import Identifiers
from nylasadmin.sandbox.providers import PROVIDERS

if TYPE_CHECKING:
    from nylasadmin.sandbox.state import Sandbox

CODE_LIFETIME_S = 600
_WAITING = 500
"""So many sign-ins may be open at once; the oldest are forgotten."""
_PROMPTS = (("select_provider",), ("detect",), ("select_provider", "detect"), ("detect", "select_provider"))


@dataclass(frozen=True)
class SignInRequest:
    """What an application asks of a person who is to sign in."""

    redirect_uri: str
    response_type: str
    providers: tuple[str, ...]
    prompts: tuple[str, ...] = ("select_provider",)
    scope: tuple[str, ...] | None = None
    is_offline: bool = False
    state: str | None = None
    login_hint: str | None = None
    challenge: str | None = None
    challenge_method: str = "plain"
    credential_id: str | None = None
    keeps_scopes: bool = False

    def back(self, **answer: str) -> str:
        """Return the address that brings an answer back to the application, with its state unchanged."""
        if self.state is not None:
            answer["state"] = self.state
        if not answer:
            return self.redirect_uri
        return f"{self.redirect_uri}{'&' if '?' in self.redirect_uri else '?'}{urlencode(answer)}"


@dataclass(frozen=True)
class Permission:
    """What a code stands for: a person agreed, but no grant exists before the code is exchanged."""

    request: SignInRequest
    account: Account
    given_at: int


class SignIns:
    """People on their way: those looking at the page, and the codes of those who have agreed."""

    def __init__(self, seed: int) -> None:
        self._identifiers = Identifiers(seed)
        self._numbers = itertools.count(1)
        self._waiting: dict[str, SignInRequest] = {}
        self._codes: dict[str, Permission] = {}

    def wait(self, request: SignInRequest) -> str:
        """Keep a request until its person has answered, and return its number."""
        key = self._identifiers.derived("uuid", f"sign-in {next(self._numbers)}")
        self._waiting[key] = request
        while len(self._waiting) > _WAITING:
            del self._waiting[next(iter(self._waiting))]
        return key

    def find(self, key: str) -> SignInRequest | None:
        """Return a request that waits for its person."""
        return self._waiting.get(key)

    def finish(self, key: str) -> None:
        """Forget a request that was answered."""
        self._waiting.pop(key, None)

    def permit(self, request: SignInRequest, account: Account, now: int) -> str:
        """Return the code of a person who has agreed."""
        code = self._identifiers.derived("token", f"code {next(self._numbers)}")
        self._codes[code] = Permission(request, account, now)
        return code

    def redeem(self, code: str, now: int) -> Permission | None:
        """Take a code: it works once, whatever becomes of the exchange."""
        permission = self._codes.pop(code, None)
        return None if permission is None or now >= permission.given_at + CODE_LIFETIME_S else permission


def read_request(sandbox: Sandbox, args: Mapping[str, str]) -> SignInRequest:
    """Read the parameters of `connect/auth`; 400 if the service would not open its page for them."""
    for name in ("client_id", "redirect_uri", "response_type"):
        if not args.get(name):
            raise invalid(name, "is required")
    if args["client_id"] != sandbox.application_id:
        raise invalid("client_id", "is no application")
    if not sandbox.application.allows(args["redirect_uri"]):
        raise Refusal(400, "grant.callback_uri_not_allowed", "redirect_uri is not registered for this application")
    if args["response_type"] not in ("code", "adminconsent"):
        raise invalid("response_type", "must be code or adminconsent")
    if len(args.get("state", "")) > MAX_STATE:
        raise invalid("state", f"must not be longer than {MAX_STATE} characters")
    method = args.get("code_challenge_method", "plain").lower()
    if method not in METHODS:
        raise invalid("code_challenge_method", "must be plain or S256")
    providers = _providers(sandbox, args)
    return SignInRequest(
        redirect_uri=args["redirect_uri"],
        response_type=args["response_type"],
        providers=providers,
        prompts=_prompts(args),
        scope=tuple(args["scope"].split()) if args.get("scope") else None,
        is_offline=_word(args, "access_type", "online", ("online", "offline")) == "offline",
        state=args.get("state"),
        login_hint=args.get("login_hint"),
        challenge=args.get("code_challenge") or None,
        challenge_method=method,
        credential_id=_credential(sandbox, args, providers),
        keeps_scopes=args.get("include_grant_scopes", "").lower() == "true",
    )


def account_of(sandbox: Sandbox, request: SignInRequest, email: str, provider: str) -> Account:
    """Return the account of a person who agrees to a request."""
    known = sandbox.grants.get(f"email:{email}")
    scope = list(request.scope) if request.scope else list(sandbox.connectors.require(provider).scope)
    if request.keeps_scopes and known is not None:
        scope += [one for one in known.scopes if one not in scope]
    more = {"credential_id": request.credential_id} if request.credential_id else {}
    return Account(email=email, provider=provider, scope=scope, state=request.state, more=more)


def _providers(sandbox: Sandbox, args: Mapping[str, str]) -> tuple[str, ...]:
    named = tuple(name.strip() for name in args.get("provider", "").split(",") if name.strip())
    for name in named:
        sandbox.connectors.require(name)
        if not PROVIDERS[name].is_hosted:
            raise invalid("provider", f"{name} has no sign-in page")
    return named or tuple(name for name, rules in PROVIDERS.items() if rules.is_hosted and sandbox.connectors.has(name))


def _prompts(args: Mapping[str, str]) -> tuple[str, ...]:
    prompts = tuple((args.get("prompt") or "select_provider").split(","))
    if prompts not in _PROMPTS:
        raise invalid("prompt", "must be select_provider, detect or both with a comma")
    return prompts


def _credential(sandbox: Sandbox, args: Mapping[str, str], providers: tuple[str, ...]) -> str | None:
    """Read whose credential is meant; an administrator's consent needs one of Microsoft's."""
    credential_id = args.get("credential_id")
    if args["response_type"] == "adminconsent":
        known = sandbox.connectors.find("microsoft").credentials if providers == ("microsoft",) else {}
        if credential_id not in known or known[credential_id].kind != "adminconsent":
            raise invalid("credential_id", "must be an adminconsent credential of microsoft")
    elif credential_id and not any(credential_id in sandbox.connectors.find(one).credentials for one in providers):
        raise invalid("credential_id", "is no credential of the connector")
    return credential_id


def _word(args: Mapping[str, str], name: str, default: str, known: tuple[str, ...]) -> str:
    word = args.get(name) or default
    if word not in known:
        raise invalid(name, f"must be one of {', '.join(known)}")
    return word
