"""Who writes to whom about what: the conversations of a team over the past year, made team by team when asked for.

All who take part hold the same conversation, each in the own mailbox. Same seed and day, same conversations.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from html import escape
from random import Random
from typing import NamedTuple

from nylasadmin.sandbox.company import phrases
from nylasadmin.sandbox.company.customers import STAFF_EACH, acquaintances, company_name, customer
from nylasadmin.sandbox.company.people import TEAM_SIZE, Person
from nylasadmin.sandbox.events.zones import instant

_DAYS = 365
_LENGTHS = (1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 8)
_KNOWN = 40
_TEAMS_KEPT = 32

CUSTOMER, COLLEAGUES, NOTICE = "customer", "colleagues", "notice"
Name = tuple[str, str]
"""A name and an address."""


class Letter(NamedTuple):
    """One message of a conversation."""

    sender: Name
    to: tuple[Name, ...]
    cc: tuple[Name, ...]
    date: int
    body: str
    file: tuple[str, str, int] | None


class Conversation(NamedTuple):
    """Messages about one thing; `key` names it within the seed."""

    key: str
    kind: str
    subject: str
    owners: frozenset[int]
    """The numbers of those of the staff in whose mailboxes it lies."""
    outsiders: tuple[Name, ...]
    letters: tuple[Letter, ...]


class Correspondence:
    """All conversations of the staff."""

    def __init__(self, seed: int, now: int, staff: Sequence[Person], each: int) -> None:
        self._seed = seed
        self._now = now
        self._staff = staff
        self._each = each
        self._teams: OrderedDict[int, list[Conversation]] = OrderedDict()

    def of(self, person: Person) -> list[Conversation]:
        """Return the conversations that a person takes part in."""
        return [one for one in self._team(person.team) if person.number in one.owners]

    def outsiders(self, person: Person) -> list[Name]:
        """Return those outside the company with whom a person exchanged mail."""
        people = (name for one in self.of(person) if one.kind == CUSTOMER for name in one.outsiders)
        return list({address: (name, address) for name, address in people}.values())

    def _team(self, number: int) -> list[Conversation]:
        if number not in self._teams:
            members = self._staff[number * TEAM_SIZE : (number + 1) * TEAM_SIZE]
            self._teams[number] = _Writers(self._seed, self._now, members, self._each).conversations()
            while len(self._teams) > _TEAMS_KEPT:
                self._teams.popitem(last=False)
        self._teams.move_to_end(number)
        return self._teams[number]


class _Writers:
    """One team, and the room that is left in each mailbox."""

    def __init__(self, seed: int, now: int, members: Sequence[Person], each: int) -> None:
        self._seed = seed
        self._now = now
        self._members = members
        self._room = {one.number: each for one in members}
        self._rng = Random(f"{seed} mail {members[0].team}")

    def conversations(self) -> list[Conversation]:
        made: list[Conversation] = []
        for person in self._members:
            known = acquaintances(self._seed, person, _KNOWN)
            while self._room[person.number] > 0:
                made.append(self._conversation(person, known, len(made)))
        return made

    def _conversation(self, person: Person, known: Sequence[int], number: int) -> Conversation:
        chance, key = self._rng.random(), f"{person.team}.{number}"
        length = min(self._rng.choice(_LENGTHS), self._room[person.number])
        if chance < 0.2:
            return self._notice(person, key)
        if chance < 0.5:
            others = [one for one in self._members if one is not person and self._room[one.number] >= length]
            chosen = self._rng.sample(others, min(len(others), self._rng.randrange(1, 4)))
            if chosen:
                subject = self._subject(phrases.COLLEAGUE_SUBJECTS, company_name(known[0] // STAFF_EACH))
                return self._among([person, *chosen], [], COLLEAGUES, subject, key, length)
        other = customer(self._seed, self._rng.choice(known))
        companion = [one for one in self._members if one is not person and self._room[one.number] >= length]
        insiders = [person, *(self._rng.sample(companion, 1) if companion and chance > 0.85 else [])]
        subject = self._subject(phrases.CUSTOMER_SUBJECTS, other.company)
        return self._among(insiders, [(other.name, other.email)], CUSTOMER, subject, key, length)

    def _among(
        self, insiders: list[Person], outsiders: list[Name], kind: str, subject: str, key: str, length: int
    ) -> Conversation:
        people = [*outsiders, *((one.name, one.email) for one in insiders)]
        dates = self._dates(length, insiders[0].timezone)
        letters = []
        for number, date in enumerate(dates):
            sender = people[number % 2] if number < 2 else self._rng.choice(people)
            others = [one for one in people if one is not sender]
            body = self._body(others[0][0], sender[0])
            letters.append(Letter(sender, tuple(others[:1]), tuple(others[1:]), date, body, self._file()))
        for one in insiders:
            self._room[one.number] -= len(letters)
        owners = frozenset(one.number for one in insiders)
        return Conversation(key, kind, subject, owners, tuple(outsiders), tuple(letters))

    def _notice(self, person: Person, key: str) -> Conversation:
        self._room[person.number] -= 1
        sender = self._rng.choice(phrases.NOTICE_SENDERS)
        subject = self._subject(phrases.NOTICE_SUBJECTS, "")
        body = f"<html><body><h1>{escape(subject)}</h1><p>This is an automatic message.</p></body></html>"
        date = self._dates(1, person.timezone)[0]
        letter = Letter(sender, ((person.name, person.email),), (), date, body, None)
        return Conversation(key, NOTICE, subject, frozenset((person.number,)), (sender,), (letter,))

    def _subject(self, subjects: Sequence[str], company: str) -> str:
        number, week = self._rng.randrange(10_000, 99_999), self._rng.randrange(1, 53)
        return self._rng.choice(subjects).format(company=company, number=number, week=week)

    def _dates(self, count: int, zone: str) -> list[int]:
        """Draw a first moment of a working day within the past year, and answers hours or days later, none too late."""
        rng = self._rng
        today = datetime.fromtimestamp(self._now, UTC).date()
        day = today - timedelta(days=1 + int(rng.random() ** 1.5 * _DAYS))
        day -= timedelta(days=max(day.weekday() - 4, 0))
        moment = datetime.combine(day, time()) + timedelta(seconds=8 * 3600 + rng.randrange(36_000))
        dates = [instant(moment, zone)]
        gap = max((self._now - dates[0]) // (count + 1), 1)
        for _ in range(count - 1):
            dates.append(dates[-1] + 1 + min(int(rng.expovariate(1 / 40_000)), gap - 1))
        return [min(date, self._now) for date in dates]

    def _body(self, reader: str, writer: str) -> str:
        rng = self._rng
        opening = rng.choice(phrases.OPENINGS).format(name=reader.split(" ", maxsplit=1)[0])
        lines = " ".join(line[0].upper() + line[1:] for line in rng.sample(phrases.LINES, rng.randrange(1, 4)))
        parts = (opening, lines, f"{rng.choice(phrases.CLOSINGS)}<br>{escape(writer)}")
        return f"<html><body><p>{parts[0]}</p><p>{parts[1]}</p><p>{parts[2]}</p></body></html>"

    def _file(self) -> tuple[str, str, int] | None:
        if self._rng.random() > 0.12:
            return None
        name, kind = self._rng.choice(phrases.FILES)
        return name, kind, self._rng.randrange(20_000, 2_000_000)
