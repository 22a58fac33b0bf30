"""Commands as operators and scripts use them."""
