"""The people outside the company whom its people know and write to. Number n is the same person for the same seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from nylasadmin.sandbox.company.people import Person, plain
from nylasadmin.sandbox.company.phrases import COMPANY_KINDS, COMPANY_WORDS, ROLES
from nylasadmin.sandbox.company.texts import COUNTRIES, CUSTOMERS

STAFF_EACH = 12
_SMALLEST_POOL = 96


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody who works at another company."""

    number: int
    given_name: str
    surname: str
    email: str
    company: str
    role: str

    @property
    def name(self) -> str:
        """The name in the order of the address line."""
        return f"{self.given_name} {self.surname}"


@lru_cache(maxsize=4096)
def customer(seed: int, number: int) -> Customer:
    """Return the customer of a number."""
    rng = Random(f"{seed} customer {number}")
    _, given, family = rng.choice(COUNTRIES)
    given_name, surname, company = rng.choice(given), rng.choice(family), company_name(number // STAFF_EACH)
    domain = "".join(letter for letter in company.lower() if letter.isascii() and letter.isalnum())
    address = f"{plain(given_name)}.{plain(surname)}{number % STAFF_EACH or ''}@{domain}.example"
    return Customer(number, given_name, surname, address, company, rng.choice(ROLES))


def company_name(number: int) -> str:
    """Return the name of the customer's company of a number."""
    if number < len(CUSTOMERS):
        return CUSTOMERS[number]
    number -= len(CUSTOMERS)
    word, kind = COMPANY_WORDS[number % 10], COMPANY_KINDS[number // 10 % 10]
    return f"{word} {kind}" if number < 100 else f"{word} {kind} {number // 100 + 1}"


def acquaintances(seed: int, person: Person, count: int) -> Sequence[int]:
    """Return the numbers of so many customers whom a person knows, the best known first."""
    rng = Random(f"{seed} acquaintances {person.number}")
    return rng.sample(range(max(_SMALLEST_POOL, count * 3)), count)
