"""Where a sign-in came from, as grants remember it."""

from __future__ import annotations

from flask import request

from nylasadmin.sandbox.wire import Json


def visitor() -> Json:
    """Return address and program of whoever signs in."""
    return {"ip": request.remote_addr or "", "user_agent": request.headers.get("User-Agent", "")}
