"""What discovering finds at Nylas, and the accounts and links that become of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import msgspec

from nylasadmin.domain.directory import Calendar, Folders, Grant
from nylasadmin.domain.items import ItemType
from nylasadmin.domain.links import (
    ADDRESS_BOOK,
    CONTACTS,
    MAIL,
    MAILBOX,
    PRIMARY,
    THREADS,
    Account,
    AccountState,
    CrmUser,
)
from nylasadmin.domain.policies import freeze
from nylasadmin.domain.privileges import ENGINE
from nylasadmin.domain.providers import rules_for
from nylasadmin.domain.targets import Target
from nylasadmin.errors import NylasError, Unauthorized
from nylasadmin.services import wording
from nylasadmin.services.accounts import change_address, signed_in_again
from nylasadmin.services.endings import needs_sign_in
from nylasadmin.services.ports import Directory
from nylasadmin.services.rows import NewLink
from nylasadmin.services.storage import UnitOfWork

_ACCOUNTS_AT_ONCE = 8
_MAIL = ((ItemType.MESSAGE, "Mail", MAIL), (ItemType.THREAD, "Mail threads", THREADS))


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A grant, the CRM user it belongs to, and the account it has had so far."""

    grant: Grant
    user: CrmUser
    known: Account | None = None

    @property
    def is_being_revoked(self) -> bool:
        return self.known is not None and self.known.revoke_due_at is not None


def matched(grants: list[Grant], accounts: list[Account], users: list[CrmUser]) -> list[Match]:
    """Find out whose grants these are: an account is known by its grant first, then by its address; a user that has
    none yet by the address. Of several grants of one account the best counts; others are left out.
    """
    by_grant, by_email = {a.grant_id: a for a in accounts}, {a.email: a for a in accounts}
    by_id, by_address = {u.id: u for u in users}, {u.email.lower(): u for u in users}
    found: dict[int | str, Match] = {}
    for grant in sorted(grants, key=lambda g: (g.is_valid, g.created_at, g.id)):
        known = by_grant.get(grant.id) or by_email.get(grant.email)
        user = by_id.get(known.user_id) if known else by_address.get(grant.email)
        if user is not None:
            found[known.id if known else grant.email] = Match(grant=grant, user=user, known=known)
    return list(found.values())


class Made:
    """Brings accounts and links up to what was found, and counts what it makes."""

    def __init__(self, tx: UnitOfWork, target: Target, now: int) -> None:
        self._tx = tx
        self._target = target
        self._now = now
        self.accounts = self.links = self.kept = 0
        self.has_work = False
        self.problems: list[str] = []

    def account(self, match: Match, folders: Folders) -> None:
        """Make a grant's account, or bring it up to date, and the links to its folders that are not there yet."""
        known = self._tx.accounts.get(match.known.id) if match.known else None
        if known is not None and known.revoke_due_at is not None:
            self.problems.append(wording.BEING_REVOKED.format(email=known.email))
            return
        if known is None or known.state is AccountState.DISCONNECTED:
            self.accounts += 1
            self._link(self._connect(match), match, folders, brings_back=True)
            return
        self._bring_up_to_date(known, match.grant)
        self._follow_primary(known.id, folders)
        self._link(known.id, match, folders, brings_back=known.state is not AccountState.CONNECTED)

    def _connect(self, match: Match) -> int:
        grant = match.grant
        connected_at = grant.created_at or self._now
        return self._tx.accounts.save(
            Account(
                id=0,
                target_id=self._target.id,
                user_id=match.user.id,
                email=grant.email,
                provider=grant.provider,
                grant_id=grant.id,
                state=AccountState.CONNECTED if grant.is_valid else AccountState.NEEDS_SIGN_IN,
                connected_at=connected_at,
                state_at=self._now,
                frozen_at=self._now,
                policy=freeze(self._target.policies, connected_at),
            )
        )

    def _bring_up_to_date(self, account: Account, grant: Grant) -> None:
        if account.grant_id == grant.id:
            self._take_address(account, grant.email)
        if grant.is_valid:
            self.has_work |= signed_in_again(self._tx, account.id, grant)
        else:
            needs_sign_in(self._tx, account)

    def _take_address(self, account: Account, email: str) -> None:
        """Follow an address that changed at the provider, unless somebody has changed it here since."""
        if email in ("", account.email, *account.former_emails):
            return
        if self._tx.accounts.by_address(account.target_id, email) is None:
            change_address(self._tx, ENGINE, account, email)
        else:
            self.problems.append(wording.ADDRESS_TAKEN.format(email=account.email, other=email))

    def _follow_primary(self, account_id: int, folders: Folders) -> None:
        """Keep the link of the primary calendar where that has got another id: at some providers it is the address."""
        listed = {calendar.id: calendar for calendar in folders.calendars}
        primary = next((c for c in folders.calendars if c.is_primary), None)
        links = [x for x in self._tx.links.of_account(account_id) if x.item_type is ItemType.EVENT]
        link = next((x for x in links if x.is_primary), None)
        if primary is None or link is None or link.folder_id in listed or primary.id in {x.folder_id for x in links}:
            return
        self._tx.links.move_folder(link.id, primary.id)

    def _link(self, account_id: int, match: Match, folders: Folders, *, brings_back: bool) -> None:
        """Make links; those that an operator removed come back only when the user has signed in again."""
        for link in links_to(folders, self._target.id, account_id, match.grant, match.user):
            is_new = self._tx.links.save(link, brings_back=brings_back)
            self.links += is_new
            self.kept += not is_new


def links_to(folders: Folders, target_id: int, account_id: int, grant: Grant, user: CrmUser) -> list[NewLink]:
    """Give a link to every folder of an account, both directions on where the folder takes them."""
    links = [_of_calendar(target_id, account_id, grant, user, calendar) for calendar in folders.calendars]
    if folders.has_address_book:
        links.append(_of_contacts(target_id, account_id, grant, user))
    if folders.has_mailbox:
        links += [_of_mail(target_id, account_id, grant, user, *kind) for kind in _MAIL]
    return links


def offered(links: list[NewLink]) -> list[NewLink]:
    """Leave on what a user who connects starts with: the primary calendar and the address book.

    The others are switched off in both directions, for somebody to switch on. Where the provider calls no calendar the
    primary one, it is the first that can be written.
    """
    calendars = [link for link in links if link.item_type is ItemType.EVENT]
    main = next((link for link in calendars if link.is_primary), None)
    main = main or next((link for link in calendars if not link.is_read_only), None)
    return [
        link
        if link is main or link.item_type is ItemType.CONTACT
        else msgspec.structs.replace(link, inbound=False, outbound=False)
        for link in links
    ]


def _of_contacts(target_id: int, account_id: int, grant: Grant, user: CrmUser) -> NewLink:
    return NewLink(
        account_id=account_id,
        target_id=target_id,
        user=user,
        item_type=ItemType.CONTACT,
        folder_id=ADDRESS_BOOK,
        folder_name="Contacts",
        folder_owner=grant.email,
        collection=CONTACTS,
        is_primary=False,
        is_read_only=False,
        outbound=True,
    )


def _of_mail(
    target_id: int, account_id: int, grant: Grant, user: CrmUser, item_type: ItemType, name: str, collection: str
) -> NewLink:
    return NewLink(
        account_id=account_id,
        target_id=target_id,
        user=user,
        item_type=item_type,
        folder_id=MAILBOX,
        folder_name=name,
        folder_owner=grant.email,
        collection=collection,
        is_primary=False,
        is_read_only=False,
        outbound=False,
    )


def _of_calendar(target_id: int, account_id: int, grant: Grant, user: CrmUser, calendar: Calendar) -> NewLink:
    return NewLink(
        account_id=account_id,
        target_id=target_id,
        user=user,
        folder_id=calendar.id,
        folder_name=calendar.name,
        folder_owner=calendar.owner or grant.email,
        collection=PRIMARY if calendar.is_primary else calendar.id,
        is_primary=calendar.is_primary,
        is_read_only=calendar.is_read_only,
        outbound=not calendar.is_read_only,
    )


def _read_folders(directory: Directory, grant: Grant) -> tuple[Folders, NylasError | None]:
    """Read what can be linked; trouble with the calendars leaves the address book and the mailbox."""
    rules = rules_for(grant.provider)
    others = Folders(
        has_address_book=directory.has_address_book(grant.id),
        has_mailbox=rules.has_mail and directory.has_mailbox(grant.id),
    )
    if not rules.has_calendars:
        return others, None
    try:
        return msgspec.structs.replace(others, calendars=tuple(directory.calendars(grant.id))), None
    except NylasError as error:
        return others, error


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """What many grants have to link, by grant; the grants that were refused as expired; trouble in sentences."""

    folders: dict[str, Folders]
    refused: frozenset[str]
    trouble: tuple[str, ...]


def folders_of(directory: Directory, grants: list[Grant]) -> Listed:
    """Read what many grants have to link, several at once."""
    found: dict[str, Folders] = {}
    trouble: list[str] = []
    refused: set[str] = set()
    with ThreadPoolExecutor(_ACCOUNTS_AT_ONCE, thread_name_prefix="discover") as pool:
        waiting = [(grant, pool.submit(_read_folders, directory, grant)) for grant in grants]
        for grant, answer in waiting:
            try:
                found[grant.id], error = answer.result()
            except NylasError as whole:
                error = whole
            if isinstance(error, Unauthorized):  # the key is right: it has just listed the grants
                refused.add(grant.id)
                trouble.append(f"{grant.email}: {wording.NEEDS_SIGN_IN}")
            elif error is not None:
                trouble.append(f"{grant.email}: {wording.sentence(error)}")
    return Listed(folders=found, refused=frozenset(refused), trouble=tuple(trouble))
