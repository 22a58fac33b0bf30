"""The console as a visitor meets it: how soon it answers, what it holds idle, how long panels take while runs go on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import requests

from bench.installations import PASSWORD, SECRET, TARGET, copied, opened_idle, prepare
from bench.reports import Row, note
from bench.sandboxes import running_company
from bench.stopwatches import percentile
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.privileges import ENGINE

_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
_SETTLE_S = 2.0
_PAUSE_S = 0.02  # a person's browser asks, looks, asks again; an endless stream would measure the queue


class Console:
    """A served installation and a session of olga's."""

    def __init__(self, url: str, process: subprocess.Popen[str], took_s: float) -> None:
        self.url = url
        self.process = process
        self.took_s = took_s
        self.session = requests.Session()
        self.session.trust_env = False

    def sign_in(self) -> None:
        page = self.session.get(self.url + "sign-in", timeout=20).text
        token = _TOKEN.search(page)
        if token is None:
            raise RuntimeError("the sign-in page has no token")
        form = {"csrf_token": token[1], "username": "olga", "password": PASSWORD}
        answer = self.session.post(self.url + "sign-in", form, headers={"Origin": self.url.rstrip("/")}, timeout=20)
        if not answer.ok or answer.url.endswith("sign-in"):
            raise RuntimeError(f"olga could not sign in: {answer.status_code}")

    def ask(self, path: str) -> float:
        """GET a panel; give the milliseconds until its last byte."""
        began = time.perf_counter()
        answer = self.session.get(self.url + path, headers={"HX-Request": "true"}, timeout=60)
        took = (time.perf_counter() - began) * 1000
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")
        return took

    @property
    def memory_mb(self) -> float:
        return float(psutil.Process(self.process.pid).memory_info().rss) / 2**20


@contextmanager
def served(folder: Path) -> Iterator[Console]:
    """Run ``nylasadmin serve`` as long as the block runs; ready when it has answered its first page."""
    environ = {**os.environ, "NYLASADMIN_SECRET_KEY": SECRET, "NYLASADMIN_COOKIE_SECURE": "false"}
    command = [sys.executable, "-m", "nylasadmin", "serve", "--port", "0", "--data", str(folder)]
    began = time.perf_counter()
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            requests.get(url + "sign-in", timeout=20).raise_for_status()
            yield Console(url, process, time.perf_counter() - began)
        finally:
            process.terminate()


def measure_start(rounds: int) -> list[Row]:
    """Measure the way from the command to the first answered page, and the memory then held."""
    with tempfile.TemporaryDirectory() as folder, running_company(5, 10) as company:
        prepared = prepare(Path(folder) / "prepared", company)
        took, held = zip(*(_one_start(prepared) for _ in range(rounds)), strict=True)
    return [
        Row({"what": "start to first answered page", "median": f"{percentile(list(took), 0.5):.2f} s", "aim": "< 1 s"}),
        Row({"what": "idle memory", "median": f"{percentile(list(held), 0.5):.1f} MB", "aim": "< 80 MB"}),
    ]


def _one_start(prepared: Path) -> tuple[float, float]:
    with served(prepared) as console:
        time.sleep(_SETTLE_S)
        return console.took_s, console.memory_mb


def measure_panels(links: int, asked: int) -> list[Row]:
    """Measure panels of a target with many links: at rest, then while a snapshot over all links runs."""
    note(f"preparing {links:,} links")
    with tempfile.TemporaryDirectory() as folder, running_company(links, 5) as company:
        place = copied(prepare(Path(folder) / "prepared", company), Path(folder) / "served")
        with served(place) as console:
            console.sign_in()
            paths = _panels(place)
            note("panels at rest")
            resting = _asked(console, paths, asked)
            _request_snapshot(place)
            time.sleep(_SETTLE_S * 2)
            note("panels while a snapshot runs")
            running = _asked(console, paths, asked)
            still_runs = _is_running(place)
            rows = [_row(name, resting[name], running[name]) for name in paths]
    if not still_runs:
        raise RuntimeError("the snapshot ended before the panels were measured: use more links")
    return rows


def _panels(place: Path) -> dict[str, str]:
    product = opened_idle(place)
    target = product.services.targets.by_name(TARGET)
    with product.storage.read() as tx:
        link = tx.links.of_target(target.id)[0]
    product.engine.dispose()
    return {
        "Targets": "panels/targets",
        "Nylas Server": f"panels/targets/{target.id}/server",
        "Links, first page": f"panels/targets/{target.id}/links",
        "Links, page 100": f"panels/targets/{target.id}/links?page=100",
        "Links, search": f"panels/targets/{target.id}/links?search=berg",
        "Nylas Folder": f"panels/links/{link.id}/folder",
        "Snapshots": "panels/snapshots",
    }


def _asked(console: Console, paths: dict[str, str], times: int) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(times):
        for name, path in paths.items():
            took[name].append(console.ask(path))
            time.sleep(_PAUSE_S)
    return took


def _request_snapshot(place: Path) -> None:
    """Ask for a Get beside the console, which finds and works on it by itself."""
    product = opened_idle(place)
    target = product.services.targets.by_name(TARGET)
    product.services.snapshots.request(ENGINE, direction=Direction.GET, target_id=target.id)
    product.engine.dispose()


def _is_running(place: Path) -> bool:
    product = opened_idle(place)
    target = product.services.targets.by_name(TARGET)
    live = product.services.console.live_snapshot(target.id)
    product.engine.dispose()
    return live is not None


def _row(name: str, resting: list[float], running: list[float]) -> Row:
    cells = {"panel": name}
    for when, took in (("at rest", resting), ("during a snapshot", running)):
        cells[f"p50 {when}"] = f"{percentile(took, 0.5):.1f} ms"
        cells[f"p99 {when}"] = f"{percentile(took, 0.99):.1f} ms"
    return Row(cells)
