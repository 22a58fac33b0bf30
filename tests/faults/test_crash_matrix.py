"""A real process, really killed, at every point that it passes: afterwards all is as if it had never been interrupted.

Points are: before and after each request, before and after each commit. How many there are is found out by a process
that nobody kills; then, for each number in turn, both sides and the database are put back, a process is started that
sends itself SIGKILL there, and another one goes on. `NYLASADMIN_EVERY_POINT=1` takes all of them; otherwise each kind
of point is taken at its first and last occurrence (with threads: at the middle one).
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from nylasadmin.sandbox.calendars import Calendar
from nylasadmin.sandbox.testing import RunningSandbox
from nylasadmin.services.targets import form_of
from tests.faults.scenes import LOST_AFTER_S, SCENES, Scene
from tests.services.conftest import Worlds
from tests.services.worlds import OLGA, World, stored

ROOT = Path(__file__).parents[2]
EVERY_POINT = os.environ.get("NYLASADMIN_EVERY_POINT") == "1"
_BY_THE_SERVICE = ("updated_at", "created_at", "id", "html_link", "metadata", "ical_uid", "master_event_id")

# the stage


class Stage:
    """A scene's beginning, to which both sides and the database can be put back."""

    def __init__(self, world: World, scene: Scene, folder: Path, zygote: subprocess.Popen[str]) -> None:
        self._be_impatient(world)
        self.wish = scene.prepare(world)
        self._box: RunningSandbox = world.box
        self._database = Path(world.product.settings.data_dir)
        self._zygote = zygote
        self._first = folder / "first"
        self._log = folder / "points"
        world.product.close()
        shutil.copytree(self._database, self._first)
        self._events = [(calendar, stored(calendar)) for calendar in self._calendars()]
        self._contacts = [(g.id, self._box.contacts(g.id)) for g in self._box.grants]
        self._runs_before = self._runs()

    @staticmethod
    def _be_impatient(world: World) -> None:
        """Have lost requests given up soon: nobody can tell before whether one of a dead process still comes."""
        target = world.services.console.target(world.target.id)
        form = replace(form_of(target), read_timeout_s=LOST_AFTER_S)
        world.services.targets.edit(OLGA, target.id, target.version, form)

    def _calendars(self) -> list[Calendar]:
        return [self._box.calendar(grant.id) for grant in self._box.grants]

    def put_back(self) -> None:
        shutil.rmtree(self._database)
        shutil.copytree(self._first, self._database)
        for calendar, events in self._events:
            for _, row in list(calendar.events.rows()):
                calendar.events.remove(row.id)
            for one in events:
                self._box.add_event(calendar, one)
        for grant, contacts in self._contacts:
            for one in self._box.contacts(grant):
                self._box.delete_contact(grant, one["id"])
            for one in contacts:
                self._box.add_contact(grant, one)
        self._box.sandbox.mailed.entries.clear()
        self._log.unlink(missing_ok=True)

    def process(self, wish: str, runner: str, dies_at: int | None = None) -> int:
        """Let a process live; give how it ended."""
        order = {
            "folder": str(self._database),
            "runner": runner,
            "wish": wish,
            "dies_at": dies_at,
            "log": str(self._log),
        }
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        print(json.dumps(order), file=self._zygote.stdin, flush=True)
        return int(self._zygote.stdout.readline())

    def points(self) -> list[str]:
        return self._log.read_text().splitlines()

    def was_asked(self) -> bool:
        """Say whether the wish has been committed; where it has not, whoever asked saw no answer and asks again."""
        return self._runs() > self._runs_before

    def _runs(self) -> int:
        return int(self.rows("SELECT count(*) AS runs FROM runs WHERE NOT is_preview")[0]["runs"])

    def rows(self, query: str) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(self._database / "nylasadmin.db")) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query)]

    @property
    def mailed(self) -> list[Any]:
        return self._box.sandbox.mailed.entries

    def end(self) -> dict[str, Any]:
        """Describe how the world is now, without what depends on chance or time."""
        crm = self.rows("SELECT id, title, body FROM crm_items ORDER BY title, id")
        last = self.rows("SELECT * FROM runs WHERE snapshot_id = (SELECT max(id) FROM snapshots WHERE NOT is_preview)")
        return {
            "crm": [_body(row["body"]) for row in crm],
            "nylas": sorted(map(_content, self._at_nylas()), key=json.dumps),
            "pairs": self._named_pairs(crm),
            "open writes": self.rows("SELECT * FROM writes WHERE state IN ('intended', 'sent')"),
            "written": self._record(),
            "states": Counter(row["state"] for row in self.rows("SELECT state FROM runs WHERE NOT is_preview")),
            "done": _summed(last, ("created", "updated", "deleted", "failed", "moved")),
            "planned": _summed(last, ("to_create", "to_update", "to_delete", "kept")),
            "audit": Counter(row["action"] for row in self.rows("SELECT action FROM audit")),
            "failed items": len(self.rows("SELECT id FROM failed_items WHERE dismissed_at IS NULL")),
        }

    def _at_nylas(self) -> list[dict[str, Any]]:
        events = [one for calendar in self._calendars() for one in stored(calendar)]
        return events + [one for grant in self._box.grants for one in self._box.contacts(grant.id)]

    def _record(self) -> Counter[tuple[str, str, bool]]:
        """Give what is known to have been written; of what nobody knows the end of, the next try is recorded."""
        done = self.rows("SELECT kind, title, before IS NOT NULL AS is_kept FROM writes WHERE state = 'done'")
        return Counter((row["kind"], row["title"], bool(row["is_kept"])) for row in done)

    def _named_pairs(self, crm: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
        titles = {row["id"]: row["title"] for row in crm}
        at_nylas = {e["id"]: e.get("title") or e.get("given_name", "") for e in self._at_nylas()}
        pairs = self.rows("SELECT crm_id, nylas_id FROM pairs")
        return sorted((titles.get(p["crm_id"], "gone"), at_nylas.get(p["nylas_id"], "gone")) for p in pairs)


def _summed(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> dict[str, int]:
    return {name: sum(row[name] for row in rows) for name in names}


def _content(stored_item: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in stored_item.items() if k not in _BY_THE_SERVICE}


def _body(encoded: bytes) -> Any:
    return {k: v for k, v in json.loads(encoded).items() if k != "uid"}


def chosen(points: list[str], runner: str) -> list[int]:
    """Give the numbers of the points to die at, counted from one.

    With threads a number is never quite the same point, and what a kill leaves is the same: there the middle ones do.
    """
    if EVERY_POINT:
        return list(range(1, len(points) + 1))
    by_kind = defaultdict(list)
    for number, name in enumerate(points, 1):
        by_kind[name].append(number)
    if runner == "threads":
        return sorted(numbers[len(numbers) // 2] for numbers in by_kind.values())
    return sorted({n for numbers in by_kind.values() for n in (numbers[0], numbers[-1])})


@pytest.fixture(scope="module")
def zygote() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.faults.zygote"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        yield started
        assert started.stdin is not None
        started.stdin.close()


@pytest.mark.slow
@pytest.mark.parametrize("runner", ["inline", "threads"])
@pytest.mark.parametrize("name", SCENES)
def test_killed_anywhere_it_ends_as_if_it_had_not_been(
    worlds: Worlds, tmp_path_factory: pytest.TempPathFactory, zygote: subprocess.Popen[str], name: str, runner: str
) -> None:
    scene = SCENES[name]
    world = worlds(users=scene.users, contacts=scene.contacts)
    stage = Stage(world, scene, tmp_path_factory.mktemp("stage"), zygote)
    stage.put_back()
    assert stage.process(stage.wish, runner) == 0
    undisturbed = stage.end()
    assert {k: v for k, v in undisturbed["done"].items() if v} == scene.changes
    points = stage.points()

    for number in chosen(points, runner):
        stage.put_back()
        status = stage.process(stage.wish, runner, dies_at=number)
        assert status in (-9, 0), number  # with threads, fewer points may come than the first time
        assert stage.process(scene.go_on if stage.was_asked() else stage.wish, runner) == 0
        assert stage.end() == undisturbed, f"killed at point {number} of {len(points)}, {points[number - 1]}"
        assert stage.mailed == []
