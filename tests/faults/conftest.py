"""The worlds of the services' tests."""

from tests.services.conftest import worlds

__all__ = ["worlds"]
