"""What the control page shows, read from the sandbox into plain values. No account is filled only to be counted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from urllib.parse import quote, urlencode

from nylasadmin.sandbox.errors import bad_request
from nylasadmin.sandbox.fault_kinds import KINDS, SWITCHES
from nylasadmin.sandbox.faults import Fault
from nylasadmin.sandbox.grants import Grant
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.webhooks.faults import KINDS as NOTIFICATION_KINDS
from nylasadmin.sandbox.wire import Json

_ACCOUNTS, _REQUESTS, _ROWS = 25, 60, 40
_LONGEST_STEP_S = 10 * 366 * 86_400


def view(sandbox: Sandbox, args: Mapping[str, str]) -> Json:
    """Return all values of the page; `args` are its search fields."""
    with sandbox.lock:
        accounts = _accounts(sandbox, args)
        tables = [(one, list(islice(one.rows(), _ROWS))) for one in sandbox.panels.tables]
    return {
        "sandbox": sandbox,
        "args": args,
        "query": urlencode(args),
        "refresh": args["refresh"] if args.get("refresh") in ("2", "5", "15") else None,
        "clock": _clock(sandbox),
        "switches": {"Answers": list(SWITCHES), "Notifications": NOTIFICATION_KINDS},
        "notification_faults": sandbox.webhooks.faults.all(),
        "faults": [_fault(one) for one in sandbox.faults.all()],
        "accounts": accounts,
        "requests": _requests(sandbox, args),
        "tables": tables,
        "mailed": [entry | {"at": moment(entry["time"])} for entry in reversed(sandbox.mailed.entries[-_ROWS:])],
    }


def turn(sandbox: Sandbox, action: str, seconds: str) -> None:
    """Stop the clock, let it run, or move it on by a number of seconds; refuse what is no such number."""
    if action == "freeze":
        sandbox.clock.freeze()
    elif action == "run":
        sandbox.clock.run()
    elif seconds.isdecimal() and 0 < int(seconds) <= _LONGEST_STEP_S:
        sandbox.clock.advance(int(seconds))
    else:
        raise bad_request("seconds must be a whole number above zero, at most ten years")


def moment(at: int) -> str:
    """Write a Unix second for people, in UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"


def _clock(sandbox: Sandbox) -> Json:
    now = sandbox.clock.now()
    return {"now": moment(now), "unix": now, "frozen": sandbox.clock.is_frozen, "speed": sandbox.clock.speed}


def _fault(fault: Fault) -> Json:
    meant = {name: getattr(fault, name) for name in ("grant", "calendar", "path_contains", "query_contains", "method")}
    details = {
        "status": f"{fault.status} {fault.body}" if fault.kind in ("status", "gone_cursor") else None,
        "retry_after": fault.retry_after,
        "seconds": fault.seconds if fault.kind in ("slow", "hang") else None,
        "items": fault.items if fault.kind == "short_list" else None,
    }
    left = None if fault.count is None else max(fault.count - fault.fired, 0)
    return {
        "id": fault.id,
        "kind": fault.kind,
        "what": KINDS[fault.kind].what,
        "meant": [f"{name.replace('_', ' ')} {value}" for name, value in meant.items() if value is not None],
        "details": [f"{name.replace('_', ' ')} {value}" for name, value in details.items() if value is not None],
        "fired": fault.fired,
        "seen": fault.seen,
        "after": fault.after,
        "left": left,
    }


def _accounts(sandbox: Sandbox, args: Mapping[str, str]) -> Json:
    wanted = args.get("account", "").strip().casefold()
    found = [one for one in sandbox.grants if wanted in one.email.casefold() or wanted in (one.id, one.name.casefold())]
    first = int(args["from"]) if args.get("from", "").isdecimal() else 0
    shown = found[first : first + _ACCOUNTS]
    return {
        "count": len(found),
        "first": first,
        "last": first + len(shown),
        "rows": [_account(sandbox, one) for one in shown],
        "before": urlencode({**args, "from": max(first - _ACCOUNTS, 0)}) if first else None,
        "after": urlencode({**args, "from": first + _ACCOUNTS}) if first + _ACCOUNTS < len(found) else None,
    }


def _account(sandbox: Sandbox, grant: Grant) -> Json:
    return {
        "id": grant.id,
        "email": grant.email,
        "name": grant.name,
        "provider": grant.rules.name,
        "is_valid": grant.is_valid,
        "highest": sandbox.requests.highest_in_flight().get(grant.id, 0),
        "calendars": [(one, quote(one.id, safe="")) for one in grant.calendars.values()],
    }


def _requests(sandbox: Sandbox, args: Mapping[str, str]) -> Json:
    entries = sandbox.requests.entries()
    part, only = args.get("path", "").strip(), args.get("only", "")
    emails = {one.id: one.email for one in sandbox.grants} if len(sandbox.grants) < 1000 else {}
    found = [one for one in reversed(entries) if part in f"{one['path']}?{one['query']}" and _is_kind(one, only)]
    return {
        "count": len(entries),
        "found": len(found),
        "rows": [
            one | {"at": moment(one["time"])[11:], "account": emails.get(str(one["grant"]), one["grant"])}
            for one in found[:_REQUESTS]
        ],
    }


def _is_kind(entry: Json, only: str) -> bool:
    if only == "failed":
        return entry["status"] is None or entry["status"] >= 400
    if only == "writes":
        return bool(entry["method"] != "GET")
    return only != "faults" or entry["fault"] is not None
