"""Answers that hold objects of one type: a page of them, or one.

One object that is not what the contract says does not spoil its page: it comes back as :class:`Unreadable`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from nylasadmin.adapters.nylas.wire import Unreadable, read
from nylasadmin.errors import BadAnswer

_T = TypeVar("_T")


class ObjectPage(msgspec.Struct, Generic[_T]):
    """What one page told; ``spoilt`` could not be understood."""

    found: list[_T]
    spoilt: list[Unreadable]
    next_cursor: str | None


class _Page(msgspec.Struct):
    data: list[msgspec.Raw] | dict[str, msgspec.Raw]
    next_cursor: str | None = None


class _One(msgspec.Struct):
    data: msgspec.Raw


class _Bare(msgspec.Struct):
    id: str


_page = msgspec.json.Decoder(_Page)
_list = msgspec.json.Decoder(list[msgspec.Raw])
_one = msgspec.json.Decoder(_One)
_bare = msgspec.json.Decoder(_Bare)


class Objects(Generic[_T]):
    """Decodes answers; ``title_of`` names an object that cannot be understood, from its fields as they came.

    ``inside``: where a page may also hold its list, as the vendor's file shows it for threads.
    """

    def __init__(self, kind: type[_T], title_of: Callable[[dict[str, object]], str], *, inside: str = "") -> None:
        self._strict = msgspec.json.Decoder(kind)
        self._lenient = msgspec.json.Decoder(kind, strict=False)
        self._title_of = title_of
        self._inside = inside

    def page(self, body: bytes) -> ObjectPage[_T]:
        """Decode a page. Raises ``BadAnswer`` when it is no page at all."""
        page = read(_page, body)
        pieces = [self._piece(bytes(raw)) for raw in self._listed(page.data)]
        spoilt = [piece for piece in pieces if isinstance(piece, Unreadable)]
        return ObjectPage([p for p in pieces if not isinstance(p, Unreadable)], spoilt, page.next_cursor)

    def _listed(self, data: list[msgspec.Raw] | dict[str, msgspec.Raw]) -> list[msgspec.Raw]:
        if isinstance(data, list):
            return data
        if not self._inside or self._inside not in data:
            raise BadAnswer("a page without its list", status=200)
        return read(_list, bytes(data[self._inside]))

    def one(self, body: bytes) -> _T | Unreadable:
        """Decode an answer that holds one object. Raises ``BadAnswer`` when there is none in it."""
        return self._piece(bytes(read(_one, body).data))

    def _piece(self, body: bytes) -> _T | Unreadable:
        try:
            return self._strict.decode(body)
        except msgspec.ValidationError as error:
            why = str(error)
        try:
            return self._lenient.decode(body)
        except msgspec.ValidationError:
            found = read(_bare, body).id
            return Unreadable(found, body, self._title_of(msgspec.json.decode(body, type=dict)), why)
