"""Pages first: a run waits between two steps while a page is made, a moment at most."""

from __future__ import annotations

import threading
import time

import pytest

from nylasadmin.services.courtesy import Courtesy
from tests.services.worlds import World


def waited_s(courtesy: Courtesy) -> float:
    began = time.monotonic()
    courtesy.give_way()
    return time.monotonic() - began


def test_nobody_waits_while_nobody_is_answered() -> None:
    courtesy = Courtesy(patience_s=5)
    with courtesy.answering():
        pass
    assert waited_s(courtesy) < 1


def test_a_run_goes_on_as_soon_as_the_last_page_is_made() -> None:
    courtesy = Courtesy(patience_s=30)
    first, second = courtesy.answering(), courtesy.answering()
    first.__enter__()
    second.__enter__()
    waiting = threading.Thread(target=courtesy.give_way)
    waiting.start()
    first.__exit__(None, None, None)
    waiting.join(0.05)
    assert waiting.is_alive()
    second.__exit__(None, None, None)
    waiting.join(5)
    assert not waiting.is_alive()


def test_patience_has_an_end() -> None:
    courtesy = Courtesy(patience_s=0.02)
    with courtesy.answering():
        assert waited_s(courtesy) < 5


def test_inline_a_run_gives_way_to_nobody_because_the_page_waits_for_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[None] = []
    monkeypatch.setattr(world.product.courtesy, "give_way", lambda: waited.append(None))
    world.event("Meeting")

    assert world.get().counters.created == 1

    assert waited == []
