"""Bodies of what was listed, until they are written: in memory while they are few, then in a file without a name."""

from __future__ import annotations

import logging
import tempfile
import weakref
from typing import IO

log = logging.getLogger(__name__)

_MOST_IN_MEMORY = 2 * 2**20  # bytes: some 4,000 items, more than nearly every calendar has


class KeptBodies:
    """Encoded items by their id. The file is gone with this object, or with the process, however that ends.

    Used by one thread.
    """

    def __init__(self, most_in_memory: int = _MOST_IN_MEMORY) -> None:
        self._left = most_in_memory
        self._held: dict[str, bytes] = {}
        self._filed: dict[str, int] = {}
        self._file: IO[bytes] | None = None
        self._is_without_file = False
        self._end = 0

    def put(self, item_id: str, body: bytes) -> None:
        """Keep a body; a later one of the same item counts."""
        self._left -= len(body)
        if self._left >= 0 or not self._has_file():
            self._held[item_id] = body
            self._filed.pop(item_id, None)
        else:
            self._held.pop(item_id, None)
            self._filed[item_id] = self._appended(body)

    def get(self, item_id: str) -> bytes | None:
        """Give a body; ``None`` for one that was never kept."""
        place = self._filed.get(item_id)
        if place is None or self._file is None:
            return self._held.get(item_id)
        self._file.seek(place >> 32)
        return self._file.read(place & 0xFFFFFFFF)

    def _has_file(self) -> bool:
        """Make the file if need be; where none can be made (no place to write), memory has to do."""
        if self._file is None and not self._is_without_file:
            try:
                self._file = tempfile.TemporaryFile(prefix="nylasadmin-")  # noqa: SIM115 - it lives as long as we do
                weakref.finalize(self, self._file.close)
            except OSError as error:
                log.warning("no temporary file can be made (%s); a large calendar stays in memory", error)
                self._is_without_file = True
        return self._file is not None

    def _appended(self, body: bytes) -> int:
        """Write a body at the end; give where it stands and its length as one number: there may be very many."""
        assert self._file is not None
        self._file.seek(self._end)
        self._file.write(body)
        place = self._end << 32 | len(body)
        self._end += len(body)
        return place
