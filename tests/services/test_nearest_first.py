"""In a first synchronization what is near today comes first."""

from __future__ import annotations

import pytest

from nylasadmin.domain.fidelity import FULL
from nylasadmin.domain.items import ItemId
from nylasadmin.domain.observations import FOREVER, Observed
from nylasadmin.domain.plan import Action, ActionKind, Direction, Reason
from nylasadmin.services.observing import Facts, nearest_first

NOW = 1_000


def seen(name: str, start: int, end: int) -> Observed:
    return Observed(id=ItemId(name), fingerprint=b"", start=start, end=end)


def ordered(*items: Observed) -> list[str]:
    facts = Facts(
        direction=Direction.GET, fidelity=FULL, source={item.id: item for item in items}, destination={}, pairs=[]
    )
    actions = [Action(kind=ActionKind.CREATE, reason=Reason.CREATED_AT_SOURCE, source=item.id) for item in items]
    return [str(action.source) for action in nearest_first(facts, actions, NOW)]


def test_near_future_and_recent_past_come_before_what_is_far() -> None:
    items = [seen("long ago", 0, 10), seen("next year", 9_000, 9_010), seen("tomorrow", 1_100, 1_110)]
    assert ordered(*items, seen("yesterday", 900, 950)) == ["yesterday", "tomorrow", "long ago", "next year"]


@pytest.mark.parametrize("end", [1_001, FOREVER])
def test_what_goes_on_now_comes_first(end: int) -> None:
    assert ordered(seen("soon", 1_010, 1_020), seen("now", 0, end)) == ["now", "soon"]


def test_what_is_equally_near_keeps_its_order() -> None:
    assert ordered(seen("b", 1_005, 1_010), seen("a", 900, 995)) == ["b", "a"]
