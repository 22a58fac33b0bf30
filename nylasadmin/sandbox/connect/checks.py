"""Reading fields of a body one by one, each refused by name when it has the wrong type."""

from __future__ import annotations

from nylasadmin.sandbox.errors import Refusal, bad_request
from nylasadmin.sandbox.wire import Json


def text_of(body: Json, name: str) -> str | None:
    """Return a text field, None if it is left out or null."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(name, "must be text")
    return value


def required_text(body: Json, name: str) -> str:
    """Return a text field that must be there and not be blank."""
    value = text_of(body, name)
    if value is None or not value.strip():
        raise invalid(name, "is required")
    return value


def object_of(body: Json, name: str) -> Json | None:
    """Return an object field, None if it is left out or null."""
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise invalid(name, "must be an object")
    return value


def texts_of(body: Json, name: str) -> list[str] | None:
    """Return a list of texts, None if it is left out or null."""
    value = body.get(name)
    if value is not None and not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        raise invalid(name, "must be a list of text")
    return value


def choice_of(body: Json, name: str, known: tuple[str, ...]) -> str | None:
    """Return a text field that must be one of the known words, None if it is left out."""
    value = text_of(body, name)
    if value is not None and value not in known:
        raise invalid(name, f"must be one of {', '.join(known)}")
    return value


def invalid(name: str, problem: str) -> Refusal:
    """Return the refusal of one field."""
    return bad_request(f"{name} {problem}", **{name.replace(".", "__"): problem})
