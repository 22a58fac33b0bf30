"""Migrations, applied in order at start."""
