"""A directory of .vcf files becomes address books: one file, one book, spread over the users; losses are reported."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nylasadmin.sandbox.contacts.books import AddressBook, ContactGroup
from nylasadmin.sandbox.contacts.conversion import contact_of
from nylasadmin.sandbox.contacts.fitting import fitted
from nylasadmin.sandbox.contacts.vcards import Card, read_cards
from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.ics.reports import FileReport

if TYPE_CHECKING:
    from nylasadmin.sandbox.state import Sandbox


def load_contacts(sandbox: Sandbox, path: Path, grants: Sequence[Grant]) -> None:
    """Load a .vcf file, or every one of a directory: the i-th into the book of the i-th user, going round."""
    files = sorted(one for one in path.iterdir() if one.suffix.lower() == ".vcf") if path.is_dir() else [path]
    takers = [grant for grant in grants if grant.rules.contacts is not None]
    for number, file in enumerate(files):
        report = FileReport(file.name, things="contacts")
        if takers:
            ContactLoader(sandbox, sandbox.contacts.of(takers[number % len(takers)]), report).load(file)
        else:
            report.add(None, "the file", "there is no user to hold it")
        sandbox.report += report.entries()


class ContactLoader:
    """Loads one file into one address book."""

    def __init__(self, sandbox: Sandbox, book: AddressBook, report: FileReport) -> None:
        self._sandbox = sandbox
        self._book = book
        self._report = report
        self._members: dict[str, list[str]] = {}

    def load(self, path: Path) -> None:
        """Load all cards; those that stand for groups first."""
        try:
            data = path.read_bytes()
        except OSError as problem:
            self._report.add(None, "the file", f"cannot be read: {problem.strerror}")
            return
        cards = read_cards(data, self._report)
        if not cards:
            self._report.add(None, "the file", "holds no card")
        for card in cards:
            if _is_group(card):
                self._take_group(card)
        for number, card in enumerate(cards):
            if not _is_group(card):
                self._take(f"{path.name} {number}", card)

    def _take_group(self, card: Card) -> None:
        group_id = self._group(card.text("FN") or "Group")
        for one in card.all("MEMBER", "X-ADDRESSBOOKSERVER-MEMBER"):
            if group_id is not None:
                self._members.setdefault(one.text.removeprefix("urn:uuid:"), []).append(group_id)

    def _group(self, name: str) -> str | None:
        if not self._book.rules.has_groups:
            self._report.add(None, f"the group {name}", f"{self._book.grant.rules.name} has no contact groups")
            return None
        known = next((one.id for one in self._book.groups.values() if one.name.casefold() == name.casefold()), None)
        text = f"group {self._book.grant.email} {name}"
        made = known or self._sandbox.identifiers.derived(self._book.rules.group_id_shape, text)
        return self._book.add_group(ContactGroup(made, name)).id

    def _take(self, place: str, card: Card) -> None:
        uid = card.text("UID").removeprefix("urn:uuid:")
        fields = contact_of(card, self._report)
        if not fields.get("given_name"):
            self._report.add(uid or None, f"the card {card.text('FN')!r}", "has no name")
        names = [name for one in card.all("CATEGORIES") for name in one.parts(",") if name]
        groups = [*self._members.get(uid, ()), *(self._group(name) for name in names)]
        fields["groups"] = [{"id": one} for one in dict.fromkeys(groups) if one is not None]
        contact_id = self._contact_id(uid or place)
        if contact_id is None:
            self._report.add(uid, "the card", "is in the file more than once: the first is kept")
            return
        kept = fitted(fields, self._book.rules, lambda what, why: self._report.add(uid or None, what, why))
        contact = self._book.blank(contact_id, self._changed(card)) | kept
        picture = next((one.binary() for one in card.all("PHOTO")), None)
        if picture:
            self._book.pictures[contact_id] = picture
            contact["picture_url"] = f"https://pictures.sandbox.example/{contact_id}"
        elif card.all("PHOTO"):
            self._report.add(uid or None, "PHOTO", "is not inside the card")
        self._book.put(contact)

    def _contact_id(self, text: str) -> str | None:
        text = f"card {self._book.grant.email} {text}"
        made = self._sandbox.identifiers.derived(self._book.rules.id_shape, text)
        return None if self._book.get(made) is not None else made

    def _changed(self, card: Card) -> int:
        text = card.text("REV").replace("-", "").replace(":", "").removesuffix("Z")
        for form in ("%Y%m%dT%H%M%S", "%Y%m%d"):
            try:
                return max(int(datetime.strptime(text.partition(".")[0], form).replace(tzinfo=UTC).timestamp()), 0)
            except ValueError:
                continue
        return self._sandbox.clock.now()


def _is_group(card: Card) -> bool:
    return "group" in (card.text("KIND").casefold(), card.text("X-ADDRESSBOOKSERVER-KIND").casefold())
