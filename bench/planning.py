"""Planning by itself: both listings and the pairs are there, what is to be done is decided. No I/O at all."""

from __future__ import annotations

from bench.reports import Row
from bench.stopwatches import median, timed
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.plan import Observed, Options, Pair, plan

_AIM_S = 0.5
_DIFFERS = 10  # every tenth pair is to be overwritten


def measure(items: int, rounds: int) -> list[Row]:
    """Plan so many items against as many, in the three ways two calendars can meet."""
    at_nylas, alike = _side("n", items, "u"), _side("c", items, "u", _DIFFERS)
    pairs = [Pair(one.id, other.id) for one, other in zip(at_nylas, alike, strict=True)]
    return [
        _row("every item has its pair", at_nylas, alike, pairs, rounds),
        _row("no pairs, every item found by its UID", at_nylas, alike, [], rounds),
        _row("nothing in common", at_nylas, _side("c", items, "v"), [], rounds),
    ]


def _row(name: str, source: list[Observed], destination: list[Observed], pairs: list[Pair], rounds: int) -> Row:
    took = median([timed(lambda: len(plan(source, destination, pairs, Options()))) for _ in range(rounds)])
    return Row(
        {
            "items at each side": f"{len(source):,}",
            "how they meet": name,
            "actions": f"{took.events:,}",
            "seconds": f"{took.wall_s:.3f}",
            "CPU seconds": f"{took.cpu_s:.3f}",
            "aim": f"< {_AIM_S} s",
        }
    )


def _side(prefix: str, items: int, uid: str, differs: int = 0) -> list[Observed]:
    return [
        Observed(
            id=ItemId(f"{prefix}{n}"),
            fingerprint=(n if not differs or n % differs else n + items).to_bytes(16, "big"),
            title=f"Meeting {n}",
            start=n * 3600,
            end=(n + 1) * 3600,
            uid=f"{uid}{n}@example",
        )
        for n in range(items)
    ]
