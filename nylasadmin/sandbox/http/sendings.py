"""What is asked of `messages/send`: a letter as JSON, as a form with files, or as a whole mail; and the replays.

A repeated `Idempotency-Key` gets the first answer again, for an hour.
"""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as NotBase64
from hashlib import sha256

from flask import Response, request

from nylasadmin.sandbox.errors import Refusal, bad_request
from nylasadmin.sandbox.http import replies
from nylasadmin.sandbox.mail.parsing import parsed_mail
from nylasadmin.sandbox.wire import Json, encoded

_KEPT_S = 3600
_LONGEST_KEY = 256


class Replays:
    """The answers given to idempotency keys."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], tuple[int, str, bytes]] = {}

    def answer_to(self, grant_id: str, letter: object, now: int) -> Response | None:
        """Return the answer this request got before; refuse a key that came with another request."""
        key = _key()
        if key is None:
            return None
        self._answers = {known: kept for known, kept in self._answers.items() if now - kept[0] < _KEPT_S}
        kept = self._answers.get((grant_id, key))
        if kept is None:
            return None
        if kept[1] != _digest(letter):
            raise Refusal(409, "api.invalid_idempotent_request", "The key was used for another request")
        answer = Response(kept[2], content_type=replies.JSON_TYPE)
        answer.headers["Idempotent-Response"] = "true"
        return answer

    def keep(self, grant_id: str, letter: object, now: int, answer: Response) -> None:
        """Keep the answer to this request, if it has a key."""
        key = _key()
        if key is not None:
            self._answers[grant_id, key] = now, _digest(letter), answer.get_data()


def asked_letter() -> tuple[Json, list[Json]]:
    """Return the letter of this request and what is known of its attachments."""
    if request.args.get("type") == "mime":
        return _from_mail()
    if request.mimetype != "multipart/form-data":
        body = replies.body()
        return body, _attachments(body.get("attachments"))
    try:
        body = json.loads(_field("message"))
    except ValueError as problem:
        raise bad_request("message is not valid JSON") from problem
    if not isinstance(body, dict):
        raise bad_request("message must be an object")
    files = [one for name, one in request.files.items(multi=True) if name != "message"]
    return body, [_about(one.filename, one.mimetype, len(one.read())) for one in files]


def _from_mail() -> tuple[Json, list[Json]]:
    data = _field("mime")
    if not data:
        raise bad_request("mime is required", mime="is required")
    mail = parsed_mail(data)
    return {name: mail.fields[name] for name in ("subject", "body", "from", "to", "cc", "bcc", "reply_to")}, mail.files


def _field(name: str) -> bytes:
    """Return a part of the form, which clients send as a field or, like the Python one, as a file without a name."""
    file = request.files.get(name)
    return file.read() if file is not None else request.form.get(name, "").encode()


def _attachments(value: object) -> list[Json]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise bad_request("attachments must be a list of objects", attachments="must be a list of objects")
    return [_about(one.get("filename"), one.get("content_type"), _size(one)) for one in value]


def _size(attachment: Json) -> int:
    try:
        return len(b64decode(attachment.get("content") or "", validate=True))
    except (NotBase64, TypeError, ValueError) as problem:
        raise bad_request("attachments must hold base64", attachments__content="must be base64") from problem


def _about(name: object, kind: object, size: int) -> Json:
    shown: Json = {"filename": str(name or "attachment"), "content_type": str(kind or "application/octet-stream")}
    return shown | {"size": size, "is_inline": False, "content_disposition": "attachment"}


def _key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= _LONGEST_KEY:
        raise Refusal(400, "api.invalid_idempotency_key", f"The key must have 1 to {_LONGEST_KEY} characters")
    return key


def _digest(letter: object) -> str:
    # Of what was understood, not of the bytes: a repeated form has another boundary.
    return sha256(encoded(letter)).hexdigest()
