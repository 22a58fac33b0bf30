"""Answers checked against the vendor's OpenAPI file. Skipped where the file is not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from nylasadmin.sandbox.receiver import Receiver

from .conftest import NOW, Api

FILE = Path(os.environ.get("NYLASADMIN_OPENAPI") or Path(__file__).parents[3] / "shared" / "spec" / "nylas-openapi.yml")
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}

CONTRADICTIONS = {
    # The file wants at least one participant; the Python client wants the key even when nobody is invited.
    "participants: has fewer than 1 items",
    # Its envelope of lists says object, the list itself says array: every client reads an array.
    "data: is no object",
}

pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="no OpenAPI file")


@cache
def document() -> Any:
    yaml = pytest.importorskip("yaml")
    return yaml.load(FILE.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def resolved(node: Any) -> Any:
    while "$ref" in node:
        found = document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/")]
        node = found
    return node


def problems(value: Any, schema: Any, path: str = "") -> Iterator[str]:
    """Yield what an answer has against its schema: types, enums, required keys, lengths, combinations."""
    schema = resolved(schema)
    types = schema.get("type", [])
    types = types if isinstance(types, list) else [types]
    if types and not any(isinstance(value, TYPES[kind]) for kind in types):
        yield f"{path}: is no {' or '.join(types)}"
        return
    if "enum" in schema and value is not None and value not in schema["enum"]:
        yield f"{path}: {value!r} is not in {schema['enum']}"
    for part in schema.get("allOf", ()):
        yield from problems(value, part, path)
    for name in ("anyOf", "oneOf"):
        if name in schema and not any(not list(problems(value, part, path)) for part in schema[name]):
            yield f"{path}: fits none of {name}"
    if isinstance(value, dict):
        yield from problems_of_object(value, schema, path)
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            yield f"{path}: has fewer than {schema['minItems']} items"
        for one in value:
            yield from problems(one, schema.get("items", {}), path)
    if isinstance(value, str) and not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**9):
        yield f"{path}: has a wrong length"


def problems_of_object(value: Any, schema: Any, path: str) -> Iterator[str]:
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{path}.{name}: is missing"
    known = schema.get("properties", {})
    for name, part in known.items():
        if name in value:
            yield from problems(value[name], part, name)
    if schema.get("additionalProperties") is False:
        yield from (f"{path}.{name}: is unknown" for name in value if name not in known)


def check(answer: Any, path: str, method: str = "get", status: str = "200") -> None:
    response = resolved(document()["paths"][path][method]["responses"][status])
    schema = response["content"]["application/json"]["schema"]
    assert set(problems(answer, schema)) - CONTRADICTIONS == set()


@pytest.fixture(params=["google", "microsoft", "icloud"])
def filled(request: pytest.FixtureRequest, start: Callable[..., Api]) -> Api:
    return start(provider=request.param, events_per_user=60)


def test_application_grants_and_calendars_fit(filled: Api) -> None:
    grant = filled.box.grants[0]
    check(filled.get("/v3/applications"), "/v3/applications")
    check(filled.get("/v3/grants"), "/v3/grants")
    check(filled.get(f"/v3/grants/{grant.id}"), "/v3/grants/{grantId}")
    check(filled.get(f"/v3/grants/{grant.id}/calendars"), "/v3/grants/{grant_id}/calendars")
    for calendar in grant.calendars:
        found = filled.get(f"/v3/grants/{grant.id}/calendars/{calendar.replace('=', '%3D')}")
        check(found, "/v3/grants/{grant_id}/calendars/{calendar_id}")


def test_lists_of_events_fit(filled: Api) -> None:
    for grant in filled.box.grants:
        for calendar in grant.calendars:
            query = {"calendar_id": calendar, "start": NOW - 100 * 86_400, "end": NOW + 100 * 86_400, "limit": 200}
            for expand in (True, False):
                found = filled.get(f"/v3/grants/{grant.id}/events", expand_recurring=expand, **query)
                check(found, "/v3/grants/{grant_id}/events")
            check(filled.get(f"/v3/grants/{grant.id}/events/import", **query), "/v3/grants/{grant_id}/events/import")


def test_single_events_and_deletions_fit(filled: Api) -> None:
    grant = filled.box.grants[0]
    calendar = filled.box.calendar(grant.id).id
    made = filled.create(grant=grant.id, calendar=calendar, title="x", when={"date": "2026-02-01"})
    path, route = (
        f"/v3/grants/{grant.id}/events/{made['id'].replace('=', '%3D')}",
        "/v3/grants/{grant_id}/events/{event_id}",
    )
    check(filled.get(path, calendar_id=calendar), route)
    check(filled.call("PUT", path, {"title": "y"}, calendar_id=calendar)[1], route, "put")
    check(filled.call("DELETE", path, calendar_id=calendar)[1], route, "delete")


def test_errors_fit(filled: Api) -> None:
    grant = filled.box.grants[0].id
    route = "/v3/grants/{grant_id}/events"
    check(filled.call("GET", f"/v3/grants/{grant}/events")[1], route, status="400")
    filled.call("POST", f"/sandbox/grants/{grant}/expire")
    check(filled.call("GET", f"/v3/grants/{grant}/calendars")[1], "/v3/grants/{grant_id}/calendars", status="401")
    check(filled.call("GET", "/v3/grants/none")[1], "/v3/grants/{grantId}", status="404")


def test_webhooks_fit(api: Api, hook: Receiver) -> None:
    body = {"trigger_types": ["event.created"], "webhook_url": hook.url, "description": "d"}
    made = api.call("POST", "/v3/webhooks", body)[1]
    one, route = f"/v3/webhooks/{made['data']['id']}", "/v3/webhooks/{id}"
    check(made, "/v3/webhooks", "post")
    check(api.get("/v3/webhooks"), "/v3/webhooks")
    check(api.get(one), route)
    check(api.call("PUT", one, {"status": "pause"})[1], route, "put")
    check(
        api.call("POST", f"/v3/webhooks/rotate-secret/{made['data']['id']}", {})[1],
        "/v3/webhooks/rotate-secret/{id}",
        "post",
    )
    check(api.call("DELETE", one)[1], route, "delete")
    check(api.call("GET", one)[1], route, status="400")
    check(api.call("POST", "/v3/webhooks", {})[1], "/v3/webhooks", "post", "400")


def test_examples_of_notifications_fit(api: Api, hook: Receiver) -> None:
    body = {"trigger_type": "event.created", "webhook_url": hook.url}
    for path in ("/v3/webhooks/mock-payload", "/v3/webhooks/send-test-event"):
        check(api.call("POST", path, body)[1], path, "post")
        check(api.call("POST", path, {})[1], path, "post", "400")
