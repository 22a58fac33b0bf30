"""Reading vCard text (2.1, 3.0 and 4.0) into properties: lines unfolded, values decoded, damaged cards reported."""

from __future__ import annotations

import quopri
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator
from dataclasses import dataclass, field

from nylasadmin.sandbox.ics.reports import FileReport

_LINE = re.compile(r'(?:([\w-]+)\.)?([\w-]+)((?:;(?:[^":;]|"[^"]*")*)*):(.*)', re.DOTALL)
_PARAMETER = re.compile(r';([^=;"]+)(?:=((?:[^";]|"[^"]*")*))?')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_BARE_TYPES = ("HOME", "WORK", "CELL", "PREF", "VOICE", "FAX", "INTERNET", "JPEG", "PNG", "GIF", "MOBILE", "PAGER")


@dataclass(frozen=True, slots=True)
class Property:
    """One line of a card."""

    name: str
    value: str
    """The value with its escapes."""
    types: tuple[str, ...] = ()
    group: str | None = None
    encoding: str = ""

    @property
    def text(self) -> str:
        """The value as one text."""
        return unescaped(self.value).strip()

    def parts(self, separator: str = ";") -> list[str]:
        """Return the parts of a structured value."""
        return [unescaped(one).strip() for one in re.split(rf"(?<!\\){separator}", self.value)]

    def binary(self) -> bytes | None:
        """Return the bytes of an inline value, None if it is none."""
        if self.encoding not in ("B", "BASE64") and not self.value.startswith("data:"):
            return None
        try:
            return b64decode(re.sub(r"\s", "", self.value.rpartition("base64,")[2]), validate=True)
        except (NotBase64, ValueError):
            return None


@dataclass
class Card:
    """One vCard."""

    properties: list[Property] = field(default_factory=list)

    def all(self, *names: str) -> list[Property]:
        """Return the properties of some names, in their order."""
        return [one for one in self.properties if one.name in names]

    def text(self, name: str) -> str:
        """Return the text of the first property of a name, or nothing."""
        return next((one.text for one in self.all(name)), "")


def read_cards(data: bytes, report: FileReport) -> list[Card]:
    """Read all whole cards of a file; what is damaged is told."""
    cards: list[Card] = []
    card: Card | None = None
    for line in _unfolded(_decoded(data, report)):
        found = _property(line)
        if found is not None and found.name == "BEGIN":
            if card is not None:
                report.add(None, "a card", "does not end: left out")
            card = Card()
        elif found is not None and found.name == "END" and card is not None:
            cards.append(card)
            card = None
        elif card is not None and found is not None:
            card.properties.append(found)
        elif card is not None:
            report.add(None, f"line {line[:40]!r}", "is no property")
    if card is not None:
        report.add(None, "a card", "does not end: left out")
    return cards


def unescaped(value: str) -> str:
    """Undo the escapes of a value."""
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def _decoded(data: bytes, report: FileReport) -> str:
    for encoding in ("utf-8-sig", "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    report.add(None, "the file", "is not UTF-8: read as Latin 1")
    return data.decode("latin-1")


def _unfolded(text: str) -> Iterator[str]:
    """Yield whole lines: continuations begin with white space, or follow a soft break of quoted-printable."""
    whole = ""
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        is_soft = whole.endswith("=") and "QUOTED-PRINTABLE" in whole.partition(":")[0].upper()
        if is_soft:
            whole = f"{whole}\n{line}"
        elif line[:1] in (" ", "\t") and whole:
            whole += line[1:]
        else:
            if whole.strip():
                yield whole
            whole = line
    if whole.strip():
        yield whole


def _property(line: str) -> Property | None:
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    types: list[str] = []
    encoding = charset = ""
    for name, value in _PARAMETER.findall(found[3]):
        key, text = name.strip().upper(), value.replace('"', "").strip()
        if key == "TYPE" or (not text and key in _BARE_TYPES):
            types += [one.strip().casefold() for one in (text or key).split(",")]
        elif key == "ENCODING" or key in ("QUOTED-PRINTABLE", "BASE64"):
            encoding = (text or key).upper()
        elif key == "CHARSET":
            charset = text
    value = _plain(found[4], encoding, charset)
    return Property(found[2].upper(), value, tuple(types), found[1], encoding)


def _plain(value: str, encoding: str, charset: str) -> str:
    """Undo quoted-printable; its line breaks become escapes, as everywhere else."""
    if encoding != "QUOTED-PRINTABLE":
        return value
    data = quopri.decodestring(value.encode("utf-8", "replace"))
    try:
        text = data.decode(charset or "utf-8")
    except (LookupError, ValueError):
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\n", "\\n")
