"""Mail from mbox files: threads, folders, flags, encodings, and what is reported."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nylasadmin.sandbox.clocks import FrozenClock
from nylasadmin.sandbox.filling import fill
from nylasadmin.sandbox.mail.headers import headers_of, raw_mime
from nylasadmin.sandbox.mail.mailboxes import Mailbox
from nylasadmin.sandbox.mail.parsing import parsed_mail
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.wire import decoded

from .conftest import ANNA, NOW

FIRST = f"""From ida@x.example Mon Dec  1 10:00:00 2025
From: =?utf-8?q?Ida_L=C3=BCnd?= <ida@x.example>
To: Anna <{ANNA}>, ole@x.example
Cc: "Chen, W." <chen@x.example>
Subject: Plan
Message-ID: <1@x.example>
Date: Mon, 01 Dec 2025 09:00:00 +0000
Received: by mail.example; Mon, 01 Dec 2025 10:00:00 +0100
Status: O
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: multipart/alternative; boundary=c

--c
Content-Type: text/plain

plain
--c
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<p>Gr=C3=BC=C3=9Fe</p>
--c--
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="offer.pdf"
Content-Transfer-Encoding: base64

aGVsbG8=
--b--
"""
ANSWER = f"""
From anna Mon Dec  1 12:00:00 2025
From: {ANNA}
To: ida@x.example
Subject: Re: Plan
Message-ID: <2@x.example>
In-Reply-To: <1@x.example>
Date: Mon, 01 Dec 2025 12:00:00 +0000

ok
"""
LABELLED = """
From x Mon Dec  1 13:00:00 2025
From: news@x.example
Subject: News
X-Gmail-Labels: Inbox,Unread,Starred,Customers
Message-ID: <3@x.example>

text
"""
BARE = """
From x@y Mon Dec  1 14:00:00 2025
Subject: bare

>From the start
"""


def loaded(tmp_path: Path, text: str, provider: str = "google") -> tuple[Sandbox, Mailbox]:
    (tmp_path / "a.mbox").write_bytes(text.encode())
    sandbox = Sandbox(provider=provider, clock=FrozenClock(NOW))
    fill(sandbox, users=2, events_per_user=0, mbox=tmp_path)
    return sandbox, sandbox.mail.of(next(iter(sandbox.grants)))


def messages(mailbox: Mailbox) -> list[dict[str, Any]]:
    return [decoded(row.body) for row in mailbox.newest_first()]


def test_headers_people_body_and_attachments_are_read(tmp_path: Path) -> None:
    one = messages(loaded(tmp_path, FIRST)[1])[0]
    assert one["from"] == [{"email": "ida@x.example", "name": "Ida Lünd"}]
    assert [person["email"] for person in one["to"]] == [ANNA, "ole@x.example"]
    assert one["cc"] == [{"email": "chen@x.example", "name": "Chen, W."}]
    assert (one["body"].strip(), one["snippet"]) == ("<p>Grüße</p>", "Grüße")
    assert one["date"] == 1_764_579_600
    kept = [(file["filename"], file["content_type"], file["size"]) for file in one["attachments"]]
    assert kept == [("offer.pdf", "application/pdf", 5)]
    assert (one["unread"], one["folders"]) == (True, ["UNREAD", "INBOX"])


def test_answers_join_their_thread_and_own_mail_was_sent(tmp_path: Path) -> None:
    _, mailbox = loaded(tmp_path, FIRST + ANSWER)
    answer, first = messages(mailbox)
    assert answer["thread_id"] == first["thread_id"] == first["id"]
    assert (answer["folders"], answer["unread"]) == (["SENT"], False)


def test_an_answer_whose_first_message_is_missing_keeps_its_thread_with_others(tmp_path: Path) -> None:
    _, mailbox = loaded(tmp_path, ANSWER.lstrip() + ANSWER.replace("<2@", "<4@"))
    assert len({one["thread_id"] for one in messages(mailbox)}) == 1


@pytest.mark.parametrize(("provider", "count"), [("google", 2), ("microsoft", 1)])
def test_labels_become_folders_and_flags(tmp_path: Path, provider: str, count: int) -> None:
    _, mailbox = loaded(tmp_path, LABELLED.lstrip(), provider)
    one = messages(mailbox)[0]
    names = [mailbox.folders[folder].name for folder in one["folders"] if folder not in ("UNREAD", "STARRED")]
    assert [name.upper() for name in names] == ["INBOX", "CUSTOMERS"][:count]
    assert (one["unread"], one["starred"]) == (True, True)


def test_the_headers_and_the_whole_mail_are_kept_as_they_came(tmp_path: Path) -> None:
    _, mailbox = loaded(tmp_path, FIRST)
    row = next(mailbox.newest_first())
    assert {"name": "Status", "value": "O"} in headers_of(mailbox, row)
    assert b"aGVsbG8=" in base64.urlsafe_b64decode(raw_mime(mailbox, row))


def test_what_is_missing_is_made_and_reported(tmp_path: Path) -> None:
    sandbox, mailbox = loaded(tmp_path, BARE.lstrip())
    one = messages(mailbox)[0]
    assert (one["date"], one["from"], one["to"]) == (1_764_597_600, [], [])
    assert [entry["what"] for entry in sandbox.report] == ["Message-ID"]


def test_a_message_that_comes_twice_is_kept_once(tmp_path: Path) -> None:
    sandbox, mailbox = loaded(tmp_path, FIRST + "\n" + FIRST)
    assert len(mailbox) == 1
    assert sandbox.report[0]["why"] == "is in the file more than once: the first is kept"


def test_a_file_without_mail_is_reported(tmp_path: Path) -> None:
    sandbox, mailbox = loaded(tmp_path, "nothing\n")
    assert (len(mailbox), sandbox.report[0]["why"]) == (0, "holds no message")


@given(st.binary(max_size=300))
def test_no_mail_makes_the_reader_fail(data: bytes) -> None:
    parsed_mail(data)
    parsed_mail(
        b"From: " + data + b"\nContent-Type: text/html; charset=" + data[:9] + b"\nDate: " + data + b"\n\n" + data
    )


@pytest.mark.parametrize("charset", ["undefined", "no-such", "idna", "\0"])
def test_text_in_an_impossible_charset_is_read_as_latin_1_and_told(charset: str) -> None:
    mail = parsed_mail(f"Content-Type: text/plain; charset={charset}\n\n".encode() + b"Gr\xfc\xdfe")
    assert mail.fields["body"] == "Grüße"
    assert mail.problems
