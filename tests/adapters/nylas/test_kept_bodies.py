"""Bodies kept between listing and writing, few or many."""

from __future__ import annotations

import pytest

from nylasadmin.adapters.nylas.kept_bodies import KeptBodies

BODIES = {f"item {n}": bytes([n]) * (n + 1) for n in range(50)}


@pytest.mark.parametrize("most_in_memory", [0, 100, 1_000_000])
def test_every_body_comes_back_as_it_was_wherever_it_is_kept(most_in_memory: int) -> None:
    kept = KeptBodies(most_in_memory)
    for item_id, body in BODIES.items():
        kept.put(item_id, body)

    assert {item_id: kept.get(item_id) for item_id in reversed(BODIES)} == BODIES
    assert kept.get("another") is None


@pytest.mark.parametrize("most_in_memory", [0, 8, 1_000_000])
def test_of_an_item_that_was_listed_twice_the_later_body_counts(most_in_memory: int) -> None:
    kept = KeptBodies(most_in_memory)
    kept.put("one", b"earlier")
    kept.put("two", b"between")
    kept.put("one", b"later")

    assert (kept.get("one"), kept.get("two")) == (b"later", b"between")


def test_reading_in_between_does_not_spoil_what_is_written_next() -> None:
    kept = KeptBodies(0)
    kept.put("one", b"first")
    assert kept.get("one") == b"first"
    kept.put("two", b"second")

    assert (kept.get("one"), kept.get("two")) == (b"first", b"second")


def test_where_no_file_can_be_made_memory_has_to_do(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(**_: str) -> None:
        raise OSError("read-only")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    kept = KeptBodies(0)
    kept.put("one", b"first")
    kept.put("two", b"second")

    assert (kept.get("one"), kept.get("two")) == (b"first", b"second")
    assert [record.message for record in caplog.records] == [
        "no temporary file can be made (read-only); a large calendar stays in memory"
    ]
