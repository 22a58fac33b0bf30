"""Accounts: invite users to connect them."""

from __future__ import annotations

import argparse

from nylasadmin.cli import invitations
from nylasadmin.cli.parsing import Verbs, add_noun


def add_to(nouns: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the noun's commands."""
    invitations.add_to(add_noun(nouns, "account", "users' connections to Nylas"))
