"""A Nylas v3 look-alike: stateful, provider-aware, usable alone.

It is a peer of the product and not a part of it: nothing here may import from the rest of the package, and the rest
may reach it only over HTTP.
"""
