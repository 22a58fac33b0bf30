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
from nylasadmin.domain.providers import rules_for
from nylasadmin.domain.targets import Target
from nylasadmin.errors import NylasError
from nylasadmin.services import wording
from nylasadmin.services.ports import Directory
from nylasadmin.services.rows import NewLink
from nylasadmin.services.storage import UnitOfWork

_ACCOUNTS_AT_ONCE = 8
_MAIL = ((ItemType.MESSAGE, "Mail", MAIL), (ItemType.THREAD, "Mail threads", THREADS))


def best(grants: list[Grant]) -> list[Grant]:
    """Give one grant per address: a valid one, the newest of several. Expired ones of earlier sign-ins stay behind."""
    return list({g.email: g for g in sorted(grants, key=lambda g: (g.is_valid, g.created_at, g.id))}.values())


class Made:
    """Counts what discovering makes."""

    def __init__(self, known: set[str]) -> None:
        self._known = known
        self.accounts = self.links = self.kept = 0

    def account(self, tx: UnitOfWork, target: Target, grant: Grant, user: CrmUser, folders: Folders, now: int) -> None:
        """Make a grant's account, or bring it up to date, and the links to its folders that are not there yet."""
        self.accounts += grant.email not in self._known
        connected_at = grant.created_at or now
        account_id = tx.accounts.save(
            Account(
                id=0,
                target_id=target.id,
                user_id=user.id,
                email=grant.email,
                provider=grant.provider,
                grant_id=grant.id,
                state=AccountState.CONNECTED if grant.is_valid else AccountState.NEEDS_SIGN_IN,
                connected_at=connected_at,
                state_at=now,
                frozen_at=now,
                policy=freeze(target.policies, connected_at),
            )
        )
        for link in links_to(folders, target.id, account_id, grant, user):
            is_new = tx.links.save(link)
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


def folders_of(directory: Directory, grants: list[Grant]) -> tuple[dict[str, Folders], list[str]]:
    """Read what many grants have to link, several at once; give them by grant, and trouble in sentences."""
    found: dict[str, Folders] = {}
    trouble: list[str] = []
    with ThreadPoolExecutor(_ACCOUNTS_AT_ONCE, thread_name_prefix="discover") as pool:
        waiting = [(grant, pool.submit(_read_folders, directory, grant)) for grant in grants]
        for grant, answer in waiting:
            try:
                found[grant.id], error = answer.result()
            except NylasError as whole:
                error = whole
            if error is not None:
                trouble.append(f"{grant.email}: {wording.sentence(error)}")
    return found, trouble
