"""Errors and states in people's words: one table for the console, the command line and the record of runs."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from nylasadmin import errors
from nylasadmin.domain.links import OffReason
from nylasadmin.domain.plan import Direction, Reason
from nylasadmin.services.views import SkippedLink


class Wording(msgspec.Struct, frozen=True):
    """What happened, and what the operator can do next."""

    title: str
    advice: str


class DirectionWords(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot's direction: its name, its route, the side that wins and the side that gives way."""

    name: str
    short: str
    route: str
    winner: str
    loser: str
    switch: str


DIRECTIONS = {
    Direction.GET: DirectionWords(
        name="Get snapshot", short="Get", route="Nylas → CRM", winner="Nylas", loser="CRM", switch="Inbound"
    ),
    Direction.SEND: DirectionWords(
        name="Send snapshot", short="Send", route="CRM → Nylas", winner="CRM", loser="Nylas", switch="Outbound"
    ),
}

OFF_REASONS = {
    OffReason.TARGET_DISABLED: "the target is disabled",
    OffReason.TARGET_SWITCH: "{switch} is off at the target",
    OffReason.LINK_SWITCH: "{switch} is off at this link",
    OffReason.NEEDS_SIGN_IN: "the account needs to sign in again",
    OffReason.DISCONNECTED: "the account is disconnected",
    OffReason.TYPE_NOT_SUPPORTED: "items of this type are not copied yet",
    OffReason.TYPE_NOT_ASKED_FOR: "the filter leaves items of this type out",
    OffReason.NOT_COMPARED: "the plan could not compare both sides",
    OffReason.REMOVED: "the link was removed",
    OffReason.INBOUND_ONLY: "mail is only copied from Nylas to the CRM",
}

_REASONS = {
    Reason.CREATED_AT_SOURCE: Wording("New in {the_winner}", "{the_loser} does not have it yet"),
    Reason.TWIN_FOUND: Wording("The same item on both sides", "from now on they belong together"),
    Reason.TWIN_DIFFERS: Wording(
        "The same item on both sides, and different", "{the_winner} wins; from now on they belong together"
    ),
    Reason.EQUAL: Wording("Equal on both sides", "nothing to write"),
    Reason.DIFFERS: Wording("Different on both sides", "{the_loser} takes over the version of {the_winner}"),
    Reason.DELETED_AT_DESTINATION: Wording("Was deleted in {the_loser}", "{the_winner} wins, so it comes back"),
    Reason.DELETED_AT_SOURCE: Wording("Was deleted in {the_winner}", "it was a copy of an item that is gone there"),
    Reason.RECEIVER_ONLY_KEPT: Wording("Exists only in {the_loser}", "kept, as the options say"),
    Reason.RECEIVER_ONLY_REMOVED: Wording("Exists only in {the_loser}", "removed, as the options say"),
    Reason.GONE_FROM_BOTH: Wording("Gone from both sides", "only the memory of it is dropped"),
    Reason.PAIR_CONTRADICTED: Wording("Belongs to another item now", "the old memory is dropped"),
    Reason.EXCLUDED: Wording("Left out by an operator", "stays as it is in {the_loser}"),
    Reason.OUTSIDE_WINDOW: Wording("Outside the time that is copied", "stays as it is on both sides"),
    Reason.FOLDER_READ_ONLY: Wording("The folder takes no changes", "it is read-only in {the_loser}"),
    Reason.ITEM_READ_ONLY: Wording("The item takes no changes", "it is read-only in {the_loser}"),
    Reason.ORGANIZED_BY_OTHER: Wording("Somebody else organizes it", "only the organizer can change it in {the_loser}"),
    Reason.UNREADABLE: Wording("Cannot be read", "it is in a form that is not understood"),
    Reason.TOO_MANY_EXCEPTIONS: Wording(
        "Too many changed occurrences", "{the_loser} cannot hold that many in one series"
    ),
    Reason.OUTSIDE_FILTER: Wording("Outside the filter", "not asked for; stays as it is on both sides"),
    Reason.NOT_ASKED_FOR: Wording("Not one of the chosen items", "stays as it is on both sides"),
    Reason.ARCHIVED: Wording(
        "Protected by its age",
        "too old to be deleted, as the target says; it stays in {the_loser}",
    ),
    Reason.DELETE_REJECTED: Wording("Kept, as an operator answered", "stays in {the_loser}"),
    Reason.ARRIVED_MEANWHILE: Wording(
        "Changed while the run was working", "left as it is; the next snapshot looks at it again"
    ),
    Reason.UNDO_CREATE: Wording("Created by the snapshot", "deleted again"),
    Reason.UNDO_UPDATE: Wording("Overwritten by the snapshot", "gets its earlier version back"),
    Reason.UNDO_DELETE: Wording("Deleted by the snapshot", "comes back"),
    Reason.TOUCHED_SINCE: Wording("Changed since the snapshot", "left as it is now"),
}

_SWITCH_ON = {
    OffReason.TARGET_DISABLED: "Put the target into use again under Edit.",
    OffReason.TARGET_SWITCH: "Switch it on at the target.",
    OffReason.LINK_SWITCH: "Switch it on at the link.",
    OffReason.NEEDS_SIGN_IN: "The user has to sign in again; the page of accounts has a link to send.",
    OffReason.DISCONNECTED: "The user has to connect the account again; then use Discover.",
    OffReason.TYPE_NOT_ASKED_FOR: "Choose its type in the filter too.",
    OffReason.NOT_COMPARED: "Plan again.",
    OffReason.REMOVED: "The user has to connect the account again; then use Discover.",
    OffReason.TYPE_NOT_SUPPORTED: "Only calendars, address books and mail can be copied for now.",
    OffReason.INBOUND_ONLY: "Use a Get snapshot: what the CRM holds of mail is a copy, and nothing of it is ever sent.",
}
"""What to do about each reason."""

NO_OUTBOUND = "Mail is only copied from Nylas to the CRM; there is no outbound to switch on."

NEEDS_SIGN_IN = "The account has to sign in again: Nylas accepts the API key but not this account’s grant."

PARKED = f"{NEEDS_SIGN_IN} The run goes on by itself after that."

BEING_REVOKED = "{email}: disconnected; its grant is still to be revoked at Nylas, so it is not connected again now."

ADDRESS_TAKEN = (
    "{email}: Nylas calls this account {other} now, and another account of this target has that address. Rename or "
    "disconnect one of them."
)

AFTER_SIGN_IN = "after sign-in again"
"""The reason of the snapshot that copies what an account may have missed while it was not signed in."""

WAITS_FOR_OTHERS = "Planned: waits until every link of this snapshot is planned, because it would delete items."

STARTED_TOO_OFTEN = (
    "The program ended again and again while it worked on this link. The log of the server has the details; "
    "run the snapshot again when the cause is mended."
)

_ERRORS: dict[type[Exception], Wording] = {
    errors.HostUnknown: Wording(
        "The host name cannot be found.", "Check the target’s host for a typing error, and this machine’s DNS."
    ),
    errors.ConnectionRefused: Wording(
        "Nothing answers at that address.", "Check the host and port, and that no firewall stands between."
    ),
    errors.TlsFailed: Wording(
        "The certificate of the other side was not accepted.",
        "Check that the host is the right one and that this machine trusts its certificate.",
    ),
    errors.TimedOut: Wording(
        "No answer came in time.", "Try again; if it stays so, raise the time-outs of the sender channel."
    ),
    errors.Unauthorized: Wording(
        "Nylas did not accept the API key (401).",
        "Enter the API key of this application again, and check that the host is in the application’s region.",
    ),
    errors.GrantGone: Wording(
        "Nylas does not know this account’s grant any more (404): it was revoked there.",
        "The user has to sign in again; invite them from the page of accounts.",
    ),
    errors.AccessDenied: Wording(
        "Nylas understood the request and does not allow it.",
        "Check the scopes the user consented to, and the plan of the Nylas application.",
    ),
    errors.NotThere: Wording(
        "Nylas does not know that object (404).", "It was removed meanwhile, or the account can no longer read it."
    ),
    errors.CursorExpired: Wording("The listing expired while it was read.", "Run the snapshot again."),
    errors.BadRequest: Wording("Nylas refused the item.", "The answer below says which part of it."),
    errors.ReturnNotAllowed: Wording(
        "Nylas does not know the address that a sign-in returns to.",
        "Register it in the Nylas dashboard: Hosted authentication › Callback URIs.",
    ),
    errors.CodeRefused: Wording(
        "Nylas did not accept the sign-in: it took too long, or was used already.", "Let the person sign in again."
    ),
    errors.RateLimited: Wording(
        "Nylas asked to slow down (429) and kept asking.", "Wait a while, or lower the rate of the sender channel."
    ),
    errors.ServiceFailed: Wording(
        "Nylas or the provider behind it is in trouble.", "Nothing is wrong here; run it again later."
    ),
    errors.BadAnswer: Wording(
        "The answer was not what Nylas sends: a damaged page, or somebody else’s.",
        "Check that the host is Nylas and that no proxy answers in its place; then run it again.",
    ),
    errors.CannotBeStored: Wording(
        "The CRM cannot hold this item.", "The answer below says what is wrong with it; correct it at Nylas."
    ),
    errors.NotFound: Wording("That is not there any more.", "Somebody removed it meanwhile; go back to the list."),
    errors.StaleVersion: Wording(
        "Somebody changed this meanwhile.", "Compare both values below, then save again or leave it."
    ),
    errors.InvalidInput: Wording("Some fields need another value.", "What is wrong stands beside each field."),
}

_BROKE_OFF = Wording(
    "Something answers at that address, but breaks the connection off.",
    "Check the port: another service may listen there. A firewall or proxy between may end connections, too.",
)
_NO_TLS = Wording(
    "No encrypted connection came about: what answers at that address does not speak TLS.",
    "Check that the port is the one for https.",
)
_NO_HANDSHAKE = Wording(
    "No encrypted connection came about in time: perhaps what answers at that address does not speak TLS.",
    "Check that the port is the one for https; if it is, raise the time-out for connecting.",
)
_NOT_NYLAS = "What answers at that address is not Nylas (HTTP {status})."

_REFUSALS = {
    "target_has_links": Wording(
        "The target still has {links} links.", "Remove its links first; the users will have to sign in again."
    ),
    "grants_to_revoke": Wording(
        "{accounts} grants of this target are still to be revoked at Nylas.",
        "The page of accounts says why; remove the target when that is done, or revoke them at Nylas yourself.",
    ),
    "account_disconnected": Wording(
        "{email} was disconnected.", "The user connects anew; signing in again is for accounts that expired."
    ),
    "link_off": Wording("This link is not copied in that direction: {because}.", "{to_do}"),
    "link_busy": Wording(
        "Run {run_id} of snapshot {snapshot_id} is working on this link.",
        "Wait until it has ended, or cancel it; one run at a time per link.",
    ),
    "link_held": Wording(
        "This link is held: run {run_id} of snapshot {snapshot_id} waits for somebody to decide about its deletes.",
        "Open snapshot {snapshot_id} and decide there: delete exactly these, keep them, or cancel.",
    ),
    "link_paused": Wording(
        "Run {run_id} of snapshot {snapshot_id} is paused on this link.",
        "Resume it and wait until it has ended, or cancel it; one run at a time per link.",
    ),
    "preview_not_paused": Wording(
        "A preview cannot be paused: it writes nothing.", "Let it end, or cancel it and plan again later."
    ),
    "no_links": Wording("This target has no links yet.", "Discover its accounts and folders first."),
    "nothing_to_run": Wording(
        "None of the links can be copied in that direction now.", "The list below says why for each link."
    ),
    "plan_used": Wording(
        "This plan was carried out already, as snapshot {snapshot_id}.", "Plan again to see what is left to do."
    ),
    "plan_unfinished": Wording("The plan is not finished.", "Wait until both sides have been read, or plan again."),
    "plan_expired": Wording("The plan is older than a day.", "Plan again: both sides have moved on since."),
    "plan_forgotten": Wording(
        "The plan’s items are not kept any longer than {days} days.", "Plan again to see what is left to do."
    ),
    "plan_empty": Wording("The plan has nothing to write.", "Nothing differs, or everything was left out."),
    "nothing_held": Wording(
        "Nothing of this snapshot is held any more.", "Somebody decided meanwhile; look at its result."
    ),
    "four_eyes": Wording(
        "You asked for this snapshot, and more than {limit} deletions are approved by somebody else.",
        "Who may decide: {who}.",
    ),
    "not_held": Wording("This run is not held any more.", "Somebody decided meanwhile; look at its result."),
    "no_failed_item": Wording("No such item fails any more.", "Look at the list again."),
    "nothing_failed": Wording("Nothing failed in this snapshot.", "There is nothing to try again."),
    "nothing_to_try": Wording(
        "None of these items can be tried now: {links} links are off, busy, held or paused.",
        "Their items stay in the list; try again when the links are free.",
    ),
    "undo_live": Wording(
        "Snapshot {snapshot_id} is not over yet.", "Wait until it has ended, or cancel it; then it can be taken back."
    ),
    "undo_nothing": Wording("Snapshot {snapshot_id} has written nothing.", "There is nothing to take back."),
    "undo_over": Wording(
        "Snapshot {snapshot_id} cannot be taken back any more: this target keeps earlier versions for {days} days.",
        "Restore single items by hand. How long versions are kept is a field of the target.",
    ),
    "undo_running": Wording(
        "Snapshot {undo_id} is taking snapshot {snapshot_id} back now.", "Wait until it has ended, or cancel it."
    ),
    "undo_done": Wording(
        "Snapshot {snapshot_id} was taken back already, by snapshot {undo_id}.",
        "Nothing of it is left; to have it again, take snapshot {undo_id} back.",
    ),
    "undo_no_link": Wording(
        "Every link that snapshot {snapshot_id} wrote to was removed since.",
        "Let the users connect again and use Discover; then it can be taken back.",
    ),
    "invitation_unreadable": Wording(
        "This link is not valid.", "Open it exactly as you got it, or ask for a new one where you got it."
    ),
    "invitation_expired": Wording("This link is too old.", "Ask for a new one where you got it."),
    "invitation_long": Wording(
        "This link would work for more than {days} days.", "Ask for one that ends sooner where you got it."
    ),
    "invitation_gone": Wording(
        "This link leads nowhere any more.", "What it was made for was removed. Ask for a new one where you got it."
    ),
    "connect_disabled": Wording(
        "Nothing can be connected at the moment.", "Your administrator has put {target} out of use; try again later."
    ),
    "connect_taken": Wording(
        "{email} cannot be connected here.", "Enter your own address. If it is, ask your administrator."
    ),
    "connect_other": Wording(
        "You are connected as {email} already.",
        "Disconnect that account first; then connect the other one.",
    ),
    "return_not_registered": Wording(
        "Connecting is not set up yet.",
        "Ask your administrator to register {address} as a callback URI of the Nylas application.",
    ),
    "sign_in_unknown": Wording(
        "This sign-in cannot be continued here.",
        "It was begun in another browser, or long ago. Open your link again.",
    ),
    "last_administrator": Wording(
        "You are the last one who may manage operators.", "Give admin:OperatorManage to somebody else first."
    ),
}


def explain(error: BaseException) -> Wording:
    """Give the words for an error; errors that are not ours get a general sentence."""
    if isinstance(error, errors.Refused):
        words, facts = _REFUSALS[error.why], error.facts | {"to_do": _to_do(error.facts.get("off"))}
        return Wording(words.title.format(**facts), words.advice.format(**facts))
    if isinstance(error, errors.ConnectionRefused) and error.may_have_happened:
        return _BROKE_OFF
    if isinstance(error, errors.TlsFailed) and "certificate" not in error.detail.lower():
        return _NO_TLS
    if isinstance(error, errors.TimedOut) and "handshake" in error.detail:
        return _NO_HANDSHAKE
    for kind in type(error).__mro__:
        if kind in _ERRORS:
            return _ERRORS[kind]
    return Wording("Something unexpected happened.", "The log of the server has the details.")


def _to_do(off: object) -> str:
    return off_reasons_to_do(off) if isinstance(off, tuple) else ""


def off_reasons_to_do(off: tuple[OffReason, ...]) -> str:
    """Say what to do about each thing that switches a direction off."""
    return " ".join(_SWITCH_ON[reason] for reason in off)


def explain_first_contact(error: errors.NylasError) -> Wording:
    """Give the words for an error of the first question to a service, which every Nylas answers."""
    if isinstance(error, errors.NotThere | errors.BadRequest):
        words = explain(errors.BadAnswer())
        return Wording(_NOT_NYLAS.format(status=error.status), words.advice)
    return explain(error)


def occupied(link: SkippedLink) -> str:
    """Say which run keeps a link from another one."""
    if link.is_held:
        return f"Held in snapshot {link.busy_snapshot_id}: somebody has to decide about its deletes first."
    if link.is_paused:
        return f"Paused in snapshot {link.busy_snapshot_id}: resume or cancel that first."
    return f"Run {link.busy_run_id} is working on it; one run at a time per link."


def sentence(error: BaseException) -> str:
    """Give one line: what happened and what to do."""
    words = explain(error)
    return f"{words.title} {words.advice}"


def raw(error: BaseException) -> str:
    """Give the other side's own words, for those who want to look behind the sentence."""
    if isinstance(error, errors.NylasError):
        parts = [f"HTTP {error.status}" if error.status else "", error.detail]
        parts.append(f"request {error.request_id}" if error.request_id else "")
        return " · ".join(p for p in parts if p)
    return f"{type(error).__name__}: {error}"


def reason(direction: Direction, why: Reason) -> Wording:
    """Say why a plan does something to an item: in a few words, and what it means."""
    side = DIRECTIONS[direction]
    names = {
        "the_winner": with_article(side.winner),
        "the_loser": with_article(side.loser),
    }
    words = _REASONS[why]
    title, advice = words.title.format(**names), words.advice.format(**names)
    return Wording(title, advice)


def with_article(side: str) -> str:
    """CRM -> the CRM; Nylas stays Nylas."""
    return f"the {side}" if side == "CRM" else side


def off_reason(direction: Direction, reason: OffReason) -> str:
    """Say what switches a direction off."""
    return OFF_REASONS[reason].format(switch=DIRECTIONS[direction].switch)


def link_off(direction: Direction, off: tuple[OffReason, ...], **facts: object) -> errors.Refused:
    """Refuse to copy a link in a direction that is off, with what switches it off."""
    because = " and ".join(off_reason(direction, r) for r in off)
    return errors.Refused("link_off", because=because, off=off, **facts)


def switched_off(direction: Direction, reasons: tuple[OffReason, ...]) -> str:
    """Say in one sentence why a link is not copied in a direction."""
    return f"Not copied: {', and '.join(off_reason(direction, r) for r in reasons)}."


def folder_name(name: str) -> str:
    """Say a folder's name: a calendar that bears its owner's address is just the calendar. Also in "user · folder"."""
    user, dot, last = name.rpartition(" · ")
    return f"{user}{dot}Calendar" if "@" in last and " " not in last else name


def waiting_until(moment: float) -> str:
    """Say what a run waits for that goes on after its worker was lost."""
    at = datetime.fromtimestamp(moment, UTC)
    return f"Waiting until {at:%H:%M:%S} UTC for a create whose answer was lost; it may still arrive."
