"""The fixtures of the console, for every test of this folder."""

from __future__ import annotations

from tests.web.fixtures import app, clock, product, seeded, visit
from tests.web.stage import bare, box, stage

__all__ = ["app", "bare", "box", "clock", "product", "seeded", "stage", "visit"]
