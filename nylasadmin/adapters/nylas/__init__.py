"""The Nylas side: one HTTP client, typed wire structs, and conversion to and from items.

``client.NylasHttpSide`` is what the rest of the program gets; it may write to Nylas, and to nothing else.
"""

from nylasadmin.adapters.nylas.client import NylasHttpSide

__all__ = ["NylasHttpSide"]
