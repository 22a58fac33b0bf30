"""How fast the sandbox serves list pages of 200 events; the sandbox runs in a process of its own.

Run: python bench/sandbox_pages.py [events]

The client is a bare socket that reads bodies without decoding them, so that the figure is the sandbox's. The rate per
core divides by the processor time that the sandbox itself used.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_USERS = 20
_WIDE = "start=0&end=4000000000&expand_recurring=false&show_cancelled=true"


def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    command = [sys.executable, "-m", "nylasadmin.sandbox", "--port", "0", "--users", str(_USERS)]
    command += ["--events-per-user", str(events // _USERS)]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        print(f"ready after {time.perf_counter() - began:.2f} s, {_resident_mb(process.pid):.0f} MB resident")
        for name, query in (("masters and overrides", _WIDE), ("four fields", f"{_WIDE}&select=id,title,when,status")):
            _measure(name, line, query, process.pid)
        process.terminate()


def _measure(name: str, line: dict[str, Any], query: str, pid: int) -> None:
    connection = http.client.HTTPConnection(line["url"].removeprefix("http://"))
    headers = {"Authorization": f"Bearer {line['api_key']}"}
    used, began, read, size, pages = _cpu_s(pid), time.perf_counter(), 0, 0, 0
    for grant in line["grants"] * 3:
        path = f"/v3/grants/{grant['id']}/events?calendar_id={grant['calendars'][0]['id']}&limit=200&{query}"
        token = ""
        while token is not None:
            connection.request("GET", path + (f"&page_token={token}" if token else ""), headers=headers)
            body = connection.getresponse().read()
            read, size, pages = read + body.count(b'"id":"'), size + len(body), pages + 1
            tail = body.rpartition(b'"next_cursor":"')
            token = tail[2].partition(b'"')[0].decode() if tail[1] else None
    wall, cpu = time.perf_counter() - began, _cpu_s(pid) - used
    print(
        f"{name}: {read} events in {pages} pages, {size / 1e6:.0f} MB; "
        f"{read / wall:,.0f} events/s by the clock, {read / cpu:,.0f} events/s per core of the sandbox"
    )


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
