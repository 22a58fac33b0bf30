"""The people of the company: names, addresses, departments, zones and teams. The same for the same seed."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from nylasadmin.sandbox.company.texts import COUNTRIES, DEPARTMENTS, DOMAIN, FIRST_PEOPLE

TEAM_SIZE = 6


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works at the company."""

    number: int
    name: str
    email: str
    timezone: str
    department: int

    @property
    def team(self) -> int:
        """The number of the person's team."""
        return self.number // TEAM_SIZE


def people(count: int, rng: Random) -> Iterator[Person]:
    """Yield the people of a company; Anna, Bruno and Chen come first."""
    taken: Counter[str] = Counter()
    for number in range(count):
        given, family, timezone = _name(number, rng)
        local = plain(f"{given}.{family}")
        taken[local] += 1
        address = local if taken[local] == 1 else f"{local}{taken[local]}"
        department = (number // TEAM_SIZE) % len(DEPARTMENTS)
        yield Person(number, f"{given} {family}", f"{address}@{DOMAIN}", timezone, department)


def _name(number: int, rng: Random) -> tuple[str, str, str]:
    if number < len(FIRST_PEOPLE):
        return FIRST_PEOPLE[number]
    timezone, given, family = rng.choice(COUNTRIES)
    return rng.choice(given), rng.choice(family), timezone


def plain(text: str) -> str:
    """Write a name with the letters of an address."""
    bare = unicodedata.normalize("NFKD", text.replace("ø", "o").replace("ß", "ss"))
    return "".join(letter for letter in bare.lower() if letter.isascii() and (letter.isalnum() or letter == "."))
