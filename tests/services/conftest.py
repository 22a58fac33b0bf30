"""The world: one user with a calendar, discovered; and a way to make others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.services.doors import Door, door_in
from tests.services.worlds import World, world_of

Worlds = Callable[..., World]
Doors = Callable[..., Door]


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[Worlds]:
    """Make worlds of a given size, each in a folder of its own."""
    with ExitStack() as stack:

        def make(**options: object) -> World:
            folder = tmp_path / f"world-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            return stack.enter_context(world_of(folder, **options))

        yield make


@pytest.fixture
def world(worlds: Worlds) -> World:
    return worlds()


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[Doors]:
    """Make doors of a given size, each in a folder of its own."""
    with ExitStack() as stack:

        def make(**options: object) -> Door:
            folder = tmp_path / f"door-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            return stack.enter_context(door_in(folder, **options))  # type: ignore[arg-type]

        yield make


@pytest.fixture
def door(doors: Doors) -> Door:
    return doors()
