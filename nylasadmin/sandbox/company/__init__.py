"""A made-up company of any size: its people, and a believable calendar for each of them."""
