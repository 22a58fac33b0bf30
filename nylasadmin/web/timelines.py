"""Time lines of policies as values: dates and dots in the units of a drawing, for a template to write as SVG. Pure.

The line is no scale: each stretch between two dates has room for its label, longer ones have more.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from math import sqrt

import msgspec

from nylasadmin.domain.policies import FrozenPolicy, cut_off, local_day
from nylasadmin.domain.verdicts import Dated, sync_verdict, webhook_verdict

WIDTH = 460
_LEFT, _RIGHT = 10, 450
_LEAST = 66  # a date's label
_DAY_S = 86_400
_FAR_S = 365 * _DAY_S


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A text at a place of the line."""

    x: float
    text: str


class Dot(msgspec.Struct, frozen=True, kw_only=True):
    """An item: ``outside``, ``taken`` (takes part) or ``told`` (notifies as well)."""

    x: float
    css: str


class TimeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One drawing, 460 units wide. ``cut`` and ``told`` are where what takes part and what notifies begins.

    The text about ``connected`` has its middle at ``label``. ``undated`` items have no place on the line and always
    take part.
    """

    cut: float
    told: float
    connected: float
    label: float
    connected_text: str
    marks: tuple[Mark, ...]
    dots: tuple[Dot, ...] = ()
    inside: int = 0
    outside: int = 0
    undated: int = 0


def draw(policy: FrozenPolicy, connected_at: int, now: int, items: Sequence[Dated] = ()) -> TimeLine:
    """Draw the windows of an account that has frozen ``policy``, and its items."""
    told_from, connected = policy.webhook_window.start, cut_off(connected_at, 0, policy.zone)
    now = connected if now < connected + _DAY_S else now
    dates = [item.date for item in items if item.date is not None]
    x = _Scale(_knots(policy.sync_from, told_from, connected, now, dates))
    dots = tuple(_dot(item, policy, x) for item in items if item.date is not None)
    outside = sum(1 for dot in dots if dot.css == "outside")
    return TimeLine(
        cut=x.at(policy.sync_from),
        told=x.at(told_from),
        connected=x.at(connected),
        label=min(max(x.at(connected), _LEAST), WIDTH - _LEAST),
        connected_text=f"connected {_text(connected, policy.zone)}",
        marks=_marks(policy, told_from, connected, now, x),
        dots=dots,
        inside=len(items) - outside,
        outside=outside,
        undated=len(items) - len(dots),
    )


def _dot(item: Dated, policy: FrozenPolicy, x: _Scale) -> Dot:
    if not sync_verdict(item, policy).takes_part:
        return Dot(x=x.at(item.date or 0), css="outside")
    return Dot(x=x.at(item.date or 0), css="told" if webhook_verdict(item, policy).takes_part else "taken")


def _knots(cut: int, told: int, connected: int, now: int, dates: list[int]) -> list[int]:
    """Give the moments that the line is stretched between: the cut-offs, connecting, today, and both of its ends.

    Items far beyond them gather at the ends.
    """
    around, latest = max(10 * _DAY_S, (connected - cut) // 4), max(connected, now)
    first = max(min([cut - around, *dates]), cut - around - _FAR_S)
    last = min(max([latest + around, *dates]), latest + around + _FAR_S)
    return sorted({first, cut, told, connected, latest, last})


class _Scale:
    """Where a moment lies on the line."""

    def __init__(self, knots: list[int]) -> None:
        self._knots = knots
        spans = [sqrt(later - earlier) for earlier, later in pairwise(knots)]
        spare = _RIGHT - _LEFT - _LEAST * len(spans)
        self._places = [float(_LEFT)]
        for span in spans:
            self._places.append(self._places[-1] + _LEAST + spare * span / sum(spans))

    def at(self, moment: int) -> float:
        moment = min(max(moment, self._knots[0]), self._knots[-1])
        n = min(max(bisect_right(self._knots, moment) - 1, 0), len(self._knots) - 2)
        share = (moment - self._knots[n]) / (self._knots[n + 1] - self._knots[n])
        return round(self._places[n] + (self._places[n + 1] - self._places[n]) * share, 1)


def _marks(policy: FrozenPolicy, told: int, connected: int, now: int, x: _Scale) -> tuple[Mark, ...]:
    """Label the cut-offs and today below the line; the day of connecting stands above it."""
    found = [Mark(x=x.at(policy.sync_from), text=_text(policy.sync_from, policy.zone))]
    if policy.sync_from < told != connected:
        found.append(Mark(x=x.at(told), text=_text(told, policy.zone)))
    if now > connected:
        found.append(Mark(x=x.at(now), text="today"))
    return tuple(found)


def _text(at: int, zone: str) -> str:
    day = local_day(at, zone)
    return f"{day.day} {day:%b %Y}"
