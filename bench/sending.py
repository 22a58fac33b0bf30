"""How well a Send uses what one account is allowed: requests in flight, and requests per second.

The sandbox takes a fixed time for each write and writes down how many requests were in flight. What the target's rate
allows follows from the rate. What four requests in flight allow is measured beside each Send, half before and half
after it: four threads that do nothing but send such requests. Planning and reading count as time of the Send, so the
shares are a little too low.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import requests

from bench.installations import opened, prepare, send
from bench.reports import Row, note
from bench.sandboxes import Company, running_company
from nylasadmin.domain.items import ItemId, ScheduleItem, Timed
from nylasadmin.domain.links import PRIMARY
from nylasadmin.services.rows import CrmItem

_LANES = 4
_BURST_S = 2.0  # an account that was left alone may do so many seconds' worth at once
_BEGIN = 1_900_000_000
_ALONE = 120  # requests of the threads that only send, before and again after


class _Case(NamedTuple):
    """What bounds a Send: the time each request takes, or the target's limit."""

    name: str
    items: int
    takes_s: float
    requests_per_s: float


_CASES = (
    _Case("requests in flight", 600, 0.15, 200),
    _Case("requests per second", 600, 0.15, 20),
)


def measure() -> list[Row]:
    """Send into an empty calendar, bounded once by each; give the rows of the table."""
    return [_measured(case) for case in _CASES]


def _measured(case: _Case) -> Row:
    note(f"Send bounded by {case.name}")
    with tempfile.TemporaryDirectory() as folder, running_company(2, 0) as company:
        product = opened(prepare(Path(folder) / "sender", company.first(1), requests_per_s=case.requests_per_s))
        with product.storage.write() as tx:
            for number in range(case.items):
                tx.items.put(_item(number), "bench")
        _control(company, "POST", "faults", {"kind": "hang", "seconds": case.takes_s, "method": "POST", "count": None})
        before = _alone(company)
        _control(company, "DELETE", "requests")
        began = time.perf_counter()
        done = send(product)
        took = time.perf_counter() - began
        product.close()
        log = _control(company, "GET", "requests")["data"]
        alone = (before + _alone(company)) / 2
    return _row(case, done.counters.created, took, alone, [entry for entry in log if entry["method"] == "POST"])


def _alone(company: Company) -> float:
    """Give how many requests a second go through four threads that only send."""
    began = time.perf_counter()
    with ThreadPoolExecutor(_LANES) as pool:
        list(pool.map(lambda _: _post(company, _ALONE // _LANES), range(_LANES)))
    return _ALONE / (time.perf_counter() - began)


def _post(company: Company, times: int) -> None:
    grant = company.grants[1]  # nobody else's calendar
    url = f"{company.url}/v3/grants/{grant.id}/events?calendar_id={grant.primary.id}&notify_participants=false"
    when = {"start_time": _BEGIN, "end_time": _BEGIN + 1800}
    body = json.dumps({"title": "Nobody's", "when": when}).encode()
    with requests.Session() as session:
        session.headers.update({"Authorization": f"Bearer {company.api_key}", "Content-Type": "application/json"})
        for _ in range(times):
            session.post(url, data=body, timeout=30).raise_for_status()


def _item(number: int) -> CrmItem:
    when = Timed(_BEGIN + number * 3600, _BEGIN + number * 3600 + 1800)
    item = ScheduleItem(when=when, title=f"Meeting {number}")
    return CrmItem(id=ItemId(f"item-{number}"), user_id="u00000", collection=PRIMARY, item=item)


def _control(company: Company, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    answer = requests.request(method, f"{company.url}/sandbox/{path}", json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()


def _row(case: _Case, written: int, took_s: float, alone_per_s: float, log: list[dict[str, Any]]) -> Row:
    in_flight = sum(entry["ms"] for entry in log) / 1000 / took_s
    by_clock = took_s * _LANES / (statistics.median(entry["ms"] for entry in log) / 1000)
    by_lanes = took_s * alone_per_s
    by_rate = (took_s + _BURST_S) * case.requests_per_s
    return Row(
        {
            "bounded by": case.name,
            "written": f"{written:,}",
            "seconds": f"{took_s:.1f}",
            "in flight on average": f"{in_flight:.2f}",
            "at most": str(max(entry["in_flight"] for entry in log)),
            "allowed in that time": f"{min(by_lanes, by_rate):,.0f}",
            "used": f"{written / min(by_lanes, by_rate):.1%}",
            "of what the service's time alone allows": f"{written / min(by_clock, by_rate):.1%}",
        }
    )
