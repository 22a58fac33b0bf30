"""Measurements, each beside a floor that no program of this kind can go below. ``python -m bench --help``."""
