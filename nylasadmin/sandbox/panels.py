"""Tables that other parts of the sandbox add to the control page and to the export of a grant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.wire import Json

Rows = Callable[[], Iterable[Sequence[object]]]
Objects = Callable[[Grant], Iterable[Json]]


@dataclass(frozen=True, slots=True)
class Panel:
    """One table of the control page; `rows` is asked each time, with the sandbox's lock held, newest row first."""

    title: str
    columns: tuple[str, ...]
    rows: Rows
    when_empty: str = "Nothing yet."


@dataclass
class Panels:
    """What the control page and the export show beside calendars, events and requests."""

    tables: list[Panel] = field(default_factory=list)
    collections: dict[str, Objects] = field(default_factory=dict)

    def add_table(self, title: str, columns: tuple[str, ...], rows: Rows, when_empty: str = "Nothing yet.") -> None:
        """Put a table on the control page, for example the webhook deliveries; one with the same title gives way."""
        self.tables = [one for one in self.tables if one.title != title]
        self.tables.append(Panel(title, columns, rows, when_empty))

    def add_collection(self, name: str, objects: Objects) -> None:
        """Put more objects of a grant into its export, for example its contacts."""
        self.collections[name] = objects
