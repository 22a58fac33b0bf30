"""The sandbox's refusals: values that become Nylas' JSON error envelope at the HTTP edge."""

from __future__ import annotations


class Refusal(Exception):
    """A request that the look-alike answers with an error, as the service would."""

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        *,
        fields: dict[str, str] | None = None,
        provider_error: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.fields = fields
        self.provider_error = provider_error
        self.headers = headers or {}


def bad_request(message: str, **fields: str) -> Refusal:
    """Refuse with 400; `fields` name what is wrong with which field (dots written as two underscores)."""
    named = {name.replace("__", "."): text for name, text in fields.items()}
    return Refusal(400, "invalid_request_error", message, fields=named or None)


def not_found(message: str) -> Refusal:
    """Refuse with 404."""
    return Refusal(404, "not_found_error", message)


def unauthorized(message: str) -> Refusal:
    """Refuse with 401."""
    return Refusal(401, "unauthorized", message)


def forbidden(message: str) -> Refusal:
    """Refuse with 403, as the provider does for a calendar one may only read."""
    return Refusal(403, "provider_error", message, provider_error={"error": "forbidden", "message": message})
