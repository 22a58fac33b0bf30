"""What differs between the providers' address books. `providers.py` gives each provider its row.

Sources: the wire contract's section 7.1 and the vendor's OpenAPI file.
"""

from __future__ import annotations

from dataclasses import dataclass

_TYPES = ("work", "home", "other")


@dataclass(frozen=True, slots=True)
class ContactRules:
    """How one provider keeps contacts. A limit of None means as many as wanted."""

    id_shape: str
    group_id_shape: str
    system_groups: tuple[str, ...] = ()
    max_emails: int | None = None
    max_phones: int | None = None
    max_phones_by_type: tuple[tuple[str, int], ...] = ()
    max_addresses: int | None = None
    max_addresses_by_type: int | None = None
    max_im_addresses: int | None = None
    max_web_pages: int | None = None
    max_groups: int | None = None
    types: tuple[str, ...] | None = _TYPES
    """What an address or a page may be; None means free text."""
    phone_types: tuple[str, ...] | None = _TYPES
    web_page_types: tuple[str, ...] | None = _TYPES
    email_has_type: bool = True
    has_groups: bool = True
    has_suffix: bool = True
    has_inbox: bool = True
    """Contacts are also parsed from mail."""
    adopts_inbox: bool = False
    """A contact parsed from mail may be changed and then belongs to the address book; otherwise it is read-only."""
    filters_phone: bool = True
    recurses: bool = False


GOOGLE_CONTACTS = ContactRules(
    id_shape="google-contact",
    group_id_shape="google-group",
    system_groups=("myContacts", "starred", "friends", "family", "coworkers"),
    types=None,
    phone_types=None,
    web_page_types=None,
)

MICROSOFT_CONTACTS = ContactRules(
    id_shape="microsoft",
    group_id_shape="microsoft",
    max_emails=3,
    max_phones_by_type=(("home", 2), ("work", 2), ("mobile", 1)),
    max_addresses_by_type=1,
    max_im_addresses=3,
    max_web_pages=1,
    max_groups=1,
    phone_types=("work", "home", "mobile"),
    web_page_types=("work",),
    email_has_type=False,
    filters_phone=False,
    recurses=True,
)

EWS_CONTACTS = ContactRules(
    id_shape="microsoft",
    group_id_shape="microsoft",
    max_emails=3,
    max_phones_by_type=(("home", 2), ("work", 2)),
    max_addresses_by_type=1,
    max_im_addresses=3,
    max_web_pages=1,
    max_groups=0,
    web_page_types=("work",),
    email_has_type=False,
    has_groups=False,
    has_suffix=False,
    has_inbox=False,
)

IMAP_CONTACTS = ContactRules(
    id_shape="apple",
    group_id_shape="apple",
    max_emails=1,
    max_phones=1,
    max_addresses=1,
    max_im_addresses=1,
    max_web_pages=1,
    max_groups=1,
    phone_types=("work", "home"),
    adopts_inbox=True,
)

AGENT_CONTACTS = ContactRules(id_shape="uuid", group_id_shape="uuid", phone_types=(*_TYPES, "mobile"))
