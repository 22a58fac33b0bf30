"""Where a command writes: results on standard output, everything about the way there on standard error."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TextIO

import msgspec


class Terminal:
    """Both streams of one command. Made when the command starts, so that redirected streams are respected."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._err = err or sys.stderr

    def say(self, text: str = "") -> None:
        """Write a line of the result."""
        self._out.write(text + "\n")

    def note(self, text: str = "") -> None:
        """Write a line beside the result: progress, advice, trouble."""
        self._err.write(text + "\n")
        self._err.flush()

    def complain(self, text: str) -> None:
        """Write why the command does not do what was asked."""
        self.note(f"nylasadmin: {text}")

    def say_json(self, value: object) -> None:
        """Write a value as one JSON document."""
        self.say_bytes(msgspec.json.format(msgspec.json.encode(value), indent=2))

    def say_bytes(self, line: bytes) -> None:
        """Write a line that is UTF-8 whatever the terminal speaks."""
        self._out.flush()
        self._out.buffer.write(line + b"\n")

    def say_table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write aligned columns; the last one is as long as it likes."""
        widths = [max(len(cell) for cell in column) for column in zip(headings, *rows, strict=True)]
        for row in (headings, *rows):
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            self.say("  ".join(cells).rstrip())

    def flush(self) -> None:
        """Bring everything out; a reader that has gone shows here at the latest."""
        self._out.flush()
        self._err.flush()

    def redraw(self, text: str) -> None:
        """Replace the last line of a terminal by another one."""
        self._err.write(f"\r\x1b[2K{text}")
        self._err.flush()

    @property
    def is_interactive(self) -> bool:
        """Say whether somebody watches standard error."""
        return self._err.isatty()


def number_of(count: int, noun: str) -> str:
    """Say how many of something: 1 item, 1,200 items."""
    return f"{count:,} {noun if count == 1 else noun + 's'}"
