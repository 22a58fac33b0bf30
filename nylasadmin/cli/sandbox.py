"""The sandbox: a Nylas look-alike to try things on. All of it lives in :mod:`nylasadmin.sandbox`."""

from __future__ import annotations

from collections.abc import Sequence

from nylasadmin.sandbox.command import main


def serve(arguments: Sequence[str]) -> int:
    """Hand the arguments over; give the exit code."""
    return main(list(arguments))
