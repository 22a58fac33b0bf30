"""How notifications are made and delivered: what is a choice, with the service's habits as the defaults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from nylasadmin.sandbox.errors import bad_request
from nylasadmin.sandbox.wire import Json

_LISTED = frozenset({408, 429, 502, 503, 504, 507})


@dataclass
class DeliverySettings:
    """Switches of one sandbox. Times without another word are seconds of the sandbox's clock."""

    timeout_s: float = 10.0
    """Real seconds that a receiver has for its answer."""
    retry_after_s: list[int] = field(default_factory=lambda: [300, 600])
    """Pause before each further attempt."""
    retry_on: str = "any"
    """`any`: whatever is not 200; `listed`: no answer, 408, 429, 502, 503, 504 and 507 only."""
    debounce_s: int = 0
    """Changes of one object within this time become one notification; 0 notifies each at once."""
    occurrence_form: str = "occurrence"
    """What a changed or deleted occurrence is notified as: `occurrence`, its `master`, or `both`."""
    transformed: bool = False
    """Notify messages and events as `.transformed`, with the chosen fields only."""
    transformed_fields: list[str] = field(default_factory=lambda: ["id", "grant_id", "calendar_id", "object", "when"])
    legacy: bool = False
    """Notify opened messages, clicked links and replies in their `.legacy` form."""
    deleted_metadata: bool = False
    """Deleted events carry their metadata."""
    truncate_over_bytes: int = 1_000_000
    plain_http: bool = False
    """Accept `http://` for any host, not only for this machine."""

    def change(self, wish: Json) -> None:
        """Change some switches, all or none of them."""
        for name, value in wish.items():
            check = _CHECKS.get(name)
            if check is None or not check(value):
                problem = "is unknown" if check is None else "has a wrong value"
                raise bad_request(f"{name} {problem}", **{name: problem})
        for name, value in wish.items():
            setattr(self, name, value)

    def wire(self) -> Json:
        """Return all switches."""
        return asdict(self)

    def repeats(self, status: int | None) -> bool:
        """Tell whether an answer (none: no answer in time) leads to another attempt."""
        if self.retry_on == "listed":
            return status is None or status in _LISTED
        return status != 200


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_count(value: object) -> bool:
    return _is_number(value) and isinstance(value, int)


def _is_switch(value: object) -> bool:
    return isinstance(value, bool)


def _list_of(check: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(check(one) for one in value)


_CHECKS: dict[str, Callable[[object], bool]] = {
    "timeout_s": lambda value: _is_number(value) and value != 0,
    "retry_after_s": _list_of(_is_count),
    "retry_on": lambda value: value in ("any", "listed"),
    "debounce_s": _is_count,
    "occurrence_form": lambda value: value in ("occurrence", "master", "both"),
    "transformed": _is_switch,
    "transformed_fields": _list_of(lambda value: isinstance(value, str)),
    "legacy": _is_switch,
    "deleted_metadata": _is_switch,
    "truncate_over_bytes": _is_count,
    "plain_http": _is_switch,
}
