"""The demo's company: operators, CRM users made of the sandbox's accounts, the target, its accounts and links."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import msgspec

from nylasadmin.cli.accounts import account_rows
from nylasadmin.cli.companions import RunningSandbox
from nylasadmin.domain.contacts import Contact, Labelled
from nylasadmin.domain.items import ItemType
from nylasadmin.domain.privileges import COMMAND_LINE, Privilege
from nylasadmin.domain.sign_ins import HOUR_S, MOST_HOURS
from nylasadmin.domain.targets import Target, TargetForm, key_tail
from nylasadmin.errors import NotFound, Refused
from nylasadmin.services import Services
from nylasadmin.services.account_views import AccountQuery, AccountStatus
from nylasadmin.services.crm_lines import ContactLine, Line, UserLine
from nylasadmin.services.targets import completed, form_of
from nylasadmin.services.views import LinkQuery, LinkRow

TARGET = "Sandbox"
OPERATORS = {
    "olga": (Privilege.VIEW, Privilege.MANAGE),
    "vera": (Privilege.VIEW,),
    "peter": (),
    "adam": (Privilege.OPERATORS,),
}
NEWCOMER = UserLine(id="nora.newman", name="Nora Newman", email="nora.newman@gmail.com")
"""A CRM user whom the sandbox does not know: she connects by hand."""
_ACQUAINTANCES = (
    ("Mira", "Novak", "Harborlight", "Head of Purchasing"),
    ("Tomas", "Lind", "Fjordworks", "Engineer"),
    ("Amara", "Okafor", "Sunfield", "Founder"),
)
_REQUESTS_PER_S = 200.0  # the sandbox has no provider behind it that would mind
_PAGE = 1000


def settle(services: Services, sandbox: RunningSandbox) -> None:
    """Bring users, target, accounts and links in line with the sandbox; what is there already stays."""
    _save_users(services, sandbox)
    target = _saved_target(services, sandbox)
    services.targets.discover(COMMAND_LINE, target.id)
    _remove_strangers(services, target, sandbox)


def newcomers_link(services: Services) -> str:
    """Give the path of a link with which the newcomer connects."""
    target = services.targets.by_name(TARGET)
    return services.connecting.invite(COMMAND_LINE, target.id, NEWCOMER.id, lives_s=MOST_HOURS * HOUR_S)


def settle_operators(services: Services, password: str, is_new_password: bool) -> None:
    """Add the four operators; those who are there keep their privileges and get a new password only."""
    known = {row.username: row.id for row in services.operators.rows()}
    for name, privileges in OPERATORS.items():
        if name not in known:
            services.operators.add(COMMAND_LINE, name, password, privileges)
        elif is_new_password:
            services.operators.set_password(COMMAND_LINE, known[name], password)


def _save_users(services: Services, sandbox: RunningSandbox) -> None:
    known = {user.email for user in services.crm.users()}
    users = [
        UserLine(id=grant.email.partition("@")[0], name=grant.name, email=grant.email)
        for grant in sandbox.grants
        if grant.email.lower() not in known
    ]
    newcomers = [] if NEWCOMER.email in known else [NEWCOMER]
    lines: list[Line] = [*users, *newcomers, *(line for user in users for line in _acquaintances(user.id))]
    if lines:
        services.crm.load(COMMAND_LINE, [msgspec.json.encode(line) for line in lines])


def _acquaintances(user_id: str) -> Iterator[ContactLine]:
    """Give contacts that only the CRM knows, so that a Send has something to send."""
    for number, (given, surname, company, job) in enumerate(_ACQUAINTANCES, 1):
        address = Labelled(f"{given}.{surname}@{company}.example".lower(), "work")
        contact = Contact(given_name=given, surname=surname, company=company, job_title=job, emails=(address,))
        yield ContactLine(id=f"{user_id}-contact-{number}", user=user_id, item=contact)


def _saved_target(services: Services, sandbox: RunningSandbox) -> Target:
    try:
        target = services.targets.by_name(TARGET)
    except NotFound:
        return services.targets.add(COMMAND_LINE, _pointed_at(sandbox, TargetForm(name=TARGET, host="")))
    form = completed(_pointed_at(sandbox, form_of(target)))
    is_same = form_of(target) == msgspec.structs.replace(form, api_key="")
    if is_same and target.sender.key_tail == key_tail(sandbox.api_key):
        return target
    return services.targets.edit(COMMAND_LINE, target.id, target.version, form)


def _pointed_at(sandbox: RunningSandbox, form: TargetForm) -> TargetForm:
    return msgspec.structs.replace(
        form,
        host=sandbox.url.removeprefix("http://"),
        base_url=sandbox.url,
        api_key=sandbox.api_key,
        requests_per_s=_REQUESTS_PER_S,
        sender_name="",
        notification_name="",
    )


def _remove_strangers(services: Services, target: Target, sandbox: RunningSandbox) -> None:
    """Disconnect accounts and remove links that the sandbox does not have (any more): another seed, fewer users."""
    grants = {grant.id for grant in sandbox.grants}
    for account in list(account_rows(services, AccountQuery(target_id=target.id, size=_PAGE))):
        if account.status is not AccountStatus.DISCONNECTED and account.account.grant_id not in grants:
            services.accounts.disconnect(COMMAND_LINE, account.account.id)
    there = {(grant.id, calendar.id) for grant in sandbox.grants for calendar in grant.calendars}
    for row in list(_link_rows(services, target)):
        details = services.console.link(row.id)
        link = details.link
        if link.item_type is ItemType.EVENT and (details.account.grant_id, link.folder_id) not in there:
            with suppress(Refused):  # a run continues there: it fails by itself, and the next start removes the link
                services.links.remove(COMMAND_LINE, row.id, link.version)


def _link_rows(services: Services, target: Target) -> Iterator[LinkRow]:
    query = LinkQuery(target_id=target.id, size=_PAGE)
    while rows := services.console.links(query).rows:
        yield from rows
        query = msgspec.structs.replace(query, page=query.page + 1)
