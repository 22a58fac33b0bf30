"""Around every request under /v3: the log, the key, and the faults that were ordered."""

from __future__ import annotations

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from nylasadmin.sandbox.errors import Refusal
from nylasadmin.sandbox.faults import Fault
from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.http.access import follow_me, require_access
from nylasadmin.sandbox.http.paths import raw_path
from nylasadmin.sandbox.state import Sandbox

_MESSAGES = {
    400: ("invalid_request_error", "Bad request"),
    401: ("unauthorized", "Unauthorized"),
    403: ("insufficient_scopes", "Insufficient scopes"),
    404: ("not_found_error", "Resource not found"),
    429: ("rate_limit_error", "Too many requests, please try again shortly."),
    504: ("provider_error", "Provider request timed out."),
}
_HTML = "<html><head><title>{0} Bad gateway</title></head><body><center><h1>{0}</h1></center><hr></body></html>"


def install(app: Flask, sandbox: Sandbox) -> None:
    """Watch all requests of an app."""
    _install_errors(app)

    @app.before_request
    def arrive() -> Response | None:
        if not raw_path(request.environ).startswith("/v3"):
            return None
        follow_me(sandbox)
        grant, names = _grant(sandbox)
        fault = sandbox.faults.hit(request.method, raw_path(request.environ), names)
        query = request.query_string.decode("latin-1")
        notify = request.args.get("notify_participants")
        g.entry = sandbox.requests.begin(request.method, raw_path(request.environ), query, grant, notify)
        if fault is not None:
            g.fault, g.entry["fault"] = fault, fault.id
        require_access(sandbox)
        return _early(sandbox, fault) if fault else None

    @app.after_request
    def leave(answer: Response) -> Response:
        fault: Fault | None = g.get("fault")
        if fault is not None and fault.kind == "store_then_504" and answer.status_code < 400:
            answer = replies.refusal(_refusal_of(504, None))
        if fault is not None and fault.kind == "store_then_hang":
            sandbox.closing.wait(fault.seconds)
        if fault is not None and fault.kind == "status" and answer.status_code < 400:
            _damage(answer, fault)
        if "entry" in g:
            sandbox.requests.end(g.entry, None if "cut" in g else answer.status_code)
        answer.headers["X-Request-Id"] = replies.request_id()
        return answer


def _install_errors(app: Flask) -> None:
    @app.errorhandler(Refusal)
    def refused(problem: Refusal) -> Response:
        return replies.refusal(problem)

    @app.errorhandler(HTTPException)
    def unrouted(_problem: HTTPException) -> Response:
        text = f"Unrecognized request URL ({request.method}: {raw_path(request.environ)})"
        return replies.refusal(Refusal(404, "not_found_error", text))

    @app.errorhandler(Exception)
    def broken(problem: Exception) -> Response:
        app.logger.error("the sandbox itself failed", exc_info=problem)
        return replies.refusal(Refusal(500, "api.internal_error", "Internal error of the sandbox"))


def _grant(sandbox: Sandbox) -> tuple[str | None, tuple[str, ...]]:
    """Return the grant a path names, by id if it is known, and every name a fault may know it by."""
    named = (request.view_args or {}).get("grant_name")
    if named is None:
        return None, ()
    grant = sandbox.grants.get(named)
    if grant is None:
        return named, (named.casefold(),)
    return grant.id, (grant.id, grant.email.casefold(), named.casefold())


def _early(sandbox: Sandbox, fault: Fault) -> Response | None:
    """Answer in place of the resource, if that is the fault; faults of a list are left to the list."""
    if fault.kind == "hang":
        sandbox.closing.wait(fault.seconds)
    if fault.kind == "reset":
        g.cut = True
        request.environ["sandbox.reset"]()
        return Response(b"")
    if fault.kind != "status" or fault.status < 400:
        return None
    answer = replies.refusal(_refusal_of(fault.status, fault.retry_after))
    _damage(answer, fault)
    return answer


def _damage(answer: Response, fault: Fault) -> None:
    """Spoil the body of an answer; a successful one was made first and is spoilt on its way out."""
    if fault.body == "html":
        answer.set_data(_HTML.format(fault.status))
        answer.content_type = "text/html"
    if fault.body == "truncated":
        answer.set_data(answer.get_data()[: -len(answer.get_data()) // 3])


def _refusal_of(status: int, retry_after: int | None) -> Refusal:
    kind, message = _MESSAGES.get(status, ("api.internal_error", "Internal server error"))
    return Refusal(status, kind, message, headers={} if retry_after is None else {"Retry-After": str(retry_after)})
