"""Zone names: one spelling for zones that have several.

The table is ours and not the machine's, so that a fingerprint is the same everywhere and for good. Items keep the name
they came with; only comparisons use the spelling from here.
"""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_ALIASES = {
    "UTC": "Etc/UTC Etc/UCT Etc/GMT Etc/Universal Etc/Zulu Etc/Greenwich UCT GMT Universal Zulu Greenwich Z",
    "Africa/Asmara": "Africa/Asmera",
    "Africa/Cairo": "Egypt",
    "America/Anchorage": "US/Alaska",
    "America/Argentina/Buenos_Aires": "America/Buenos_Aires",
    "America/Chicago": "US/Central CST6CDT",
    "America/Denver": "US/Mountain MST7MDT",
    "America/Edmonton": "Canada/Mountain",
    "America/Halifax": "Canada/Atlantic",
    "America/Indiana/Indianapolis": "America/Indianapolis America/Fort_Wayne US/East-Indiana",
    "America/Kentucky/Louisville": "America/Louisville",
    "America/Los_Angeles": "US/Pacific PST8PDT",
    "America/New_York": "US/Eastern EST5EDT",
    "America/Nuuk": "America/Godthab",
    "America/Phoenix": "US/Arizona",
    "America/Sao_Paulo": "Brazil/East",
    "America/St_Johns": "Canada/Newfoundland",
    "America/Toronto": "Canada/Eastern",
    "America/Vancouver": "Canada/Pacific",
    "America/Winnipeg": "Canada/Central",
    "Asia/Dhaka": "Asia/Dacca",
    "Asia/Ho_Chi_Minh": "Asia/Saigon",
    "Asia/Hong_Kong": "Hongkong",
    "Asia/Jerusalem": "Israel Asia/Tel_Aviv",
    "Asia/Kathmandu": "Asia/Katmandu",
    "Asia/Kolkata": "Asia/Calcutta",
    "Asia/Macau": "Asia/Macao",
    "Asia/Seoul": "ROK",
    "Asia/Shanghai": "PRC Asia/Chongqing",
    "Asia/Singapore": "Singapore",
    "Asia/Tehran": "Iran",
    "Asia/Thimphu": "Asia/Thimbu",
    "Asia/Tokyo": "Japan",
    "Asia/Ulaanbaatar": "Asia/Ulan_Bator",
    "Asia/Yangon": "Asia/Rangoon",
    "Atlantic/Faroe": "Atlantic/Faeroe",
    "Australia/Adelaide": "Australia/South",
    "Australia/Brisbane": "Australia/Queensland",
    "Australia/Darwin": "Australia/North",
    "Australia/Hobart": "Australia/Tasmania",
    "Australia/Melbourne": "Australia/Victoria",
    "Australia/Perth": "Australia/West",
    "Australia/Sydney": "Australia/NSW Australia/ACT Australia/Canberra",
    "Europe/Dublin": "Eire",
    "Europe/Istanbul": "Turkey Asia/Istanbul",
    "Europe/Kyiv": "Europe/Kiev",
    "Europe/Lisbon": "Portugal",
    "Europe/London": "GB GB-Eire Europe/Belfast",
    "Europe/Warsaw": "Poland",
    "Pacific/Auckland": "NZ",
    "Pacific/Chuuk": "Pacific/Truk",
    "Pacific/Honolulu": "US/Hawaii",
    "Pacific/Kanton": "Pacific/Enderbury",
    "Pacific/Pohnpei": "Pacific/Ponape",
}

CANONICAL = {alias: name for name, aliases in _ALIASES.items() for alias in aliases.split()}
"""Old and alternative names, each with the name that stands for it."""


def canonical_zone(name: str | None) -> str:
    """Give the one name of a zone. No zone means UTC, the zone instants are written in when nobody named another."""
    return CANONICAL.get(name, name) if name else "UTC"


def zone_or_utc(name: str | None) -> ZoneInfo:
    """Give the zone of that name; UTC for none and for names nobody knows."""
    return (_zone(name) if name else None) or _UTC


def is_known_zone(name: str) -> bool:
    """Say whether a zone of that name can be computed with."""
    return _zone(name) is not None


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(CANONICAL.get(name, name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


_UTC = ZoneInfo("UTC")
