"""The addresses of a list that can be filtered: its own with something changed, and those of its pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import request, url_for


class ListAddresses:
    """``noun`` names the list in templates; ``parameters`` are those of its address that say what it shows."""

    def __init__(self, noun: str, parameters: frozenset[str]) -> None:
        self._noun = noun
        self._parameters = parameters

    def given(self, **changes: Any) -> dict[str, Any]:
        """Give the filters of this address, with changes, without what is empty or the first page."""
        values = {k: v for k, v in request.args.items() if k in self._parameters} | changes
        return {k: v for k, v in values.items() if v and not (k == "page" and str(v) == "1")}

    def for_templates(self) -> dict[str, Callable[..., Any]]:
        """Give templates ``<noun>_url``, ``<noun>_page_url`` and, for a form's hidden fields, ``<noun>_hidden``."""

        def url(endpoint: str, **changes: Any) -> str:
            return url_for(f".{endpoint}", **self.given(**changes))

        return {
            f"{self._noun}_url": url,
            f"{self._noun}_page_url": lambda number: url("page", page=number),
            f"{self._noun}_hidden": lambda *names: [(k, v) for k, v in self.given(page="").items() if k not in names],
        }
