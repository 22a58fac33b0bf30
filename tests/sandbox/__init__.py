"""Tests of the Nylas look-alike: through the official client, through plain HTTP, and from inside."""
