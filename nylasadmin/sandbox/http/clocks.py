"""`/sandbox/clock`: the sandbox's time, to be read, stopped, moved and let go."""

from __future__ import annotations

from flask import Blueprint, Response

from nylasadmin.sandbox.clocks import Clock
from nylasadmin.sandbox.errors import bad_request
from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.wire import Json

_TYPES: dict[str, type | tuple[type, ...]] = {
    "freeze": bool,
    "at": int,
    "advance_s": int,
    "speed": (int, float),
}
_FASTEST = 1_000_000


def routes(sandbox: Sandbox) -> Blueprint:
    """Return the routes of the clock."""
    blueprint = Blueprint("clocks", __name__)

    @blueprint.get("/sandbox/clock")
    def show() -> Response:
        return replies.reply({"data": _wire(sandbox.clock)})

    @blueprint.post("/sandbox/clock")
    def turn() -> Response:
        wish = _checked(replies.body())
        _turn(sandbox.clock, wish)
        return replies.reply({"data": _wire(sandbox.clock)})

    return blueprint


def _turn(clock: Clock, wish: Json) -> None:
    """Freeze first, so that no time passes between the parts of a wish."""
    if wish.get("freeze"):
        clock.freeze(wish.get("at"))
    elif "at" in wish:
        clock.set(wish["at"])
    if "advance_s" in wish:
        clock.advance(wish["advance_s"])
    if "speed" in wish or wish.get("freeze") is False:
        clock.run(wish.get("speed", 1))


def _checked(wish: Json) -> Json:
    for name, value in wish.items():
        if name not in _TYPES:
            raise bad_request(f"{name} is unknown", **{name: "is unknown"})
        if not isinstance(value, _TYPES[name]) or (name != "freeze" and isinstance(value, bool)):
            raise bad_request(f"{name} has the wrong type", **{name: "has the wrong type"})
    if wish.get("advance_s", 0) < 0:
        raise bad_request("advance_s must not be negative", advance_s="must not be negative")
    if not 0 < wish.get("speed", 1) <= _FASTEST or (wish.get("freeze") and "speed" in wish):
        raise bad_request("speed must be above 0 and needs a running clock", speed="is not possible")
    return wish


def _wire(clock: Clock) -> Json:
    return {"now": clock.now(), "frozen": clock.is_frozen, "speed": clock.speed}
