"""The list of what a file holds and Nylas cannot show: (file, uid, what, why)."""

from __future__ import annotations

from collections import Counter

from nylasadmin.sandbox.wire import Json


class FileReport:
    """What could not be taken over from one file."""

    def __init__(self, file: str, things: str = "events") -> None:
        self._file = file
        self._things = things
        self._entries: list[Json] = []
        self._properties: Counter[str] = Counter()
        self._private: Counter[str] = Counter()

    def add(self, uid: str | None, what: str, why: str) -> None:
        """Note one loss or change."""
        self._entries.append({"file": self._file, "uid": uid, "what": what, "why": why})

    def add_property(self, name: str) -> None:
        """Note that something has a property without a place; told once per file with the number of them."""
        (self._private if name.startswith("X-") else self._properties)[name] += 1

    def entries(self) -> list[Json]:
        """Return everything noted, single losses first."""
        entries = list(self._entries)
        for name, count in sorted(self._properties.items()):
            entries.append(
                self._entry(f"{name} of {count} {self._things}", f"{self._things} at Nylas have no such field")
            )
        if self._private:
            names = ", ".join(sorted(self._private))
            entries.append(self._entry(names, "private extensions have no place at Nylas"))
        return entries

    def _entry(self, what: str, why: str) -> Json:
        return {"file": self._file, "uid": None, "what": what, "why": why}
