"""Changes of data, announced to whoever listens (webhooks do). Called with the sandbox's lock held."""

from __future__ import annotations

from collections.abc import Callable

from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.wire import Json

Listener = Callable[[str, Grant | None, Json], None]


class Changes:
    """Tells every listener about a change, in the order in which the changes happen."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call `listener(trigger, grant, object)` for every change from now on."""
        self._listeners.append(listener)

    def announce(self, trigger: str, grant: Grant | None, obj: Json) -> None:
        """Say that something changed, by the trigger's name (`event.created`, ...)."""
        for listener in self._listeners:
            listener(trigger, grant, obj)
