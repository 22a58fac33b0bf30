"""The way to Nylas of one target, with its key unsealed, and to one folder there."""

from __future__ import annotations

from nylasadmin.domain.links import Account, Link
from nylasadmin.domain.targets import Target
from nylasadmin.errors import NylasError
from nylasadmin.services.ports import FolderRef, Nylas, SenderSettings
from nylasadmin.services.storage import Secrets

SENDER_KEY = "sender_channels.api_key"
NOTIFICATION_SECRET = "notification_channels.secret"


def sender_of(target: Target, sealed_key: bytes, secrets: Secrets) -> SenderSettings:
    """Unseal a target's sender channel."""
    channel = target.sender
    return SenderSettings(
        base_url=channel.base_url,
        api_key=secrets.unseal(sealed_key, SENDER_KEY),
        connect_timeout_s=channel.connect_timeout_s,
        read_timeout_s=channel.read_timeout_s,
        concurrency=channel.concurrency,
        requests_per_s=channel.requests_per_s,
    )


def folder_of(account: Account, link: Link, installation: str) -> FolderRef:
    """Name the folder of a link at Nylas; ``installation`` names this console in markers."""
    return FolderRef(
        grant_id=account.grant_id,
        provider=account.provider,
        folder_id=link.folder_id,
        account_email=account.email,
        former_emails=account.former_emails,
        installation=installation,
        item_type=link.item_type,
    )


def is_key_good(nylas: Nylas, sender: SenderSettings) -> bool:
    """Tell an expired grant from a wrong API key after a 401: the key still opens the application."""
    try:
        nylas.directory(sender).application()
    except NylasError:
        return False
    return True
