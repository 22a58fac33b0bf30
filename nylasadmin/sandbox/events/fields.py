"""What a client may write into an event: every field checked, read-only ones ignored."""

from __future__ import annotations

from collections.abc import Callable

from nylasadmin.sandbox.errors import Refusal, bad_request
from nylasadmin.sandbox.events.recurrences import checked_recurrence
from nylasadmin.sandbox.events.whens import checked_when
from nylasadmin.sandbox.providers import ProviderRules
from nylasadmin.sandbox.wire import Json

Check = Callable[[object, ProviderRules], object]

_MAX_PAIRS, _MAX_KEY, _MAX_VALUE = 50, 40, 500


def checked_fields(body: Json, rules: ProviderRules) -> Json:
    """Return the writable fields of a body in their stored form; None stands for "remove"."""
    return {
        name: None if body[name] is None and name != "when" else check(body[name], rules)
        for name, check in _CHECKS.items()
        if name in body and _is_known(name, rules)
    }


def checked_metadata(value: object, _rules: ProviderRules | None = None) -> dict[str, str]:
    """Return metadata: at most 50 pairs of text, keys of 40 and values of 500 characters."""
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise _invalid("metadata", "must hold text only, without nesting")
    if len(value) > _MAX_PAIRS:
        raise _invalid("metadata", f"must not hold more than {_MAX_PAIRS} pairs")
    if any(len(key) > _MAX_KEY for key in value):
        raise _invalid("metadata", f"keys must not be longer than {_MAX_KEY} characters")
    if any(len(text) > _MAX_VALUE for text in value.values()):
        raise _invalid("metadata", f"values must not be longer than {_MAX_VALUE} characters")
    return dict(value)


def _is_known(name: str, rules: ProviderRules) -> bool:
    if name == "visibility":
        return bool(rules.visibilities)
    return name != "color_id" or rules.has_color_id


def _text(name: str, longest: int | None = None) -> Check:
    def check(value: object, _rules: ProviderRules) -> object:
        if not isinstance(value, str):
            raise _invalid(name, "must be text")
        if longest is not None and len(value) > longest:
            raise _invalid(name, f"must not be longer than {longest} characters")
        return value

    return check


def _of_type(name: str, kind: type, what: str) -> Check:
    def check(value: object, _rules: ProviderRules) -> object:
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise _invalid(name, f"must be {what}")
        return value

    return check


def _description(value: object, rules: ProviderRules) -> object:
    return _text("description", rules.max_description)(value, rules)


def _when(value: object, rules: ProviderRules) -> object:
    return checked_when(value, end_exclusive=rules.end_date_exclusive)


def _recurrence(value: object, _rules: ProviderRules) -> object:
    return checked_recurrence(value)


def _visibility(value: object, rules: ProviderRules) -> object:
    if value not in rules.visibilities:
        raise _invalid("visibility", f"must be one of {', '.join(rules.visibilities)} for {rules.name}")
    return value


def _participants(value: object, _rules: ProviderRules) -> object:
    people = _objects("participants", value)
    for number, person in enumerate(people):
        address = person.get("email")
        if not isinstance(address, str) or "@" not in address:
            raise _invalid(f"participants.{number}.email", "must be an e-mail address")
    known = ("email", "name", "status", "comment", "phone_number")
    return [{key: person[key] for key in known if person.get(key) is not None} for person in people]


def _resources(value: object, _rules: ProviderRules) -> object:
    rooms = _objects("resources", value)
    if any(not isinstance(room.get("email"), str) for room in rooms):
        raise _invalid("resources", "need an e-mail address each")
    return rooms


def _reminders(value: object, rules: ProviderRules) -> object:
    if not isinstance(value, dict):
        raise _invalid("reminders", "must be an object")
    overrides = value.get("overrides") or []
    # The decoder of the Python client insists on `use_default`; without overrides the provider's default holds.
    use_default = value.get("use_default", not overrides)
    if overrides and use_default:
        raise _invalid("reminders", "cannot have overrides together with use_default")
    if rules.max_reminders is not None and len(overrides) > rules.max_reminders:
        raise _invalid("reminders.overrides", f"must not be more than {rules.max_reminders} for {rules.name}")
    return {
        "use_default": use_default,
        "overrides": [_reminder(one, rules) for one in _objects("reminders", overrides)],
    }


def _reminder(value: Json, rules: ProviderRules) -> Json:
    minutes = value.get("reminder_minutes")
    if isinstance(minutes, str) and minutes.strip("[]").isdigit():
        minutes = int(minutes.strip("[]"))
    if not isinstance(minutes, int) or isinstance(minutes, bool) or minutes < 0:
        raise _invalid("reminders.overrides", "need reminder_minutes of zero or more")
    method = value.get("reminder_method") or rules.reminder_methods[0]
    if method not in rules.reminder_methods:
        raise _invalid("reminders.overrides", f"reminder_method must be one of {', '.join(rules.reminder_methods)}")
    return {"reminder_minutes": minutes, "reminder_method": method}


def _conferencing(value: object, _rules: ProviderRules) -> object:
    if not isinstance(value, dict):
        raise _invalid("conferencing", "must be an object")
    if "autocreate" in value and "details" in value:
        raise _invalid("conferencing", "takes autocreate or details, not both")
    if "autocreate" in value:
        return {"provider": value.get("provider", "unknown"), "details": {"url": "https://meet.example/autocreated"}}
    return value or None


def _objects(name: str, value: object) -> list[Json]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise _invalid(name, "must be a list of objects")
    return value


def _invalid(name: str, problem: str) -> Refusal:
    return bad_request(f"{name} {problem}", **{name: problem})


_CHECKS: dict[str, Check] = {
    "title": _text("title", 1024),
    "description": _description,
    "location": _text("location", 255),
    "when": _when,
    "busy": _of_type("busy", bool, "true or false"),
    "participants": _participants,
    "resources": _resources,
    "recurrence": _recurrence,
    "reminders": _reminders,
    "conferencing": _conferencing,
    "visibility": _visibility,
    "hide_participants": _of_type("hide_participants", bool, "true or false"),
    "capacity": _of_type("capacity", int, "a whole number"),
    "color_id": _text("color_id"),
    "notetaker": _of_type("notetaker", dict, "an object"),
    "metadata": checked_metadata,
}
