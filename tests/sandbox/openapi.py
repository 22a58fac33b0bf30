"""The vendor's OpenAPI file as a judge: of single answers, and of every answer that a test gets from a sandbox."""

from __future__ import annotations

import gzip
import json
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest

from nylasadmin.sandbox.http.paths import raw_path
from nylasadmin.sandbox.testing import RunningSandbox, running_sandbox

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

CONTRADICTIONS = re.compile(
    "|".join(
        (
            # The file wants at least one participant; the Python client wants the key even when nobody is invited.
            r"participants: has fewer than 1 items",
            # Its envelope of lists says object, the list itself says array: every client reads an array.
            r"data: is no object",
            # Refusals of OAuth: a text there, a number in both clients and in every example of an answer.
            r"error_code: is no string",
            # Mail without any text has nothing to show: the file wants a character, the clients take an empty text.
            r"snippet: has a wrong length",
            # An event may have no title at all, which is an empty text to both clients.
            r"title: has a wrong length",
            # Kinds of addresses are free text at Google, as the file itself says elsewhere; the clients take any text.
            r"type: .* is not in \['work', 'home', 'mobile', 'other'\]",
            # Both clients know triggers that the file does not list, and register webhooks for them.
            r"trigger_types: .* is not in \[.*\]",
        )
    ),
    re.DOTALL,
)
"""Where the file contradicts itself, the providers or the official clients: the sandbox sides with the clients."""


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
    assert [one for one in problems(answer, schema) if not CONTRADICTIONS.fullmatch(one)] == []


class Judge:
    """WSGI middleware that compares every answer under /v3 with the file; what a fault has spoilt is let through."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self.found: set[str] = set()
        self.judged = 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        told: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Callable[[bytes], object]:
            told[:] = [status, {name.lower(): value for name, value in headers}]
            return start_response(status, headers, *more)

        method, path = environ["REQUEST_METHOD"].lower(), raw_path(environ)
        chunks = self._app(environ, start)
        body = b"".join(chunks)
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
        is_partial = "select=" in environ.get("QUERY_STRING", "")
        if FILE.is_file() and path.startswith("/v3") and "x-sandbox-fault" not in told[1] and not is_partial:
            self._judge(method, path, told[0][:3], told[1], body)
        return [body]

    def _judge(self, method: str, path: str, status: str, headers: dict[str, str], body: bytes) -> None:
        route = route_of(path)
        response = document()["paths"].get(route, {}).get(method, {}).get("responses", {}).get(status)
        schema = response and resolved(response).get("content", {}).get("application/json", {}).get("schema")
        if schema is None or method == "head":
            return
        self.judged += 1
        answer = json.loads(unpacked(body, headers.get("content-encoding")))
        wrong = (one for one in problems(answer, schema) if not CONTRADICTIONS.fullmatch(one))
        self.found |= {f"{method.upper()} {route} {status}: {one}" for one in wrong}


@cache
def route_of(path: str) -> str | None:
    """Return the path of the file that a request goes to; one with fewer parameters wins."""
    return next((route for pattern, route in _patterns() if pattern.fullmatch(path.rstrip("/"))), None)


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    routes = sorted(document()["paths"], key=lambda route: route.count("{"))
    return [(re.compile(re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(route))), route) for route in routes]


def unpacked(body: bytes, encoding: str | None) -> bytes:
    if encoding == "gzip":
        return gzip.decompress(body)
    return zlib.decompress(body) if encoding == "deflate" else body


@contextmanager
def judged_sandbox(**options: Any) -> Iterator[RunningSandbox]:
    """Serve a sandbox every answer of which must fit the vendor's file, if it is there."""
    judges: list[Judge] = []

    def around(app: WSGIApplication) -> Judge:
        judges.append(Judge(app))
        return judges[-1]

    with running_sandbox(**({"around": around} | options)) as box:
        yield box
    found = sorted(problem for judge in judges for problem in judge.found)
    assert not found, "\n".join(found)
