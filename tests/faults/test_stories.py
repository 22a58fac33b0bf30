"""Stories of edits, snapshots, plans, faults and kills: whatever their order, the invariants hold.

`NYLASADMIN_STORIES` says how many are told (1,000 in continuous integration), `NYLASADMIN_SEED` which ones. They are
told in equal shares, so that several processes can tell them.
"""

from __future__ import annotations

import os

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.lab import Lab
from tests.faults.wider import WiderStory as Story

STORIES = int(os.environ.get("NYLASADMIN_STORIES") or (1_000 if os.environ.get("CI") == "true" else 60))
SEED = int(os.environ.get("NYLASADMIN_SEED") or 1)
STEPS = 11
SHARES = 4


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_whatever_happens_nothing_is_lost_doubled_or_overwritten_unseen(
    tmp_path_factory: pytest.TempPathFactory, share: int
) -> None:
    Story.lab = Lab(tmp_path_factory.mktemp("stories"), users=1)
    quick = settings(
        max_examples=-(-STORIES // SHARES),
        stateful_step_count=STEPS,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # a story is short enough to be read as it is, and shrinking takes minutes
    )
    try:
        run_state_machine_as_test(hypothesis.seed(SEED * SHARES + share)(Story), settings=quick)
    finally:
        print(f"stories {STORIES}, seed {SEED}, share {share}")  # noqa: T201 - to be replayed with
        Story.lab.close()
