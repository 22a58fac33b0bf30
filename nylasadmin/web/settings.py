"""What the web shell must be told: one frozen value, made in bootstrap."""

from __future__ import annotations

from datetime import timedelta

import msgspec


class WebSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``allowed_frame_ancestors`` are origins that may show the console in a frame; none may by default.

    ``trusted_proxies`` is how many proxies in front set the X-Forwarded-* headers (For, Proto, Host, Prefix); with 0
    these headers are ignored. ``cookie_secure`` belongs on wherever the console is reached by https.
    ``public_url``: where browsers find the console, without a slash at its end; empty: as the request says.
    """

    secret_key: str
    cookie_secure: bool = False
    allowed_frame_ancestors: tuple[str, ...] = ()
    trusted_proxies: int = 0
    idle_limit: timedelta = timedelta(hours=12)
    tries_per_address: str = "30 per 5 minutes"
    tries_per_username: str = "10 per 5 minutes"
    tries_per_link: str = "20 per 5 minutes"
    public_url: str = ""
