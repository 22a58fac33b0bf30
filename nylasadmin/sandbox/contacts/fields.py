"""What a client may write into a contact: every field checked, read-only ones ignored, the provider's limits kept."""

from __future__ import annotations

import re
from collections import Counter

from nylasadmin.sandbox.contacts.rules import ContactRules
from nylasadmin.sandbox.errors import Refusal, bad_request
from nylasadmin.sandbox.events.fields import checked_metadata
from nylasadmin.sandbox.wire import Json

TEXTS = (
    "given_name",
    "middle_name",
    "surname",
    "suffix",
    "nickname",
    "display_name",
    "company_name",
    "job_title",
    "manager_name",
    "office_location",
    "notes",
    "birthday",
)
PARTS = {
    "emails": ("email", "type"),
    "phone_numbers": ("number", "type"),
    "physical_addresses": ("type", "format", "street_address", "city", "state", "postal_code", "country"),
    "im_addresses": ("im_address", "type"),
    "web_pages": ("url", "type"),
    "groups": ("id",),
}
_LONGEST = {"email": 255, "im_address": 255}
_BIRTHDAY = re.compile(r"(\d{4}|-)-?\d{2}-?\d{2}(T.*)?")


def checked_contact(body: Json, rules: ContactRules, known_groups: frozenset[str]) -> Json:
    """Return the writable fields of a body in their stored form; None stands for "remove"."""
    changes: Json = {
        name: _text(body, name) for name in TEXTS if name in body and (name != "suffix" or rules.has_suffix)
    }
    for name in PARTS:
        if name in body and (name != "groups" or rules.has_groups):
            changes[name] = _parts(name, body[name] or [], rules)
    if body.get("metadata") is not None:
        changes["metadata"] = checked_metadata(body["metadata"])
    unknown = {one["id"] for one in changes.get("groups", ())} - known_groups
    if unknown:
        raise _invalid("groups", f"{min(unknown)} is no contact group of this account")
    return changes


def limits_of(name: str, rules: ContactRules) -> tuple[int | None, dict[str, int], int | None]:
    """Return how many entries a list may have: in all, of certain types, of any one type."""
    most = {
        "emails": rules.max_emails,
        "phone_numbers": rules.max_phones,
        "physical_addresses": rules.max_addresses,
        "im_addresses": rules.max_im_addresses,
        "web_pages": rules.max_web_pages,
        "groups": rules.max_groups,
    }[name]
    of_types = dict(rules.max_phones_by_type) if name == "phone_numbers" else {}
    of_any = rules.max_addresses_by_type if name == "physical_addresses" else None
    return most, of_types, of_any


def types_of(name: str, rules: ContactRules) -> tuple[str, ...] | None:
    """Return the types an entry of a list may have; None means free text."""
    if name == "im_addresses":
        return None
    named = {"phone_numbers": rules.phone_types, "web_pages": rules.web_page_types}
    return named.get(name, rules.types)


def _text(body: Json, name: str) -> str | None:
    value = body[name]
    if value is not None and not isinstance(value, str):
        raise _invalid(name, "must be text")
    if name == "given_name" and not (value or "").strip():
        raise _invalid(name, "must not be empty")
    if name == "birthday" and value and not _BIRTHDAY.fullmatch(value):
        raise _invalid(name, "must be a date like 1984-02-29")
    return value or None


def _parts(name: str, value: object, rules: ContactRules) -> list[Json]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise _invalid(name, "must be a list of objects")
    parts = [_part(f"{name}.{number}", one, PARTS[name]) for number, one in enumerate(value)]
    if name == "emails" and not rules.email_has_type:
        parts = [{"email": one["email"]} for one in parts]
    _check_types(name, parts, rules)
    _check_numbers(name, parts, rules)
    return parts


def _part(name: str, value: Json, known: tuple[str, ...]) -> Json:
    part = {key: value[key] for key in known if value.get(key) is not None}
    if known[0] not in part and known[0] != "type":
        raise _invalid(f"{name}.{known[0]}", "is required")
    for key, text in part.items():
        if not isinstance(text, str) or (key == known[0] and not text):
            raise _invalid(f"{name}.{key}", "must be text")
        if len(text) > _LONGEST.get(key, 1 << 20):
            raise _invalid(f"{name}.{key}", f"must not be longer than {_LONGEST[key]} characters")
    return part


def _check_types(name: str, parts: list[Json], rules: ContactRules) -> None:
    allowed = types_of(name, rules)
    wrong = [one["type"] for one in parts if allowed is not None and one.get("type") not in (None, *allowed)]
    if wrong and allowed is not None:
        raise _invalid(f"{name}.type", f"must be one of {', '.join(allowed)}, not {wrong[0]}")


def _check_numbers(name: str, parts: list[Json], rules: ContactRules) -> None:
    most, of_types, of_any = limits_of(name, rules)
    if most is not None and len(parts) > most:
        raise _invalid(name, f"must not be more than {most} at this provider")
    for kind, count in Counter(one.get("type", "work") for one in parts).items():
        limit = of_types.get(kind, of_any)
        if limit is not None and count > limit:
            raise _invalid(name, f"must not be more than {limit} of type {kind} at this provider")


def _invalid(name: str, problem: str) -> Refusal:
    return bad_request(f"{name} {problem}", **{name: problem})
