"""What a sandbox holds when it starts: a company, calendars, contacts and mail from files, or both."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nylasadmin.sandbox.company.address_books import AddressBooks
from nylasadmin.sandbox.company.correspondence import Correspondence
from nylasadmin.sandbox.company.generation import employ, fill_calendars
from nylasadmin.sandbox.company.mailboxes import Mailboxes
from nylasadmin.sandbox.company.people import Person
from nylasadmin.sandbox.contacts.loading import load_contacts
from nylasadmin.sandbox.ics.directories import load_directory
from nylasadmin.sandbox.mail.loading import load_mail
from nylasadmin.sandbox.state import Sandbox


def fill(
    sandbox: Sandbox,
    *,
    users: int,
    events_per_user: int,
    contacts_per_user: int = 0,
    messages_per_user: int = 0,
    ics: Path | None = None,
    vcard: Path | None = None,
    mbox: Path | None = None,
) -> None:
    """Connect the users, give them events, contacts and mail, and load the files that are named."""
    staff = employ(sandbox, users)
    fill_calendars(sandbox, staff, events_per_user)
    _promise_people(sandbox, [person for person, _ in staff], contacts_per_user, messages_per_user)
    if ics is not None:
        load_directory(sandbox, ics, list(sandbox.grants))
    if vcard is not None:
        load_contacts(sandbox, vcard, list(sandbox.grants))
    if mbox is not None:
        load_mail(sandbox, mbox, list(sandbox.grants))


def _promise_people(sandbox: Sandbox, staff: Sequence[Person], contacts_each: int, messages_each: int) -> None:
    """Let contacts and mail be made when they are first asked for."""
    if not staff:
        return
    now, seed = sandbox.clock.now(), sandbox.seed
    mail = Correspondence(seed, now, staff, messages_each)
    if contacts_each:
        sandbox.contacts.fill_with(AddressBooks(sandbox.identifiers, seed, now, staff, contacts_each, mail).fill)
    if messages_each:
        sandbox.mail.fill_with(Mailboxes(sandbox.identifiers, seed, now, staff, mail).fill)
