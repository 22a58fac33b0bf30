"""`search_query_native`, the part of it people use: words, phrases, `OR`, `subject:`, `from:`, `to:`, `is:`, `has:`;
for Microsoft `$search="..."` and two kinds of `$filter`.
"""

from __future__ import annotations

import re

from nylasadmin.sandbox.errors import Refusal, bad_request
from nylasadmin.sandbox.events.queries import Test
from nylasadmin.sandbox.wire import Json

_TERM = re.compile(r'(-?)(?:(\w+):)?(?:"([^"]*)"|(\S+))')
_MICROSOFT = re.compile(r"""\$(?:search="(?P<words>.*)"|filter=(?P<filter>.*))""")
_FROM_IS = re.compile(r"from/emailAddress/address eq '([^']+)'")
_SUBJECT_HAS = re.compile(r"contains\(subject,\s*'([^']+)'\)")
_PEOPLE = ("from", "to", "cc", "bcc")


def native_test(query: str) -> Test:
    """Return the test of a message that a provider's search would make."""
    microsoft = _MICROSOFT.fullmatch(query.strip())
    if microsoft and microsoft["filter"] is not None:
        return _filter_test(microsoft["filter"])
    return _search_test(microsoft["words"] if microsoft else query)


def _filter_test(text: str) -> Test:
    sender, subject = _FROM_IS.fullmatch(text.strip()), _SUBJECT_HAS.fullmatch(text.strip())
    if sender:
        return lambda message: _mentions(message, ("from",), sender[1].casefold())
    if subject:
        return lambda message: subject[1].casefold() in (message.get("subject") or "").casefold()
    raise _invalid("the sandbox knows $filter on the sender's address and on contains(subject, ...) only")


def _search_test(text: str) -> Test:
    choices = [[_term_test(found) for found in _TERM.finditer(part)] for part in re.split(r"\s+OR\s+", text.strip())]
    if not all(choices):
        raise _invalid("must hold a word")
    return lambda message: any(all(test(message) for test in tests) for tests in choices)


def _term_test(found: re.Match[str]) -> Test:
    minus, field, words = found[1], (found[2] or "").casefold(), (found[3] or found[4] or "").casefold()
    test = _plain_test(field, words)
    return (lambda message: not test(message)) if minus else test


def _plain_test(field: str, words: str) -> Test:
    if field == "subject":
        return lambda message: words in (message.get("subject") or "").casefold()
    if field in _PEOPLE:
        return lambda message: _mentions(message, (field,), words)
    if field == "is" and words in ("unread", "read", "starred"):
        return lambda message: bool(
            message["starred"] if words == "starred" else message["unread"] is (words[0] == "u")
        )
    if field == "has" and words == "attachment":
        return lambda message: bool(message.get("attachments"))
    if field:
        raise _invalid(f"the sandbox does not know {field}:{words}; folders are named by the parameter in")
    return lambda message: (
        words in f"{message.get('subject')} {message.get('body')}".casefold() or _mentions(message, _PEOPLE, words)
    )


def _mentions(message: Json, fields: tuple[str, ...], words: str) -> bool:
    people = (person for field in fields for person in message.get(field) or ())
    return any(words in f"{person.get('name')} {person.get('email')}".casefold() for person in people)


def _invalid(problem: str) -> Refusal:
    return bad_request(f"search_query_native: {problem}", search_query_native=problem)
