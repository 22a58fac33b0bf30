"""How fast the sandbox starts and serves list pages of 200 events, and what it needs; it runs in a process of its own.

Run: python bench/sandbox_pages.py [events] [users]

The client is a bare socket that reads bodies without decoding them, so that the figure is the sandbox's. The rate per
core divides by the processor time that the sandbox itself used. The first reading makes the events, the others do not.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_WIDE = "start=0&end=4000000000&expand_recurring=false&show_cancelled=true"
_LOGINS = 200


def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    users = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    command = [sys.executable, "-m", "nylasadmin.sandbox", "--port", "0", "--users", str(users)]
    command += ["--events-per-user", str(events // users)]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        print(f"ready after {time.perf_counter() - began:.2f} s, {_resident_mb(process.pid):.0f} MB resident")
        connection = http.client.HTTPConnection(line["url"].removeprefix("http://"))
        grants = list(_grants(connection, line))
        _measure("made and read", connection, line, grants, _WIDE, process.pid)
        print(f"all events made: {_resident_mb(process.pid):.0f} MB resident")
        sample = grants[:: max(len(grants) // _LOGINS, 1)]
        for name, query in (("masters and overrides", _WIDE), ("four fields", f"{_WIDE}&select=id,title,when,status")):
            _measure(name, connection, line, sample, query, process.pid)
        process.terminate()


def _grants(connection: http.client.HTTPConnection, line: dict[str, Any]) -> Iterator[str]:
    """Yield the ids of all accounts, as a client would ask for them."""
    began, offset = time.perf_counter(), 0
    while True:
        page = json.loads(_body(connection, line, f"/v3/grants?limit=200&offset={offset}"))["data"]
        yield from (grant["id"] for grant in page)
        offset += len(page)
        if len(page) < 200:
            break
    print(f"{offset:,} accounts listed in {time.perf_counter() - began:.2f} s")


def _measure(
    name: str, connection: http.client.HTTPConnection, line: dict[str, Any], grants: list[str], query: str, pid: int
) -> None:
    used, began, read, size, pages = _cpu_s(pid), time.perf_counter(), 0, 0, 0
    for grant in grants:
        path = f"/v3/grants/{grant}/events?calendar_id=primary&limit=200&{query}"
        token: str | None = ""
        while token is not None:
            body = _body(connection, line, path + (f"&page_token={token}" if token else ""))
            read, size, pages = read + body.count(b'"id":"'), size + len(body), pages + 1
            tail = body.rpartition(b'"next_cursor":"')
            token = tail[2].partition(b'"')[0].decode() if tail[1] else None
    wall, cpu = time.perf_counter() - began, _cpu_s(pid) - used
    print(
        f"{name}: {read:,} events in {pages:,} pages, {size / 1e6:.0f} MB; "
        f"{read / wall:,.0f} events/s by the clock, {read / cpu:,.0f} events/s per core of the sandbox"
    )


def _body(connection: http.client.HTTPConnection, line: dict[str, Any], path: str) -> bytes:
    connection.request("GET", path, headers={"Authorization": f"Bearer {line['api_key']}"})
    return connection.getresponse().read()


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
