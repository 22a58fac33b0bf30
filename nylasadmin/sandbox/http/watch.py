"""Around every request under /v3: the log, the key, and the faults that were ordered."""

from __future__ import annotations

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from nylasadmin.sandbox.errors import Refusal
from nylasadmin.sandbox.faults import Asked
from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.http import misbehaviour, replies
from nylasadmin.sandbox.http.access import follow_me, require_access
from nylasadmin.sandbox.http.paths import raw_path
from nylasadmin.sandbox.state import Sandbox


def install(app: Flask, sandbox: Sandbox) -> None:
    """Watch all requests of an app."""
    _install_errors(app)

    @app.before_request
    def arrive() -> Response | None:
        if not raw_path(request.environ).startswith("/v3"):
            return None
        follow_me(sandbox)
        asked, grant = _asked(sandbox)
        fault = sandbox.faults.hit(asked)
        notify = request.args.get("notify_participants")
        g.entry = sandbox.requests.begin(asked.method, asked.path, asked.query, _named(asked, grant), notify)
        if fault is not None:
            g.fault, g.entry["fault"] = fault, fault.id
        require_access(sandbox)
        return misbehaviour.before(sandbox, fault, grant, asked)

    @app.after_request
    def leave(answer: Response) -> Response:
        if "entry" in g:
            answer = misbehaviour.after(sandbox, answer)
            if g.entry["fault"] is not None or "owed" in g:
                answer.headers["X-Sandbox-Fault"] = str(g.entry["fault"] or "border")
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


def _named(asked: Asked, grant: Grant | None) -> str | None:
    """Return the grant of a request for the log: by id if it is known."""
    return grant.id if grant is not None else next(iter(asked.grant_names), None)


def _asked(sandbox: Sandbox) -> tuple[Asked, Grant | None]:
    """Return what faults may look at, and the grant that the path names."""
    found = request.view_args or {}
    named, calendar_id = found.get("grant_name"), found.get("calendar_id", request.args.get("calendar_id"))
    grant = None if named is None else sandbox.grants.get(named)
    grant_names = {} if named is None else dict.fromkeys([*([grant.id, grant.email] if grant else ()), named])
    calendar_names = [] if calendar_id is None else [calendar_id]
    if calendar_id == "primary" and grant is not None and grant.primary is not None:
        calendar_names.append(grant.primary.id)
    asked = Asked(
        request.method,
        raw_path(request.environ),
        request.query_string.decode("latin-1"),
        tuple(name.casefold() for name in grant_names),
        tuple(name.casefold() for name in calendar_names),
        request.args.get("page_token"),
    )
    return asked, grant
