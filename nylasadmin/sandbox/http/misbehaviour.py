"""What each kind of fault does: before a request is served, and to the answer on its way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, g, request

from nylasadmin.sandbox.connect.lifecycles import expire
from nylasadmin.sandbox.errors import Refusal
from nylasadmin.sandbox.fault_kinds import KINDS
from nylasadmin.sandbox.faults import Asked, Fault, FaultList
from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.http import oddities, replies
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.wire import Json, decoded, encoded

_MESSAGES = {
    400: ("invalid_request_error", "Bad request"),
    401: ("unauthorized", "Unauthorized"),
    403: ("insufficient_scopes", "Insufficient scopes"),
    404: ("not_found_error", "Resource not found"),
    410: ("invalid_request_error", "The page token is no longer valid"),
    429: ("rate_limit_error", "Too many requests, please try again shortly."),
    504: ("provider_error", "Provider request timed out."),
}
_HTML = "<html><head><title>{0} Bad gateway</title></head><body><center><h1>{0}</h1></center><hr></body></html>"


def before(sandbox: Sandbox, fault: Fault | None, grant: Grant | None, asked: Asked) -> Response | None:
    """Answer in place of the resource, if that is the fault; wait first, if that is."""
    owed = sandbox.faults.owed(asked.page_token)
    if owed is not None:
        g.owed = owed
    if fault is None:
        return None
    if fault.kind in ("hang", "slow"):
        sandbox.closing.wait(fault.seconds)
    if fault.kind == "expired_grant" and grant is not None:
        with sandbox.lock:
            expire(sandbox, grant)
    return _BEFORE[fault.kind](fault) if fault.kind in _BEFORE else None


def after(sandbox: Sandbox, answer: Response) -> Response:
    """Spoil an answer as the fault that hit the request wants it."""
    fault: Fault | None = g.get("fault")
    if answer.status_code >= 400:
        return answer
    if "owed" in g:
        _change(answer, _begin_with_owed)
    if fault is None:
        return answer
    if fault.kind == "store_then_hang":
        sandbox.closing.wait(fault.seconds)
    if fault.kind == "store_then_504":
        return replies.refusal(_refusal_of(504, None))
    if fault.kind == "status":
        _damage(answer, fault)
    _put_in(answer, fault, sandbox.faults)
    return answer


def _reset(_fault: Fault) -> Response:
    g.cut = True
    request.environ["sandbox.reset"]()
    return Response(b"")


def _refused(fault: Fault) -> Response | None:
    """Answer with an error; a fault with a good status lets the resource answer and spoils that."""
    if fault.status < 400:
        return None
    answer = replies.refusal(_refusal_of(fault.status, fault.retry_after))
    _damage(answer, fault)
    return answer


_BEFORE: dict[str, Callable[[Fault], Response | None]] = {
    "reset": _reset,
    "status": _refused,
    "gone_cursor": _refused,
}


def _put_in(answer: Response, fault: Fault, faults: FaultList) -> None:
    """Put an oddity in; a hit that found nothing to spoil may count again later."""
    oddity = oddities.ODDITIES.get(fault.kind)
    if oddity is None:
        return
    changed = _change(answer, lambda body: oddity(body, faults))
    if not changed and KINDS[fault.kind].is_conditional:
        faults.spare(fault)


def _begin_with_owed(body: Json) -> bool:
    body["data"] = [g.owed, *body.get("data", [])]
    return True


def _change(answer: Response, change: Callable[[Json], bool]) -> bool:
    """Change a JSON answer; tell whether there was anything to change."""
    body: Any = decoded(answer.get_data())
    changed = isinstance(body, dict) and change(body)
    if changed:
        answer.set_data(encoded(body))
    return changed


def _damage(answer: Response, fault: Fault) -> None:
    if fault.body == "html":
        answer.set_data(_HTML.format(fault.status))
        answer.content_type = "text/html"
    if fault.body == "truncated":
        answer.set_data(answer.get_data()[: -len(answer.get_data()) // 3])


def _refusal_of(status: int, retry_after: int | None) -> Refusal:
    kind, message = _MESSAGES.get(status, ("api.internal_error", "Internal server error"))
    return Refusal(status, kind, message, headers={} if retry_after is None else {"Retry-After": str(retry_after)})
