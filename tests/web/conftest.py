"""The fixtures of the console, for every test of this folder."""

from tests.web.fixtures import app, clock, product, seeded, visit

__all__ = ["app", "clock", "product", "seeded", "visit"]
