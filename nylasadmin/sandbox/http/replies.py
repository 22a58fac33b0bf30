"""Answers: Nylas' envelopes, always JSON, always with a request id."""

from __future__ import annotations

import json
import uuid

from flask import Response, g, request

from nylasadmin.sandbox.errors import Refusal, bad_request
from nylasadmin.sandbox.wire import Json, encoded

JSON_TYPE = "application/json"


def request_id() -> str:
    """Return the id of this request, the same however often it is asked for."""
    if "request_id" not in g:
        g.request_id = str(uuid.uuid4())
    return str(g.request_id)


def one(data: object, **more: object) -> Response:
    """Answer with one object."""
    return reply({"request_id": request_id(), "data": data, **more})


def one_encoded(body: bytes) -> Response:
    """Answer with one object that is already encoded."""
    return Response(b'{"request_id":%s,"data":%s}' % (encoded(request_id()), body), content_type=JSON_TYPE)


def many_encoded(bodies: list[bytes], next_cursor: str | None) -> Response:
    """Answer with a page of encoded objects; a fault may have shortened or emptied it."""
    tail = b',"next_cursor":%s}' % encoded(next_cursor) if next_cursor else b"}"
    head = b'{"request_id":%s,"data":[' % encoded(request_id())
    return Response(b"".join((head, b",".join(bodies), b"]", tail)), content_type=JSON_TYPE)


def done() -> Response:
    """Answer with nothing but the request id, as deletions do."""
    return reply({"request_id": request_id()})


def refusal(problem: Refusal) -> Response:
    """Answer with an error."""
    error: Json = {"type": problem.kind, "message": problem.message}
    if problem.provider_error:
        error["provider_error"] = problem.provider_error
    if problem.fields:
        error["validation_errors"] = problem.fields
    answer = reply({"request_id": request_id(), "error": error}, problem.status)
    answer.headers.extend(problem.headers)
    return answer


def reply(value: object, status: int = 200) -> Response:
    """Answer with any JSON value."""
    return Response(encoded(value), status, content_type=JSON_TYPE)


def body() -> Json:
    """Return the JSON object a client sent, whatever it calls its type."""
    try:
        value = json.loads(request.get_data() or b"{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as problem:
        raise bad_request("the body is not valid JSON") from problem
    if not isinstance(value, dict):
        raise bad_request("the body must be a JSON object")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
