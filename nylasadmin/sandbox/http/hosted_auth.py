"""`/v3/connect/auth` and the page behind it, on which a person signs in, refuses, or picks another account.

Tests need no page: `sandbox_as=<address>` in the query signs that account in at once, `sandbox_as=refuse` refuses.
"""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, request

from nylasadmin.sandbox.connect.detection import provider_of
from nylasadmin.sandbox.connect.lifecycles import refuse_other_provider
from nylasadmin.sandbox.connect.sign_ins import SignInRequest, account_of, read_request
from nylasadmin.sandbox.errors import Refusal, bad_request
from nylasadmin.sandbox.http.sign_in_pages import Attempt, gone_page, sign_in_page
from nylasadmin.sandbox.http.visitors import visitor
from nylasadmin.sandbox.state import Sandbox

_PAGE = "/sandbox/sign-in/<segment:key>"
_REFUSE = "refuse"
_SHOWN_ACCOUNTS = 200
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes of hosted authentication."""
    blueprint = Blueprint("hosted_auth", __name__)

    @blueprint.get("/v3/connect/auth")
    def begin() -> Response:
        with sandbox.lock:
            wanted = read_request(sandbox, request.args)
            if (who := request.args.get("sandbox_as")) is not None:
                return _moved(_answer(sandbox, wanted, who, ""))
            return _moved(f"/sandbox/sign-in/{sandbox.sign_ins.wait(wanted)}")

    @blueprint.get(_PAGE)
    def show(key: str) -> Response:
        with sandbox.lock:
            return _shown(sandbox, sandbox.sign_ins.find(key))

    @blueprint.post(_PAGE)
    def answer(key: str) -> Response:
        with sandbox.lock:
            wanted = sandbox.sign_ins.find(key)
            if wanted is None:
                return _shown(sandbox, None)
            who = _REFUSE if request.form.get("action") == _REFUSE else request.form.get("account", "")
            provider = request.form.get("provider", "")
            try:
                target = _answer(sandbox, wanted, who, provider)
            except Refusal as problem:
                return _shown(sandbox, wanted, Attempt(who, provider, problem.message))
            sandbox.sign_ins.finish(key)
            return _moved(target, 303)

    return blueprint


def _answer(sandbox: Sandbox, wanted: SignInRequest, who: str, provider: str) -> str:
    """Return where a person goes who has answered."""
    if who == _REFUSE:
        return wanted.back(error="access_denied", error_description="The user refused access")
    if wanted.response_type == "adminconsent":
        return wanted.back(admin_consent="True")
    email = who.strip()
    if "@" not in email:
        raise bad_request("Type an e-mail address", account="must be an e-mail address")
    provider = _provider(sandbox, wanted, email, provider)
    refuse_other_provider(sandbox, email, provider)
    account = account_of(sandbox, wanted, email, provider)
    account = replace(account, more=account.more | visitor())
    return wanted.back(code=sandbox.sign_ins.permit(wanted, account, sandbox.clock.now()))


def _provider(sandbox: Sandbox, wanted: SignInRequest, email: str, named: str) -> str:
    """Return whose account it is: the one that was named, the only one there is, or the one the address tells."""
    found = named or (wanted.providers[0] if len(wanted.providers) == 1 else provider_of(sandbox, email))
    if found not in wanted.providers:
        raise bad_request("Choose the provider of this address", provider="must be chosen")
    return found


def _shown(sandbox: Sandbox, wanted: SignInRequest | None, attempt: Attempt | None = None) -> Response:
    if wanted is None:
        return _html(gone_page(), 410)
    grants = list(sandbox.grants)[:_SHOWN_ACCOUNTS]
    page = sign_in_page(wanted, str(sandbox.application.branding["name"]), grants, attempt)
    return _html(page, 400 if attempt else 200)


def _html(text: str, status: int) -> Response:
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(text, status, headers, content_type="text/html; charset=utf-8")


def _moved(target: str, status: int = 302) -> Response:
    headers = {"Location": target, "Cache-Control": "no-store"}
    return Response("", status, headers, content_type="text/html; charset=utf-8")
