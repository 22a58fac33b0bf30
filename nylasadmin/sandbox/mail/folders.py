"""Folders and labels of a mailbox: what they are, how they read on the wire, what may be written into them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from nylasadmin.sandbox.errors import Refusal, bad_request
from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.identifiers import Identifiers
from nylasadmin.sandbox.mail.rules import MailRules
from nylasadmin.sandbox.wire import Json

UNREAD, STARRED = "UNREAD", "STARRED"
_COLOURS = ("background_color", "text_color")


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder or label."""

    id: str
    name: str
    attribute: str | None = None
    is_system: bool = False
    hidden: bool = False
    parent_id: str | None = None
    background_color: str | None = None
    text_color: str | None = None

    def wire(self, grant_id: str, rules: MailRules, counts: tuple[int, int, int]) -> Json:
        """Return the folder as the service shows it; counts are messages, unread messages, folders inside."""
        shown: Json = {"id": self.id, "grant_id": grant_id, "object": "folder", "name": self.name}
        shown |= {"total_count": counts[0], "unread_count": counts[1]}
        shown["attributes"] = [self.attribute] if self.attribute else []
        if rules.shows_system:
            shown["system_folder"] = self.is_system
        if rules.has_parents:
            shown |= {"parent_id": self.parent_id, "child_count": counts[2]}
        colours = {name: getattr(self, name) for name in _COLOURS if getattr(self, name)}
        return shown | colours


def root_id(grant: Grant, identifiers: Identifiers) -> str:
    """Return the id of the folder above all others, which is never listed itself."""
    return identifiers.derived("microsoft", f"root folder {grant.email}")


def system_folders(grant: Grant, rules: MailRules, identifiers: Identifiers) -> list[Folder]:
    """Return the folders that every account of a provider has."""
    parent = root_id(grant, identifiers) if rules.has_parents else None
    return [
        Folder(
            one.name
            if rules.system_id_is_name
            else identifiers.derived(rules.folder_id_shape, f"{grant.email} {one.name}"),
            one.name,
            one.attribute,
            is_system=True,
            hidden=one.hidden,
            parent_id=parent,
        )
        for one in rules.system_folders
    ]


def changed_folder(folder: Folder, body: Json, rules: MailRules, known: frozenset[str]) -> Folder:
    """Return a folder with the fields that a body names; fields the provider does not know are ignored."""
    changes: Json = {}
    if "name" in body:
        changes["name"] = _name(body["name"])
    if body.get("parent_id") is not None and rules.has_parents:
        changes["parent_id"] = _parent(folder, body["parent_id"], known)
    for colour in _COLOURS if rules.has_colours else ():
        if colour in body:
            changes[colour] = _colour(colour, body[colour])
    if folder.is_system and changes.keys() - set(_COLOURS):
        raise bad_request("a system folder cannot be renamed or moved", name="belongs to the provider")
    return replace(folder, **changes)


def _name(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > 1024:
        raise _invalid("name", "must be text of at most 1024 characters")
    return value


def _parent(folder: Folder, value: object, known: frozenset[str]) -> str:
    if not isinstance(value, str) or value not in known or value == folder.id:
        raise _invalid("parent_id", "must be the id of another folder")
    return value


def _colour(name: str, value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or not re.fullmatch(r"#[0-9a-fA-F]{6}", value)):
        raise _invalid(name, "must look like #0099EE")
    return value


def _invalid(name: str, problem: str) -> Refusal:
    return bad_request(f"{name} {problem}", **{name: problem})
