"""The page on which a person signs in, in the provider's stead: plain HTML, no script."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from nylasadmin.sandbox.connect.sign_ins import SignInRequest
from nylasadmin.sandbox.grants import Grant

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1d2330; background: #f3f4f7; margin: 0 }
main { max-width: 26rem; margin: 8vh auto; padding: 2rem; background: #fff;
  border: 1px solid #d5d9e2; border-radius: 8px }
h1 { font-size: 1.25rem; margin: 0 0 .5rem }
label { display: block; font-weight: 600; margin: 1rem 0 .25rem }
input, select { box-sizing: border-box; width: 100%; padding: .5rem; font: inherit;
  border: 1px solid #78819a; border-radius: 4px }
button { font: inherit; padding: .5rem 1rem; margin: 1.5rem .5rem 0 0; border: 1px solid #2b4fc7; border-radius: 4px;
  background: #fff; color: #2b4fc7; cursor: pointer }
button.main { background: #2b4fc7; color: #fff }
p.problem { padding: .5rem .75rem; border-left: 4px solid #b3261e; background: #fdecea }
small, p.note { color: #565f75; font-size: .875rem }
"""


@dataclass(frozen=True)
class Attempt:
    """An answer that could not be taken: what was typed, and what was wrong with it."""

    account: str
    provider: str
    problem: str


def sign_in_page(request: SignInRequest, app_name: str, grants: Iterable[Grant], attempt: Attempt | None) -> str:
    """Return the page of a request, with what was typed before if that could not be taken."""
    problem = attempt.problem[:1].upper() + attempt.problem[1:] if attempt else ""
    warning = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    fields = {
        "select_provider": _provider_field(request, attempt.provider if attempt else None),
        "detect": _account_field(request, grants, attempt.account if attempt else request.login_hint or ""),
    }
    order = list(dict.fromkeys([*request.prompts, "select_provider", "detect"]))
    scopes = f"<p class=note>It asks for: {escape(' '.join(request.scope))}</p>" if request.scope else ""
    return _page(
        "Sign in",
        f"""<h1>Sign in for {escape(app_name)}</h1>
<p class="note">This page of the sandbox stands in for the provider's own. No password is asked for.</p>
{warning}{scopes}<form method="post">
{"".join(fields[name] for name in order)}
<button class="main" name="action" value="allow">Sign in</button>
<button name="action" value="refuse" formnovalidate>Refuse</button>
</form>""",
    )


def gone_page() -> str:
    """Return what is shown for a request that was answered already, or never made."""
    return _page("Sign in", "<h1>This sign-in is over</h1><p>Go back to the application and start again.</p>")


def _provider_field(request: SignInRequest, chosen: str | None) -> str:
    if len(request.providers) == 1:
        name = escape(request.providers[0])
        return f'<p>Account of <b>{name}</b></p><input type="hidden" name="provider" value="{name}">'
    names = [(name, name) for name in request.providers]
    if "detect" in request.prompts:
        names.insert(0 if request.prompts[0] == "detect" else len(names), ("", "Detect from the address"))
    options = [
        f'<option value="{escape(name)}"{" selected" if name == chosen else ""}>{escape(text)}</option>'
        for name, text in names
    ]
    return f'<label for="provider">Provider</label><select id="provider" name="provider">{"".join(options)}</select>'


def _account_field(request: SignInRequest, grants: Iterable[Grant], typed: str) -> str:
    known = "".join(
        f'<option value="{escape(one.email)}">{escape(one.name)}</option>'
        for one in grants
        if one.rules.name in request.providers
    )
    return f"""<label for="account">Account</label>
<input id="account" name="account" type="email" required autocomplete="off" list="accounts" value="{escape(typed)}">
<datalist id="accounts">{known}</datalist>
<small>One that is connected already, or any other address.</small>"""


def _page(title: str, content: str) -> str:
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>
<body><main>{content}</main></body></html>
"""
