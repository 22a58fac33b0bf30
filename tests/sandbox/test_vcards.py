"""Contacts from vCard files: all three versions, damaged ones, what has no place is reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nylasadmin.sandbox.clocks import FrozenClock
from nylasadmin.sandbox.contacts.vcards import read_cards
from nylasadmin.sandbox.filling import fill
from nylasadmin.sandbox.ics.reports import FileReport
from nylasadmin.sandbox.state import Sandbox
from nylasadmin.sandbox.wire import decoded

from .conftest import NOW

V3 = """BEGIN:VCARD
VERSION:3.0
UID:urn:uuid:1
N:Lund;Ida;Marie;Dr.;Jr.
FN:Dr. Ida Lund
NICKNAME:Idy
ORG:Halden Marine;Sales;North
TITLE:Buyer
EMAIL;TYPE=INTERNET,HOME:ida@lund.example
item1.EMAIL;TYPE=INTERNET:ida@work.example
item1.X-ABLabel:_$!<Work>!$_
TEL;TYPE=CELL:+47 1
ADR;TYPE=WORK:;2nd floor;Mill Lane 1;Kiel;SH;24103;Germany
URL;TYPE=WORK:https://lund.example/a\\,b
IMPP:xmpp:ida@chat.example
BDAY:1984-02-29
NOTE:First line\\nsecond\\, still the sec
 ond
CATEGORIES:Friends,Trade fair
PHOTO;ENCODING=b;TYPE=PNG:aGVsbG8=
REV:2025-03-01T10:00:00Z
X-SHOE-SIZE:44
GEO:1;2
END:VCARD
"""
V4 = """BEGIN:VCARD
VERSION:4.0
N:Ólafsson;Jón;;;
FN:Jón Ólafsson
TEL;VALUE=uri;TYPE="voice,home":tel:+354-1
BDAY:--0412
PHOTO:data:image/png;base64,aGVsbG8=
END:VCARD
"""
V2 = """BEGIN:VCARD
VERSION:2.1
N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;J=F6rg
TEL;WORK;VOICE:1
NOTE;ENCODING=QUOTED-PRINTABLE:one=0D=0A=
two
END:VCARD
"""
GROUP = """BEGIN:VCARD
VERSION:3.0
FN:Board
X-ADDRESSBOOKSERVER-KIND:group
X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:1
END:VCARD
"""


def loaded(tmp_path: Path, text: str | bytes, provider: str = "google") -> tuple[Sandbox, list[dict[str, Any]]]:
    data = text if isinstance(text, bytes) else text.replace("\n", "\r\n").encode()
    (tmp_path / "a.vcf").write_bytes(data)
    sandbox = Sandbox(provider=provider, clock=FrozenClock(NOW))
    fill(sandbox, users=2, events_per_user=0, vcard=tmp_path)
    book = sandbox.contacts.of(next(iter(sandbox.grants)))
    return sandbox, [decoded(row.body) for _, row in book.rows()]


def test_everything_that_has_a_place_is_taken_over(tmp_path: Path) -> None:
    _, contacts = loaded(tmp_path, V3)
    one = contacts[0]
    texts = (
        "given_name",
        "middle_name",
        "surname",
        "suffix",
        "nickname",
        "company_name",
        "office_location",
        "job_title",
    )
    assert [one[name] for name in texts] == [
        "Ida",
        "Marie",
        "Lund",
        "Jr.",
        "Idy",
        "Halden Marine",
        "Sales, North",
        "Buyer",
    ]
    assert one["emails"] == [
        {"email": "ida@lund.example", "type": "home"},
        {"email": "ida@work.example", "type": "work"},
    ]
    assert one["phone_numbers"] == [{"number": "+47 1", "type": "mobile"}]
    assert one["physical_addresses"][0]["street_address"] == "2nd floor\nMill Lane 1"
    assert one["web_pages"] == [{"url": "https://lund.example/a,b", "type": "work"}]
    assert one["im_addresses"] == [{"im_address": "ida@chat.example", "type": "xmpp"}]
    assert (one["birthday"], one["notes"]) == ("1984-02-29", "First line\nsecond, still the second")
    assert one["updated_at"] == 1_740_823_200


def test_groups_and_categories_become_contact_groups(tmp_path: Path) -> None:
    sandbox, contacts = loaded(tmp_path, V3 + GROUP)
    book = sandbox.contacts.of(next(iter(sandbox.grants)))
    names = [book.groups[one["id"]].name for one in contacts[0]["groups"]]
    assert names == ["Board", "friends", "Trade fair"]
    assert len(contacts) == 1


def test_pictures_are_kept(tmp_path: Path) -> None:
    for text in (V3, V4):
        sandbox, contacts = loaded(tmp_path, text)
        book = sandbox.contacts.of(next(iter(sandbox.grants)))
        assert book.pictures[contacts[0]["id"]] == b"hello"
        assert contacts[0]["picture_url"]


def test_version_4_is_read(tmp_path: Path) -> None:
    one = loaded(tmp_path, V4)[1][0]
    assert (one["given_name"], one["surname"], one["birthday"]) == ("Jón", "Ólafsson", "--04-12")
    assert one["phone_numbers"] == [{"number": "+354-1", "type": "home"}]


def test_version_2_is_read(tmp_path: Path) -> None:
    one = loaded(tmp_path, V2)[1][0]
    assert (one["given_name"], one["surname"], one["notes"]) == ("Jörg", "Müller", "one\ntwo")
    assert one["phone_numbers"] == [{"number": "1", "type": "work"}]


def test_what_has_no_place_is_reported(tmp_path: Path) -> None:
    report = {entry["what"]: entry["why"] for entry in loaded(tmp_path, V3)[0].report}
    assert report["GEO of 1 contacts"] == "contacts at Nylas have no such field"
    assert report["X-SHOE-SIZE"] == "private extensions have no place at Nylas"


def test_what_a_provider_cannot_keep_is_reported(tmp_path: Path) -> None:
    sandbox, contacts = loaded(tmp_path, V3, "icloud")
    assert len(contacts[0]["emails"]) == 1
    assert any(entry["why"] == "ida@work.example: more than this provider keeps" for entry in sandbox.report)


def test_damaged_files_give_what_is_whole_in_them(tmp_path: Path) -> None:
    text = (
        "BEGIN:VCARD\nFN:Lost\nBEGIN:VCARD\nFN:Found Person\nno property at all\nEND:VCARD\nBEGIN:VCARD\nFN:Also lost\n"
    )
    sandbox, contacts = loaded(tmp_path, text)
    assert [(one["given_name"], one["surname"]) for one in contacts] == [("Found", "Person")]
    assert [entry["why"] for entry in sandbox.report].count("does not end: left out") == 2


def test_a_file_in_another_encoding_is_read_and_told(tmp_path: Path) -> None:
    sandbox, contacts = loaded(tmp_path, "BEGIN:VCARD\nN:Müller;Jörg\nEND:VCARD\n".encode("latin-1"))
    assert contacts[0]["surname"] == "Müller"
    assert sandbox.report[0]["why"] == "is not UTF-8: read as Latin 1"


def test_files_go_round_the_users(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.vcf").write_text(f"BEGIN:VCARD\nFN:{name}\nEND:VCARD\n")
    sandbox = Sandbox(clock=FrozenClock(NOW))
    fill(sandbox, users=2, events_per_user=0, vcard=tmp_path)
    assert [len(sandbox.contacts.of(one)) for one in sandbox.grants] == [2, 1]


@given(st.binary(max_size=200))
def test_no_file_makes_the_reader_fail(data: bytes) -> None:
    read_cards(b"BEGIN:VCARD\n" + data + b"\nEND:VCARD\n", FileReport("x"))


@pytest.mark.parametrize("value", ["\\\\n", "a\\;b;c", "\\"])
def test_escapes_are_undone_once(value: str) -> None:
    cards = read_cards(f"BEGIN:VCARD\nNOTE:{value}\nEND:VCARD\n".encode(), FileReport("x"))
    assert cards[0].text("NOTE") == {"\\\\n": "\\n", "a\\;b;c": "a;b;c", "\\": "\\"}[value]
