"""How fast a folder is read: microseconds per event, beside the floor of reading the same pages as bytes.

    python bench/client_read.py [--events 20000] [--calendars 20] [--provider google|microsoft]

Starts a sandbox in a process of its own. Each way runs three times; the best run counts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import msgspec
import requests

from nylasadmin.adapters.nylas import NylasHttpSide
from nylasadmin.adapters.nylas.wire import read_page
from nylasadmin.domain.fidelity import FULL, meet
from nylasadmin.domain.plan import ALWAYS
from nylasadmin.domain.providers import rules_for
from nylasadmin.services.ports import FolderRef, SenderSettings


class _Cursor(msgspec.Struct):
    next_cursor: str | None = None


_cursor = msgspec.json.Decoder(_Cursor)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--calendars", type=int, default=20)
    parser.add_argument("--provider", choices=("google", "microsoft"), default="google")
    options = parser.parse_args()
    with subprocess.Popen(_sandbox(options), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        started = json.loads(process.stdout.readline())
        try:
            _measure(started, options.provider)
        finally:
            process.terminate()


def _sandbox(options: argparse.Namespace) -> list[str]:
    per_user = str(options.events // options.calendars)
    settings = ["--port", "0", "--users", str(options.calendars), "--events-per-user", per_user]
    return [sys.executable, "-m", "nylasadmin.sandbox", *settings, "--provider", options.provider]


def _measure(started: dict[str, Any], provider: str) -> None:
    folders = [(g["id"], g["email"], c["id"]) for g in started["grants"] for c in g["calendars"]]
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {started['api_key']}"
    base = started["url"]

    def floor() -> int:
        return sum(_bytes_only(session, base, grant, calendar) for grant, _, calendar in folders)

    pages = [page for grant, _, calendar in folders for page in _pages(session, base, grant, calendar)]
    events = sum(len(read_page(page).data) for page in pages)
    size = sum(map(len, pages)) / events
    print(f"{events} events in {len(folders)} calendars, {len(pages)} pages, {size:.0f} bytes each")
    best_floor = _report("requests, bytes only", events, floor)
    _report("decoding only", events, lambda: sum(len(read_page(page).data) for page in pages))
    ours = _report("observe()", events, lambda: _observe(started, folders, provider))
    print(f"observe() is {ours / best_floor:.2f} x the floor, {ours - best_floor:.1f} us per event above it")


def _bytes_only(session: requests.Session, base: str, grant: str, calendar: str) -> int:
    return sum(1 for _ in _pages(session, base, grant, calendar))


def _pages(session: requests.Session, base: str, grant: str, calendar: str) -> list[bytes]:
    query: dict[str, Any] = {"calendar_id": calendar, "start": 0, "end": 4_102_444_800, "limit": 200}
    query |= {"expand_recurring": "false", "show_cancelled": "true"}
    query["event_type"] = ["default", "outOfOffice", "focusTime", "workingLocation"]
    found: list[bytes] = []
    while True:
        body = session.get(f"{base}/v3/grants/{grant}/events", params=query, timeout=60).content
        found.append(body)
        cursor = _cursor.decode(body).next_cursor
        if not cursor:
            return found
        query["page_token"] = cursor


def _observe(started: dict[str, Any], folders: list[tuple[str, str, str]], provider: str) -> int:
    side = NylasHttpSide()
    sender = SenderSettings(base_url=started["url"], api_key=started["api_key"], requests_per_s=0)
    fidelity = meet(rules_for(provider).reports, FULL)
    count = 0
    for grant, email, calendar in folders:
        folder = FolderRef(
            grant_id=grant, provider=provider, folder_id=calendar, account_email=email, installation="bench"
        )
        count += sum(len(batch) for batch in side.reader(sender, folder).observe(fidelity, ALWAYS))
    side.close()
    return count


def _report(name: str, events: int, work: Callable[[], int]) -> float:
    wall, cpu = min(_timed(work) for _ in range(3))
    each, own = wall * 1e6 / events, cpu * 1e6 / events
    print(f"{name:>22}: {each:6.1f} us per event (own CPU {own:5.1f}), {events / wall:,.0f} per second")
    return each


def _timed(work: Callable[[], int]) -> tuple[float, float]:
    at, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - at, time.process_time() - cpu


if __name__ == "__main__":
    main()
