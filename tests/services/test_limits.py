"""How long reasons may be, wherever they are entered."""

from __future__ import annotations

import pytest

from nylasadmin.domain import limits
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.privileges import COMMAND_LINE
from nylasadmin.errors import InvalidInput
from nylasadmin.services.views import SnapshotQuery
from tests.services.worlds import World


@pytest.mark.parametrize("is_preview", [True, False])
def test_the_reason_of_a_snapshot_has_its_length(world: World, is_preview: bool) -> None:
    def ask(reason: str) -> None:
        world.services.snapshots.request(
            COMMAND_LINE,
            direction=Direction.GET,
            target_id=world.target.id,
            reason=reason,
            is_preview=is_preview,
        )

    with pytest.raises(InvalidInput) as refused:
        ask("x" * (limits.REASON + 1))
    assert refused.value.fields == {"reason": "Use 500 characters or fewer; these are 501."}
    assert world.services.console.snapshots(SnapshotQuery()) == []
    ask("x" * limits.REASON)
