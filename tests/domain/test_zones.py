"""Names of zones."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from nylasadmin.domain.zones import CANONICAL, canonical_zone, is_known_zone, zone_or_utc

INSTANTS = [datetime(year, month, 15, 12, tzinfo=UTC) for year in range(2000, 2037) for month in (1, 7)]


@pytest.mark.parametrize(("alias", "name"), sorted(CANONICAL.items()))
def test_an_alias_shows_the_same_time_as_the_name_that_stands_for_it(alias: str, name: str) -> None:
    if alias == "Z":
        return  # no zone of the database, only a way to write UTC
    assert [t.astimezone(ZoneInfo(alias)).utcoffset() for t in INSTANTS] == [
        t.astimezone(ZoneInfo(name)).utcoffset() for t in INSTANTS
    ]


def test_a_name_that_stands_for_others_stands_for_itself() -> None:
    assert not set(CANONICAL.values()) & CANONICAL.keys()


@pytest.mark.parametrize(
    ("name", "canonical"),
    [(None, "UTC"), ("", "UTC"), ("Etc/UTC", "UTC"), ("US/Eastern", "America/New_York"), ("Mars/Dust", "Mars/Dust")],
)
def test_a_zone_is_compared_by_one_name(name: str | None, canonical: str) -> None:
    assert canonical_zone(name) == canonical


@pytest.mark.parametrize("name", ["Mars/Dust", "../../etc/passwd", "Europe", "/Europe/Berlin", "\0", "a" * 5000])
def test_a_name_nobody_knows_counts_as_utc(name: str) -> None:
    assert not is_known_zone(name)
    assert zone_or_utc(name) == ZoneInfo("UTC")
