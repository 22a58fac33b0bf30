"""The ways in which a sandbox can misbehave: one table, for the control API, the control page and the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nylasadmin.sandbox.wire import Json


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One way to misbehave, and what an order of it says if it does not say otherwise."""

    name: str
    what: str
    defaults: Json = field(default_factory=dict)
    needs_token: bool = False
    """Only requests that carry a `page_token` are meant."""
    is_conditional: bool = False
    """A hit counts only if the answer had what is to be spoilt."""


_KINDS = (
    FaultKind("status", "answers an error, as JSON, as HTML or cut short; a status below 400 only cuts the body"),
    FaultKind("slow", "answers correctly, but each time only after some seconds", {"seconds": 1.0, "count": None}),
    FaultKind("hang", "stays silent for a long time, then answers correctly", {"seconds": 30.0}),
    FaultKind("reset", "breaks the connection off without an answer"),
    FaultKind("store_then_504", "does what was asked, then answers 504 as if it had not"),
    FaultKind("store_then_hang", "does what was asked, then stays silent for a long time", {"seconds": 30.0}),
    FaultKind("expired_grant", "lets the grant expire: 401 from this request on, and `grant.expired` is announced"),
    FaultKind("gone_cursor", "refuses a request with a page_token", {"status": 410}, needs_token=True),
    FaultKind("short_list", "returns fewer objects than asked for; more pages follow unless `cursor` is false"),
    FaultKind("empty_list", "returns no objects; `cursor` true lets more pages follow"),
    FaultKind("repeat_item", "shows the last object of a page again at the top of the next one", is_conditional=True),
    FaultKind("skip_item", "leaves out an object on the border of two pages", is_conditional=True),
    FaultKind("null_lists", "writes null for every empty list", {"count": None}),
    FaultKind("sparse", "leaves out every field that the service may leave out", {"count": None}),
    FaultKind("when_without_object", "leaves out `object` in the `when` of events", {"count": None}),
    FaultKind("empty_conferencing", "gives every event a `conferencing` without anything in it", {"count": None}),
)

KINDS: Mapping[str, FaultKind] = {kind.name: kind for kind in _KINDS}

SWITCHES: Mapping[str, Json] = {
    "429 Too Many Requests": {"kind": "status", "status": 429},
    "429 with Retry-After: 2": {"kind": "status", "status": 429, "retry_after": 2},
    "401 Unauthorized once": {"kind": "status", "status": 401},
    "grant expires: 401 from now on": {"kind": "expired_grant"},
    "403 Forbidden": {"kind": "status", "status": 403},
    "404 Not Found": {"kind": "status", "status": 404},
    "410 for a page token": {"kind": "gone_cursor"},
    "500 Internal Server Error": {"kind": "status", "status": 500},
    "502 as an HTML page": {"kind": "status", "status": 502, "body": "html"},
    "503 Service Unavailable": {"kind": "status", "status": 503},
    "504 without doing anything": {"kind": "status", "status": 504},
    "504 after it was stored": {"kind": "store_then_504"},
    "silent after it was stored": {"kind": "store_then_hang"},
    "truncated JSON, status 200": {"kind": "status", "status": 200, "body": "truncated"},
    "slow: one second each": {"kind": "slow"},
    "hangs for 30 seconds": {"kind": "hang"},
    "connection reset": {"kind": "reset"},
    "short page, more follow": {"kind": "short_list"},
    "list ends too early": {"kind": "short_list", "cursor": False},
    "list is suddenly empty": {"kind": "empty_list"},
    "empty page, more follow": {"kind": "empty_list", "cursor": True},
    "object repeated on a page border": {"kind": "repeat_item"},
    "object skipped on a page border": {"kind": "skip_item"},
    "null for empty lists": {"kind": "null_lists"},
    "optional fields left out": {"kind": "sparse"},
    "when without object": {"kind": "when_without_object"},
    "empty conferencing": {"kind": "empty_conferencing"},
}
"""The orders that the control page offers by name."""
